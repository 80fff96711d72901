import Poe
import PoeCommand
import PoeCore
import PoeInference
import PoeTokenizer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A model that is ready to make text, and how its text is shown.
struct Session {
    let path: String
    private let model: LanguageModel
    private let output: OutputOptions
    private let threads: Int?

    /// Another model, run and shown in the same way.
    func with(model path: String) throws -> Session {
        try Session(model: path, threads: threads, output: output)
    }

    /// Loads the model.
    init(model path: String, threads: Int?, output: OutputOptions) throws {
        self.path = path
        self.threads = threads
        self.output = output
        model = try naming(path) { try LanguageModel(contentsOf: path) }
    }

    /// What there is to say about the model, by name.
    var facts: [(String, String)] {
        let configuration = model.configuration
        let tokenizer = model.tokenizer.description
        let base = tokenizer.base == .bytes ? "bytes" : "characters"
        let merges =
            tokenizer.merges.isEmpty ? "" : " and \(Format.count(tokenizer.merges.count)) merges"
        return [
            ("model", path),
            ("size", Format.count(configuration.parameterCount, "parameter")),
            (
                "tokens",
                "\(Format.count(configuration.vocabularySize)): "
                    + "\(Format.count(tokenizer.baseCount)) \(base)\(merges)"
            ),
            ("context", Format.count(configuration.contextLength, "token")),
        ]
    }

    /// A seed for those who named none, short enough to be typed again.
    static func randomSeed() -> UInt64 { UInt64(UInt32.random(in: 0 ... .max)) }

    /// Makes texts and shows them, as they grow where that can be.
    ///
    /// - Parameters:
    ///   - samples: Texts for each prompt.
    ///   - tellsSeed: Whether the seed is told on standard error.
    /// - Returns: The texts; after Ctrl-C as far as they had come.
    func generate(
        _ prompts: [String], settings: GenerationOptions, seed: UInt64, samples: Int,
        tellsSeed: Bool
    ) throws -> [Completion] {
        var options = settings
        options.seed = seed
        options.alternatives = output.logprobs
        let generator = TextGenerator(model, options: options, threads: threads)
        try check(prompts, options)
        if tellsSeed, !output.quiet, options.temperature > 0 { Output.note("seed \(seed)") }

        let start = ContinuousClock.now
        let completions = try namingModel {
            try output.isJSONL
                ? generator.generate(batch: prompts, samples: samples) { _ in wish }
                : show(prompts, samples, seed, generator)
        }
        if output.isJSONL { try write(completions, samples) }
        if !output.quiet {
            for warning in Set(completions.flatMap(\.warnings)).map(\.description).sorted() {
                Output.warn(warning)
            }
            Output.note(summary(completions, samples, ContinuousClock.now - start))
        }
        return completions
    }

    /// The likeliest tokens after a text, as text, with their probabilities before any setting but
    /// that of unknown characters.
    func alternatives(
        after text: String, count: Int, unknown: UnknownPolicy?
    ) throws -> [(text: String, share: Double)] {
        var options = GenerationOptions()
        options.maxNewTokens = 1
        options.temperature = 0
        options.alternatives = count
        options.unknown = unknown
        let generator = TextGenerator(model, options: options, threads: threads)
        let next = try namingModel { try generator.generate(text) }
        if !output.quiet { next.warnings.map(\.description).forEach(Output.warn) }
        return (next.logProbabilities.first?.alternatives ?? []).map {
            (model.tokenizer.decode([$0.token]), exp($0.logProbability))
        }
    }

    /// A file can be valid, and its weights so large that logits are infinite: the file is named then.
    private func namingModel<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as PoeError where error.code == .notFinite {
            throw CommandFailure(.malformed, "\(path): \(error)")
        }
    }

    private var wish: Continuation { Interrupt.isRequested ? .interruptAll : .proceed }

    private func show(
        _ prompts: [String], _ samples: Int, _ seed: UInt64, _ generator: TextGenerator
    ) throws -> [Completion] {
        var printer = try TextPrinter(
            prompts: prompts, samples: samples, seed: seed, showsPrompt: !output.hidesPrompt)
        var failure: (any Error)?
        let completions = try generator.generate(batch: prompts, samples: samples) { piece in
            do {
                try printer.append(piece)
            } catch {
                failure = error
                return .interruptAll
            }
            return wish
        }
        if let failure { throw failure }
        try printer.finish(completions)
        return completions
    }

    /// Says which prompt of several it is that the model cannot take.
    private func check(_ prompts: [String], _ options: GenerationOptions) throws {
        let policy = options.unknown ?? model.tokenizer.description.unknownPolicy
        guard policy == .error else { return }
        for (index, prompt) in prompts.enumerated() {
            do {
                _ = try model.tokenizer.encodePrompt(prompt, unknown: .error)
            } catch {
                let which = prompts.count > 1 ? "prompt \(index + 1)" : "the prompt"
                throw CommandFailure(.usage, "\(which): \(error)")
            }
        }
    }

    private func write(_ completions: [Completion], _ samples: Int) throws {
        for (index, completion) in completions.enumerated() {
            let json = completion.json(
                promptIndex: index / samples, tokenizer: model.tokenizer,
                hasLogProbabilities: output.logprobs != nil)
            try Output.write(json.encoded() + "\n")
        }
    }

    /// One line: how many tokens, how long, how fast.
    private func summary(
        _ completions: [Completion], _ samples: Int, _ time: Duration
    ) -> String {
        // Samples share their prompt.
        let read = stride(from: 0, to: completions.count, by: samples).reduce(0) {
            $0 + completions[$1].promptTokens
        }
        let written = completions.reduce(0) { $0 + $1.tokens.count }
        var parts = [
            "\(Format.count(read, "token")) read, \(Format.count(written)) written in "
                + Format.duration(time)
        ]
        if let statistics = completions.first?.statistics {
            let rates = [
                ("prefill", statistics.prefillTokensPerSecond),
                ("decode", statistics.decodeTokensPerSecond),
            ].filter { $0.1 > 0 }
            parts += rates.map { "\($0.0) \(Format.significant($0.1)) tokens/s" }
        }
        return parts.joined(separator: "; ")
    }
}
