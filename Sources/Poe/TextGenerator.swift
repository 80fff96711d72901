import PoeCore
public import PoeInference
import PoeTokenizer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Continues texts with a model.
///
///     let model = try LanguageModel(contentsOf: "models/bpe.poem")
///     let generator = TextGenerator(model)
///     print(try generator.generate("Once upon a midnight dreary").text)
///
/// Equal model, prompt, options and seed give equal text, whatever else is generated beside it and on
/// any number of threads. A generator can be shared; each call works on its own memory.
public struct TextGenerator: Sendable {
    /// The model.
    public let model: LanguageModel
    /// How texts are continued.
    public var options: GenerationOptions
    /// Threads of one call, at most 1,024; one for each processor if nil.
    public var threads: Int?
    /// Texts in progress at a time, at most; the rest wait for a free place.
    public var maximumRows = 32

    /// Makes a generator.
    public init(
        _ model: LanguageModel, options: GenerationOptions = GenerationOptions(),
        threads: Int? = nil
    ) {
        self.model = model
        self.options = options
        self.threads = threads
    }

    /// Continues one text.
    ///
    /// - Parameters:
    ///   - prompt: The beginning; an empty one stands for a line break.
    ///   - onText: Gets each piece of the text as soon as it is certain, on the caller's thread; the
    ///     pieces joined are the completion's text. Return `.interrupt` to end here.
    /// - Throws: ``PoeError`` for options out of range, and for what the policies do not allow.
    public func generate(
        _ prompt: String, onText: (String) -> Continuation = { _ in .proceed }
    ) throws(PoeError) -> Completion {
        let completions = try generate(batch: [prompt]) { onText($0.text) }
        return completions[0]
    }

    /// Continues many texts at once: every prompt `samples` times.
    ///
    /// - Parameters:
    ///   - prompts: The beginnings.
    ///   - samples: Texts for each prompt; sample `s` of a prompt is the same text whatever their number.
    ///   - onPiece: Called after every token of every text, on the caller's thread.
    /// - Returns: The samples of the first prompt, then those of the second, and so on.
    /// - Throws: ``PoeError``, before anything is generated; but for a model whose logits are no finite
    ///   numbers, which shows only when they are used.
    public func generate(
        batch prompts: [String], samples: Int = 1,
        onPiece: (TextPiece) -> Continuation = { _ in .proceed }
    ) throws(PoeError) -> [Completion] {
        try options.validate()
        guard samples >= 1 else {
            throw PoeError(.invalidOption, "samples is \(samples); expected a number from 1 up")
        }
        let seed = options.seed ?? UInt64(UInt32.random(in: 0 ... .max))
        var rows: [TextRow] = []
        for (index, prompt) in prompts.enumerated() {
            let read = try read(prompt)
            for sample in 0..<samples {
                rows.append(
                    TextRow(
                        index, prompt, read, sample: sample, seed: seed, generator: self))
            }
        }
        return try run(&rows, onPiece)
    }

    /// Continues one text and gives it piece by piece, while it is generated on another thread.
    ///
    /// Generation ends when the text does, when the task that reads is cancelled, or when nobody reads
    /// any more. What is not read yet is kept. Errors are of type ``PoeError``.
    public func stream(_ prompt: String) -> AsyncThrowingStream<String, any Error> {
        var generator = self
        generator.options.alternatives = nil  // A stream is of text alone.
        return generator.textStream(prompt)
    }

