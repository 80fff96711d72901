import PoeCommand
import PoeCore
import PoeTokenizer
import PoemFile

/// Whole runs of `poe-run`: from the start of the process to its end, with one new token and with 100.
struct StartBenchmark {
    let program: String
    let path: String
    let conditions: Conditions

    /// `poe-run` beside this program; nil, after a note, where there is none.
    init?(path: String, conditions: Conditions) {
        guard let program = ModelLocation.sibling("poe-run") else {
            Output.note("note: poe-run is not beside poe-bench, so its start is not measured")
            return nil
        }
        self.program = program
        self.path = path
        self.conditions = conditions
    }

    func run(_ report: Report) throws {
        let prompt = try prompt()
        let runs = max(20, conditions.runs)
        let ownPeak = ProcessMemory.peak.value
        for threads in conditions.threadCounts {
            for tokens in [1, 100] {
                let arguments = [
                    path, "-p", prompt, "-n", "\(tokens)", "--seed", "1", "--unknown", "skip",
                    "--quiet", "--threads", "\(threads)",
                ]
                let outcomes = try (0...runs).map { _ in
                    try ChildProcess.run(program, arguments)
                }.dropFirst()
                let length = Format.count(tokens, "token")
                try report.add(
                    Measurement(
                        "start", "poe-run, \(length)", rows: 1, threads: threads,
                        values: outcomes.map { $0.seconds * 1e3 }, unit: "ms"))
                let memory = outcomes.map { $0.peakBytes / 1e6 }
                if memory.contains(where: { $0 <= ownPeak }) {
                    Output.note("note: poe-run takes at most the memory shown, perhaps less")
                }
                try report.add(
                    Measurement(
                        "memory", "poe-run, \(length)", rows: 1, threads: threads,
                        values: memory, unit: "MB"))
            }
        }
    }

    /// A text of 16 tokens, or of as many as the sentence has.
    private func prompt() throws -> String {
        let sentence = "Once upon a midnight dreary, while I pondered, weak and weary"
        let tokenizer = try Tokenizer(try PoemReader(path: path).tokenizer)
        var prompt = ""
        for character in sentence {
            prompt.append(character)
            if try tokenizer.encodePrompt(prompt, unknown: .skip).tokens.count == 16 { break }
        }
        return prompt
    }
}
