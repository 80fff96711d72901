import PoeCommand
import PoeCore
import PoeCorpus
import PoeSplit
import PoeTokenizer

/// Learning a tokenizer from a corpus and encoding the corpus with it, on one thread.
struct TokenizerBenchmark {
    let path: String
    let split: String?
    let runs: Int

    func run(_ report: Report) throws {
        let corpus = try Corpus(paths: [path])
        let train = try split.map { try corpus.split(contentsOf: $0).train } ?? corpus
        let learnt = train.works.map(\.text)
        let alphabet = corpus.works.map(\.text)
        let text = corpus.text
        try measure("characters", learnt, text, report) {
            TokenizerTrainer.characters(of: alphabet)
        }
        for (name, pretokenizer) in [("gpt2", Pretokenizer.gpt2), ("words", .words)] {
            for size in [512, 4_096] {
                try measure("\(name) \(size)", learnt, text, report) {
                    try TokenizerTrainer.bpe(
                        texts: learnt, alphabetTexts: alphabet, vocabularySize: size,
                        pretokenizer: pretokenizer)
                }
            }
        }
        for size in [512, 4_096] {
            try measure("bytes \(size)", learnt, text, report) {
                try TokenizerTrainer.byteLevelBPE(texts: learnt, vocabularySize: size)
            }
        }
    }

    private func measure(
        _ name: String, _ learnt: [String], _ text: String, _ report: Report,
        learn: () throws -> TokenizerDescription
    ) throws {
        var description = TokenizerDescription(base: .bytes)
        let training = try Stopwatch.seconds(runs: runs) { description = try learn() }
        let tokenizer = try Tokenizer(description)
        var tokens: [TokenID] = []
        let encoding = try Stopwatch.seconds(runs: runs) { tokens = try tokenizer.encode(text) }
        guard tokenizer.decode(tokens).utf8.elementsEqual(text.utf8) else {
            throw CommandFailure(.internalFault, "\(name): the decoded corpus is not the corpus")
        }
        let count = try learnt.reduce(0) { try $0 + tokenizer.encode($1).count }
        let characters = learnt.reduce(0) { $0 + $1.unicodeScalars.count }
        let megabytes = Double(text.utf8.count) / 1e6
        try report.add(
            Measurement("tokenizer", "\(name) learn", threads: 1, values: training, unit: "s"))
        try report.add(
            Measurement(
                "tokenizer", "\(name) encode", threads: 1, values: encoding.map { megabytes / $0 },
                unit: "MB/s"))
        try report.add(
            Measurement(
                "tokenizer", "\(name) length", value: Double(characters) / Double(count),
                unit: "characters/token"))
    }
}