    private func textStream(_ prompt: String) -> AsyncThrowingStream<String, any Error> {
        AsyncThrowingStream { continuation in
            // Not a task: it would keep one of the few threads that all tasks share, and never wait.
            let thread = startThread {
                do throws(PoeError) {
                    _ = try generate(prompt) { text in
                        guard !text.isEmpty, case .terminated = continuation.yield(text) else {
                            return .proceed
                        }
                        return .interrupt
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            if let thread {
                pthread_detach(thread)
            } else {
                let reason = "the system has no thread left to generate on; end some"
                continuation.finish(throwing: PoeError(.internalFault, reason))
            }
        }
    }

    /// A prompt as the model reads it.
    struct ReadPrompt {
        var tokens: [TokenID]
        var warnings: [PromptWarning] = []
    }

    func read(_ prompt: String) throws(PoeError) -> ReadPrompt {
        let policy = options.unknown ?? model.tokenizer.description.unknownPolicy
        do {
            let encoded = try model.tokenizer.encodePrompt(prompt, unknown: policy)
            var read = ReadPrompt(tokens: encoded.tokens)
            if !encoded.unknown.isEmpty {
                read.warnings.append(
                    .unknownCharacters(encoded.unknown, skipped: policy == .skip))
            }
            if read.tokens.isEmpty {
                read.tokens = try model.tokenizer.encode("\n", unknown: .skip)
            }
            // A tokenizer without a line break: its first token is as good a beginning as any.
            if read.tokens.isEmpty { read.tokens = [0] }
            let cut = read.tokens.count - model.configuration.contextLength
            if cut > 0, options.contextPolicy != .error {
                read.warnings.append(
                    .cutPrompt(cutTokens: cut, keptTokens: model.configuration.contextLength))
            }
            return read
        } catch {
            throw PoeError(error)
        }
    }

    func run(
        _ rows: inout [TextRow], _ onPiece: (TextPiece) -> Continuation
    ) throws(PoeError) -> [Completion] {
        let rowLimit = try rowLimit(rows)
        let engine = try model.engine(threads: threads)
        do {
            let (results, statistics) = try engine.generate(
                rows.map(\.request), maximumRows: rowLimit
            ) { token in
                let (text, isStopped) = rows[token.request].append(
                    token, endsText: model.tokenizer.endsText(token.token))
                let row = rows[token.request]
                let wish = onPiece(
                    TextPiece(
                        prompt: row.prompt, sample: row.completion.sample, text: text,
                        isLast: isStopped || token.endsRow))
                return wish == .proceed && isStopped ? .stop : wish
            }
            return zip(rows, results).map { row, result in
                var completion = row.completion
                completion.tokens = result.tokens
                completion.finishReason = result.finishReason
                completion.promptTokens = result.promptTokens
                completion.statistics = statistics
                return completion
            }
        } catch {
            throw named(error, rows)
        }
    }

    /// The error as callers can place it: they know their prompts, not the requests made of them.
    private func named(_ error: GenerationError, _ rows: [TextRow]) -> PoeError {
        let unnamed = PoeError(error)
        guard case .contextTooShort(let request, _, _, _) = error,
            rows.contains(where: { $0.prompt > 0 })
        else { return unnamed }
        return PoeError(
            unnamed.code, "prompt \(rows[request].prompt + 1): \(unnamed.description)")
    }

    /// How many texts can be in progress within the model's memory limit.
    private func rowLimit(_ rows: [TextRow]) throws(PoeError) -> Int {
        let context = model.configuration.contextLength
        let longest = rows.reduce(1) { max($0, $1.request.positions(of: context)) }
        let bytes = try model.cacheBytes(tokens: longest)
        return max(1, min(maximumRows, model.maxMemory / bytes))
    }
}

extension LanguageModel {
    /// Bytes that the keys and values of a text of so many tokens take, at most of a full context.
    ///
    /// - Throws: ``PoeError`` if they are more than the model's memory limit.
    func cacheBytes(tokens: Int) throws(PoeError) -> Int {
        var part = configuration
        part.contextLength = max(1, min(tokens, part.contextLength))
        let bytes = KVCache.bytes(part, arithmetic)
        guard bytes <= maxMemory else {
            throw PoeError(
                .invalidOption,
                """
                one text of \(part.contextLength) tokens takes \(bytes) bytes of memory, and at \
                most \(maxMemory) are allowed; take a model with a shorter context, or open this \
                one with a larger maxMemory
                """)
        }
        return bytes
    }
}

/// One text in progress.
struct TextRow {
    let prompt: Int
    let request: GenerationRequest
    var completion: Completion
    private var decoder: StreamingDecoder
    private var matcher: StopMatcher

    init(
        _ index: Int, _ prompt: String, _ read: TextGenerator.ReadPrompt, sample: Int,
        seed: UInt64, generator: TextGenerator
    ) {
        let options = generator.options
        self.prompt = index
        request = GenerationRequest(
            prompt: read.tokens, maxNewTokens: options.maxNewTokens,
            sampling: options.sampling(seed: seed), sample: UInt64(sample),
            contextPolicy: options.contextPolicy, alternatives: options.alternatives)
        completion = Completion(
            prompt: prompt, seed: seed, sample: sample, warnings: read.warnings)
        let tokenizer = generator.model.tokenizer
        decoder = StreamingDecoder(tokenizer)
        matcher = StopMatcher(options.stopStrings.flatMap(tokenizer.spellings))
    }

    /// Takes a token; returns the text that became certain, and whether the model or a stop string has
    /// ended it.
    ///
    /// - Parameter endsText: Whether the token ends the text, of which its spelling is no part.
    mutating func append(
        _ token: GeneratedToken, endsText: Bool
    ) -> (text: String, isStopped: Bool) {
        if let probabilities = token.logProbabilities {
            completion.logProbabilities.append(probabilities)
        }
        var (text, isStopped) = matcher.append(endsText ? "" : decoder.append(token.token))
        if (token.endsRow || endsText) && !isStopped {
            let rest = matcher.append(decoder.finish())
            isStopped = rest.isStopped
            text += rest.text + (isStopped ? "" : matcher.finish())
        }
        completion.text += text
        return (text, isStopped || endsText)
    }
}
