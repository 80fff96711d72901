import Poe
import PoeCommand
import PoeCore
import PoeInference

extension RunCommand {
    /// The command line of `poe-run`.
    static var syntax: ArgumentSyntax<RunOptions> {
        ArgumentSyntax(
            name: "poe-run",
            abstract:
                "Make text with a model, from a prompt, a file of prompts, or in conversation.",
            discussion: """
                The prompt comes from -p, from a file (-f), or from standard input where that is not \
                a terminal; without any, the text starts from nothing. Text goes to standard output, \
                everything else to standard error. The same model, prompt, seed and options give the \
                same text on any machine.

                MODEL is, where not given: $POE_MODEL, models/bpe.poem in the working folder, or the \
                model that was installed with the program.

                Exit status: 0, 64 usage, 65 malformed file, 66 no input, 70 internal fault, \
                74 input or output, 130 interrupted.
                """,
            version: "poe-run \(Version.text)",
            argument: CommandFlag(
                value: "model", help: "The model, a .poem file.",
                completion: .file(endings: ["poem"])
            ) { set(&$0.model, $1) },
            groups: [
                ("Prompt", promptFlags), ("Text", textFlags + samplingFlags + policyFlags),
                ("Output", outputFlags),
            ])
    }

    private static var promptFlags: [CommandFlag<RunOptions>] {
        [
            CommandFlag("-p", "--prompt", value: "prompt", help: "The prompt.") {
                set(&$0.prompt.prompt, $1)
            },
            CommandFlag(
                "-f", "--file", value: "file",
                help: "A file with the prompt; one line end at its end does not count.",
                completion: .file(endings: [])
            ) { set(&$0.prompt.file, $1) },
            CommandFlag(
                "--batch", value: "batch",
                help: "A file with one prompt a line (- = standard input); all run as one batch.",
                completion: .file(endings: [])
            ) { set(&$0.prompt.batch, $1) },
            CommandFlag(
                "-i", "--interactive",
                help: "Read prompts one after the other; /? lists what else can be typed."
            ) { $0.prompt.isInteractive = true },
            CommandFlag(
                "--corpus", value: "folder",
                help: "With -i: a folder of .txt files; /why shows what a text has from them "
                    + "word for word.",
                completion: .folder
            ) { set(&$0.prompt.corpus, $1) },
        ]
    }

    private static var textFlags: [CommandFlag<RunOptions>] {
        [
            CommandFlag(
                "-n", "--predict", value: "predict",
                help: "Tokens to generate, at most. (default: 100)", expected: "a whole number"
            ) { options, text in set(&options.settings.maxNewTokens, text) },
            CommandFlag(
                "--temp", value: "temp",
                help: "Temperature: below 1 safer, above 1 wilder; 0 = always the most probable "
                    + "token. (default: 0.8)", expected: "a number"
            ) { options, text in set(&options.settings.temperature, text) },
            CommandFlag(
                "--top-k", value: "top-k",
                help: "Draw from this many of the most probable tokens (0 = all). (default: 40)",
                expected: "a whole number"
            ) { options, text in set(&options.settings.topK, text) },
            CommandFlag(
                "--top-p", value: "top-p",
                help: "Draw from the most probable tokens that reach this probability (1 = all). "
                    + "(default: 1.0)", expected: "a number"
            ) { options, text in set(&options.settings.topP, text) },
            CommandFlag(
                "--min-p", value: "min-p",
                help: "Leave out tokens below this share of the largest probability (0 = none). "
                    + "(default: 0.0)", expected: "a number"
            ) { options, text in set(&options.settings.minP, text) },
        ]
    }

    private static var samplingFlags: [CommandFlag<RunOptions>] {
        [
            CommandFlag(
                "--repeat-penalty", value: "repeat-penalty",
                help: "Above 1, make the last 64 tokens less likely (1 = off). (default: 1.0)",
                expected: "a number"
            ) { options, text in set(&options.settings.repeatPenalty, text) },
            CommandFlag(
                "-s", "--seed", value: "seed",
                help: "Names the random numbers; without it another one each time, told on "
                    + "standard error.", expected: "a whole number from 0 to \(UInt64.max)"
            ) { options, text in set(&options.settings.seed, text) },
            CommandFlag(
                "--samples", value: "samples", help: "Texts for each prompt. (default: 1)",
                expected: "a whole number"
            ) { options, text in set(&options.samples, text) },
            CommandFlag(
                "--stop", value: "text",
                help: "End a text where this comes up, and leave it out; \\n is a line end. Can be "
                    + "given several times."
            ) { options, text in
                options.settings.stopStrings.append(GenerationOptions.unescaped(text))
                return true
            },
        ]
    }

    private static var policyFlags: [CommandFlag<RunOptions>] {
        [
            CommandFlag(
                "--context-policy", value: "context-policy",
                help: "What to do when the context is full. (default: slide)",
                words: [
                    ("slide", "forget the older half, and go on"), ("stop", "end the text"),
                    ("error", "refuse what might not fit"),
                ]
            ) { options, text in
                guard let policy = ContextPolicy(rawValue: text) else { return false }
                options.settings.contextPolicy = policy
                return true
            },
            CommandFlag(
                "--unknown", value: "unknown",
                help: "What to do with characters that the model does not know. "
                    + "(default: as it says)",
                words: [
                    ("replace", "another character stands in"), ("skip", "they are left out"),
                    ("error", "the prompt is refused"),
                ]
            ) { options, text in
                guard let policy = UnknownPolicy(name: text) else { return false }
                options.settings.unknown = policy
                return true
            },
            CommandFlag(
                "-t", "--threads", value: "threads",
                help: "Threads (default: the processors it may use). No effect on the text.",
                expected: "a whole number"
            ) { options, text in set(&options.threads, text) },
        ]
    }

    private static var outputFlags: [CommandFlag<RunOptions>] {
        [
            CommandFlag("--no-display-prompt", help: "Show the generated text alone.") {
                $0.output.hidesPrompt = true
            },
            CommandFlag("--quiet", help: "No seed, timing and warnings on standard error.") {
                $0.output.quiet = true
            },
            CommandFlag("--jsonl", help: "One JSON object for each text, one a line.") {
                $0.output.isJSONL = true
            },
            CommandFlag(
                "--logprobs", value: "k",
                help: "With --jsonl: each token's log-probability, and those of the K most "
                    + "probable ones.", expected: "a whole number"
            ) { options, text in set(&options.output.logprobs, text) },
        ]
    }

    /// Gives `place` the number that `text` stands for; false if it stands for none.
    private static func set<Number: LosslessStringConvertible>(
        _ place: inout Number, _ text: String
    ) -> Bool {
        guard let number = Number(text) else { return false }
        place = number
        return true
    }

    private static func set<Number: LosslessStringConvertible>(
        _ place: inout Number?, _ text: String
    ) -> Bool {
        guard let number = Number(text) else { return false }
        place = number
        return true
    }
}

extension UnknownPolicy {
    /// The policy as flags and settings spell it.
    var name: String { "\(self)" }

    /// The policy of that name.
    init?(name: String) {
        guard let policy = UnknownPolicy.allCases.first(where: { $0.name == name }) else {
            return nil
        }
        self = policy
    }
}
