import ArgumentParser
import Poe
import PoeArguments
import PoeCommand
import PoeCore
import PoeCorpus
import PoeSplit

/// The subcommand `score`.
struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Measure how well a model predicts a text.",
        discussion: """
            The works are joined by a blank line and encoded exactly as they are. Windows of the \
            context length do not overlap; every token but the first is scored once. A character \
            that the tokenizer lacks costs 13.92 nats, as one of 1,114,112 code points.
            """)

    @Argument(help: "The model.", completion: .file(extensions: ["poem"]))
    var model: String

    @Argument(help: "Text files, or folders of .txt files.", completion: .file())
    var files: [String] = []

    @OptionGroup(title: "Corpus") var corpus: CorpusOptions

    @Option(
        help: """
            Tokens from one window to the next, less than the context length: windows overlap, and \
            each token but the first ones has a longer history.
            """)
    var stride: Int?

    @Option(
        help: """
            How matrices are multiplied: f32 or int8. (default: int8 where the file stores them so, \
            as poe-run does)
            """)
    var arithmetic: Arithmetic?

    @Flag(help: "One JSON object.")
    var json = false

    @Flag(help: "With --json: also every token and its log-probability.")
    var tokens = false

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        try corpus.validate(besides: files)
        if tokens, !json { throw ValidationError("--tokens needs --json") }
        if let stride, stride < 1 {
            throw ValidationError("--stride is \(stride); expected a number from 1 up")
        }
    }

    func run() throws {
        let corpus = try corpus.load(files)
        let text = corpus.text
        let model = try naming(self.model) {
            try LanguageModel(contentsOf: self.model, arithmetic: arithmetic)
        }
        let start = ContinuousClock.now
        let score = try naming(self.model) {
            try model.score(text, stride: stride, threads: threads.count)
        }
        let time = ContinuousClock.now - start
        if score.unknownCharacters > 0 {
            let unknown = Set(text.unicodeScalars.filter { !model.tokenizer.knows($0) })
                .sorted().prefix(10).map(TokenizerError.name(of:)).joined(separator: ", ")
            Output.warn(
                "the model does not know \(Format.count(score.unknownCharacters, "character")) of "
                    + "the text: \(unknown)")
        }
        if json {
            try Output.write(jsonObject(score, model))
        } else {
            try Output.write(report(score, corpus, model))
            Output.note(
                "\(Format.duration(time)); "
                    + Format.significant(Double(score.tokens.count) / max(1e-9, time / .seconds(1)))
                    + " tokens/s")
        }
    }

    private func jsonObject(_ score: TextScore, _ model: LanguageModel) throws -> String {
        var members: [(String, JSON)] = [
            ("characters", .integer(score.characters)), ("tokens", .integer(score.tokens.count)),
            ("nats_per_token", .number(score.natsPerToken)),
            ("nats_per_character", .number(score.natsPerCharacter)),
            ("bits_per_character", .number(score.bitsPerCharacter)),
            ("total_nats", .number(score.totalNats)),
            ("scored_tokens", .integer(score.logProbabilities.count)),
            ("unknown_characters", .integer(score.unknownCharacters)),
            ("arithmetic", .string(model.arithmetic.rawValue)),
            ("stride", .integer(stride ?? model.configuration.contextLength)),
        ]
        if tokens {
            members.append(("token_ids", .array(score.tokens.map { .integer(Int($0)) })))
            members.append(
                ("log_probabilities", .array(score.logProbabilities.map { .number($0) })))
        }
        return try JSON.object(members).encoded() + "\n"
    }

    private func report(
        _ score: TextScore, _ corpus: Corpus, _ model: LanguageModel
    ) -> String {
        let length = model.configuration.contextLength
        let step = stride ?? length
        let ratio = Double(score.characters) / Double(max(1, score.tokens.count))
        return Columns.text([
            [
                "text",
                "\(Format.count(corpus.works.count, "work")), "
                    + "\(Format.count(score.characters, "character")), "
                    + "\(Format.count(score.tokens.count, "token")) "
                    + "(\(Format.fixed(ratio, 2)) characters per token)",
            ],
            [
                "windows",
                "\(Format.count(length, "token"))"
                    + (step < length ? ", \(Format.count(step)) apart" : ", not overlapping"),
            ],
            ["arithmetic", model.arithmetic.rawValue],
            ["nats per token", Format.fixed(score.natsPerToken, 4)],
            ["nats per character", Format.fixed(score.natsPerCharacter, 4)],
            ["bits per character", Format.fixed(score.bitsPerCharacter, 4)],
        ])
    }
}
