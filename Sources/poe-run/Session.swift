import PoeCommand
import PoeCore
import PoeInference
import PoeModel
import PoeTokenizer

/// A prompt that cannot be continued as the settings have it.
struct PromptError: ClassifiedError {
    let failureKind: FailureKind
    let description: String
}

/// A model that is ready to make text, and how its text is shown.
final class Session {
    /// The model's file.
    let path: String
    /// The model.
    let model: Model
    private let engine: Engine
    private let output: OutputOptions
    private let sampleCount: Int

    /// Loads the model.
    init(model path: String, options: RunCommand) throws {
        self.path = path
        model = try Model.load(path)
        engine = Engine(model.weights, threads: options.text.threads ?? Machine.processorCount)
        output = options.output
        sampleCount = options.text.samples
    }

    /// What there is to say about the model, by name.
    var facts: [(String, String)] {
        let configuration = model.configuration
        let kind = model.tokenizer.description.base == .bytes ? "bytes" : "characters"
        let merges = model.tokenizer.description.merges.count
        return [
            ("model", path),
            ("size", Format.count(configuration.parameterCount, "parameter")),
            (
                "tokens",
                "\(Format.count(configuration.vocabularySize)) (\(kind)"
                    + (merges > 0 ? " and \(Format.count(merges, "merge")))" : ")")
            ),
            ("context", Format.count(configuration.contextLength, "token")),
        ]
    }

    /// Makes all texts of all prompts and shows them; Ctrl-C ends all.
    func runOnce(prompts: [String], settings: Settings) throws {
        let finished = try generate(prompts: prompts, settings: settings, samples: 0..<sampleCount)
        if !finished { throw Interrupted() }
    }

    /// Makes and shows texts.
    ///
    /// - Parameter samples: The numbers of the texts to make for each prompt.
    /// - Returns: Whether they were made to the end; false after Ctrl-C.
    func generate(prompts: [String], settings: Settings, samples: Range<Int>) throws -> Bool {
        let seed = settings.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        let requests = try self.requests(prompts, settings, seed, samples)
        var texts = prompts.indices.flatMap { index in
            samples.map { sample in
                Sample(
                    promptIndex: index, sample: sample, prompt: prompts[index],
                    assembler: TextAssembler(model.tokenizer, stops: settings.stops))
            }
        }
        if !output.quiet, settings.seed == nil, settings.temperature > 0 {
            Output.note("seed \(seed)")
        }
        var printer = SamplePrinter(
            showsPrompt: !output.hidesPrompt, seed: seed, promptCount: prompts.count,
            sampleCount: samples.count)
        if !output.isJSONL { try printer.update(texts) { _ in false } }

        var failure: (any Error)?
        var isDone = [Bool](repeating: false, count: texts.count)
        let (results, statistics) = try run(requests) { event in
            _ = texts[event.request].assembler.append(event.token)
            if let probabilities = event.logProbabilities {
                texts[event.request].logProbabilities.append(probabilities)
            }
            let isStopped = texts[event.request].assembler.isStopped
            if isStopped || event.position + 1 == settings.predict {
                _ = texts[event.request].assembler.finish()
                isDone[event.request] = true
            }
            do {
                if !output.isJSONL { try printer.update(texts) { isDone[$0] } }
            } catch {
                failure = error
                return .interruptAll
            }
            return Interrupt.isRequested ? .interruptAll : isStopped ? .stop : .proceed
        }
        if let failure { throw failure }
        for index in texts.indices {
            _ = texts[index].assembler.finish()
            texts[index].result = results[index]
        }
        if output.isJSONL {
            try write(texts, seed, statistics)
        } else {
            try printer.update(texts) { _ in true }
        }
        if !output.quiet { Output.note(summary(statistics)) }
        return !results.contains { $0.finishReason == .interrupt }
    }

