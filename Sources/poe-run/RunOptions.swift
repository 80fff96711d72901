import Poe
import PoeCommand

/// What a person asks `poe-run` for.
struct RunOptions: Sendable {
    /// The model's path, if one was given.
    var model: String?
    var prompt = PromptOptions()
    /// How text is made.
    var settings = GenerationOptions()
    /// Texts for each prompt.
    var samples = 1
    /// nil = the machine's cores.
    var threads: Int?
    var output = OutputOptions()

    /// Throws for the first option that cannot be, alone or beside another.
    func validate() throws(UsageError) {
        try prompt.validate(with: output)
        guard (1...100_000).contains(samples) else {
            throw UsageError("--samples is \(samples); expected 1 to 100000")
        }
        if prompt.isInteractive, samples > 1 {
            throw UsageError("-i and --samples exclude each other; /again makes another text")
        }
        if let threads, !(1...Machine.mostThreads).contains(threads) {
            throw UsageError("--threads is \(threads); expected 1 to \(Machine.mostThreads)")
        }
        try output.validate()
        do {
            try settings.checkSettings()
        } catch {
            throw UsageError("--\(error)")
        }
    }
}

/// Where the prompt comes from.
struct PromptOptions: Sendable {
    /// The prompt itself.
    var prompt: String?
    /// A file with the prompt.
    var file: String?
    /// A file with one prompt a line.
    var batch: String?
    /// Whether prompts are read one after the other.
    var isInteractive = false
    /// A folder of texts in which the REPL looks texts up.
    var corpus: String?

    func validate(with output: OutputOptions) throws(UsageError) {
        let sources = [
            prompt.map { _ in "-p/--prompt" }, file.map { _ in "-f/--file" },
            batch.map { _ in "--batch" },
        ].compactMap { $0 }
        guard sources.count < 2 else {
            throw UsageError("\(sources.joined(separator: " and ")) exclude each other")
        }
        guard isInteractive || corpus == nil else { throw UsageError("--corpus needs -i") }
        if isInteractive, batch != nil {
            throw UsageError("-i and --batch exclude each other")
        }
        if isInteractive, output.isJSONL {
            throw UsageError("-i and --jsonl exclude each other")
        }
    }

    /// The prompt that was named by a flag.
    func given() throws -> String? {
        if let prompt { return prompt }
        return try file.map { path throws in try InputText.readPrompt(path) }
    }

    /// All prompts.
    func all() throws -> [String] {
        if let batch {
            let lines = InputText.lines(of: try InputText.readPrompt(batch))
            guard lines != [""] else {
                let name = batch == "-" ? "standard input" : batch
                throw CommandFailure(.noInput, "\(name): no prompts; expected one a line")
            }
            return lines
        }
        if let given = try given() { return [given] }
        if Terminal(.input).isTerminal { return [""] }
        return [try InputText.readPrompt("-")]
    }
}

/// What is shown.
struct OutputOptions: Sendable {
    /// Whether the generated text is shown alone.
    var hidesPrompt = false
    /// Whether seed, timing and warnings are left out.
    var quiet = false
    /// Whether each text is a JSON object.
    var isJSONL = false
    /// Each token's log-probability, and those of so many of the most probable ones.
    var logprobs: Int?

    func validate() throws(UsageError) {
        guard let logprobs else { return }
        guard isJSONL else { throw UsageError("--logprobs needs --jsonl") }
        guard logprobs >= 0 else {
            throw UsageError("--logprobs is \(logprobs); expected a whole number from 0 up")
        }
    }
}
