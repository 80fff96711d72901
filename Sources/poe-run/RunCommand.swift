import ArgumentParser
import PoeCommand
import PoeCore
import PoeInference

/// `poe-run`: makes text.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poe-run",
        abstract: "Make text with a model, from a prompt, a file of prompts, or in conversation.",
        discussion: """
            The prompt comes from -p, from a file (-f), or from standard input where that is not a \
            terminal; without any, the text starts from nothing. Text goes to standard output, \
            everything else to standard error. The same model, prompt, seed and options give the \
            same text on any machine.

            MODEL is, where not given: $POE_MODEL, models/bpe.poem in the working folder, or the \
            model that was installed with the program.

            Exit status: 0, 64 usage, 65 malformed file, 66 no input, 70 internal fault, \
            74 input or output, 130 interrupted.
            """,
        version: "poe-run \(Version.text)")

    @Argument(help: "The model, a .poem file.", completion: .file(extensions: ["poem"]))
    var model: String?

    @OptionGroup(title: "Prompt") var prompt: PromptOptions
    @OptionGroup(title: "Text") var text: TextOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try prompt.validate(with: output)
        do { try text.settings.validate() } catch { throw ValidationError("--\(error)") }
    }

    func run() throws {
        let session = try Session(
            model: ModelLocation.find(model), threads: text.threads, output: output)
        if prompt.isInteractive {
            var repl = REPL(session: session, settings: text.settings)
            try repl.run(first: prompt.given())
        } else {
            let settings = text.settings
            let isComplete = try session.generate(
                prompt.all(), settings: settings, seed: settings.seed ?? Session.randomSeed(),
                samples: text.samples, tellsSeed: settings.seed == nil)
            if !isComplete { throw Interrupted() }
        }
    }
}

/// Where the prompt comes from.
struct PromptOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "The prompt.")
    var prompt: String?

    @Option(
        name: .shortAndLong,
        help: "A file with the prompt; one line end at its end does not count.",
        completion: .file())
    var file: String?

    @Option(
        help: "A file with one prompt a line (- = standard input); all run as one batch.",
        completion: .file())
    var batch: String?

    @Flag(
        name: [.customShort("i"), .customLong("interactive")],
        help: "Read prompts one after the other; /? lists what else can be typed.")
    var isInteractive = false

    func validate(with output: OutputOptions) throws {
        let sources = [
            prompt.map { _ in "-p/--prompt" }, file.map { _ in "-f/--file" },
            batch.map { _ in "--batch" },
        ].compactMap { $0 }
        guard sources.count < 2 else {
            throw ValidationError("\(sources.joined(separator: " and ")) exclude each other")
        }
        if isInteractive, batch != nil {
            throw ValidationError("-i and --batch exclude each other")
        }
        if isInteractive, output.isJSONL {
            throw ValidationError("-i and --jsonl exclude each other")
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
            let lines = try InputText.readPrompt(batch).split(
                omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            guard lines != [""] else {
                let name = batch == "-" ? "standard input" : batch
                throw CommandFailure(.noInput, "\(name): no prompts; expected one a line")
            }
            return lines.map(String.init)
        }
        if let given = try given() { return [given] }
        if Terminal(.input).isTerminal { return [""] }
        return [try InputText.readPrompt("-")]
    }
}

/// How text is made.
struct TextOptions: ParsableArguments {
    @Option(name: [.customShort("n"), .long], help: "Tokens to generate, at most.")
    var predict = 100

    @Option(
        name: .customLong("temp"),
        help: "Temperature: below 1 safer, above 1 wilder; 0 = always the most probable token.")
    var temperature: Float = 0.8

    @Option(help: "Draw from this many of the most probable tokens (0 = all).")
    var topK = 40

    @Option(help: "Draw from the most probable tokens that reach this probability (1 = all).")
    var topP: Float = 1

    @Option(help: "Leave out tokens below this share of the largest probability (0 = none).")
    var minP: Float = 0

    @Option(help: "Above 1, make the last 64 tokens less likely (1 = off).")
    var repeatPenalty: Float = 1

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Names the random numbers; without it another one each time, told on standard error."))
    var seed: UInt64?

    @Option(help: "Texts for each prompt.")
    var samples = 1

    @Option(
        help: ArgumentHelp(
            "End a text where this comes up, and leave it out; can be given several times.",
            valueName: "text"))
    var stop: [String] = []

    @Option(help: "What to do when the context is full.")
    var contextPolicy = ContextPolicy.slide

    @Option(help: "What to do with characters that the model does not know. (default: as it says)")
    var unknown: UnknownPolicy?

    @Option(
        name: .shortAndLong, help: "Threads (default: the machine's cores). No effect on the text.")
    var threads: Int?

    /// The options as settings.
    var settings: Settings {
        Settings(
            predict: predict, temperature: temperature, topK: topK, topP: topP, minP: minP,
            repeatPenalty: repeatPenalty, seed: seed, stops: stop, contextPolicy: contextPolicy,
            unknown: unknown)
    }

    func validate() throws {
        guard (1...100_000).contains(samples) else {
            throw ValidationError("--samples is \(samples); expected 1 to 100000")
        }
        if let threads, !(1...1_024).contains(threads) {
            throw ValidationError("--threads is \(threads); expected 1 to 1024")
        }
    }
}

/// What is shown.
struct OutputOptions: ParsableArguments {
    @Flag(name: .customLong("no-display-prompt"), help: "Show the generated text alone.")
    var hidesPrompt = false

    @Flag(help: "No seed, timing and warnings on standard error.")
    var quiet = false

    @Flag(name: .customLong("jsonl"), help: "One JSON object for each text, one a line.")
    var isJSONL = false

    @Option(
        help: ArgumentHelp(
            "With --jsonl: each token's log-probability, and those of the K most probable ones.",
            valueName: "k"))
    var logprobs: Int?

    func validate() throws {
        guard let logprobs else { return }
        guard isJSONL else { throw ValidationError("--logprobs needs --jsonl") }
        guard logprobs >= 0 else {
            throw ValidationError("--logprobs is \(logprobs); expected a whole number from 0 up")
        }
    }
}