    private func requests(
        _ prompts: [String], _ settings: Settings, _ seed: UInt64, _ samples: Range<Int>
    ) throws -> [GenerationRequest] {
        var unknown: [Unicode.Scalar] = []
        var longest = 0
        var requests: [GenerationRequest] = []
        let sampling = SamplingOptions(
            temperature: settings.temperature, topK: settings.topK, topP: settings.topP,
            minP: settings.minP, repeatPenalty: settings.repeatPenalty, seed: seed)
        for (index, prompt) in prompts.enumerated() {
            let encoded = try encode(prompt, settings.unknown, index, of: prompts.count)
            for scalar in encoded.unknown where !unknown.contains(scalar) { unknown.append(scalar) }
            longest = max(longest, encoded.tokens.count)
            for sample in samples {
                requests.append(
                    GenerationRequest(
                        prompt: encoded.tokens, maxNewTokens: settings.predict, sampling: sampling,
                        sample: UInt64(sample), contextPolicy: settings.contextPolicy,
                        alternatives: output.logprobs))
            }
        }
        if !output.quiet {
            warn(of: unknown, settings.unknown ?? model.tokenizer.description.unknownPolicy)
            if settings.contextPolicy != .error { warnOfCut(longest, prompts.count) }
        }
        return requests
    }

    private func encode(
        _ prompt: String, _ policy: UnknownPolicy?, _ index: Int, of count: Int
    ) throws -> (tokens: [TokenID], unknown: [Unicode.Scalar]) {
        do {
            let encoded = try model.tokenizer.encodePrompt(prompt, unknown: policy)
            // There must be something to continue: a text that begins stands after a line break.
            let start = try model.tokenizer.encodePrompt("\n", unknown: .replace).tokens
            return (encoded.tokens.isEmpty ? start : encoded.tokens, encoded.unknown)
        } catch {
            let place = count > 1 ? "prompt \(index + 1): " : "the prompt: "
            throw PromptError(failureKind: .malformed, description: place + error.description)
        }
    }

    private func run(
        _ requests: [GenerationRequest], _ onToken: (GeneratedToken) -> Continuation
    ) throws(PromptError) -> (results: [GenerationResult], statistics: GenerationStatistics) {
        do {
            return try engine.generate(requests, onToken: onToken)
        } catch {
            throw PromptError(failureKind: .usage, description: error.description)
        }
    }

    private func warn(of unknown: [Unicode.Scalar], _ policy: UnknownPolicy) {
        guard !unknown.isEmpty else { return }
        let names = unknown.prefix(10).map(TokenizerError.name(of:)).joined(separator: ", ")
        let more = unknown.count > 10 ? " and \(unknown.count - 10) more" : ""
        let what = policy == .skip ? "left out" : "replaced"
        Output.warn("the model does not know \(names)\(more) in the prompt; \(what)")
    }

    private func warnOfCut(_ longest: Int, _ promptCount: Int) {
        let limit = model.configuration.contextLength
        guard longest > limit else { return }
        let which = promptCount > 1 ? "the longest prompt" : "the prompt"
        Output.warn(
            "\(which) has \(Format.count(longest, "token")); only the last \(Format.count(limit)) "
                + "fit into the model's context and are used")
    }

    private func write(
        _ texts: [Sample], _ seed: UInt64, _ statistics: GenerationStatistics
    ) throws {
        for text in texts {
            let json = text.json(
                seed: seed, statistics: statistics, tokenizer: model.tokenizer,
                hasAlternatives: output.logprobs != nil)
            try Output.write(json.encoded() + "\n")
        }
    }

    private func summary(_ statistics: GenerationStatistics) -> String {
        func part(_ count: Int, _ noun: String, _ duration: Duration, _ rate: Double) -> String {
            "\(Format.count(count, noun)) in \(Format.duration(duration))"
                + (rate > 0 ? " (\(Format.significant(rate)) a second)" : "")
        }
        let prefill = part(
            statistics.prefillTokens, "token", statistics.prefillDuration,
            statistics.prefillTokensPerSecond)
        let decode = part(
            statistics.decodeTokens, "token", statistics.decodeDuration,
            statistics.decodeTokensPerSecond)
        return "prompt: \(prefill); text: \(decode)"
    }
}
