import Poe
import PoeCore
import PoeModel
import PoeTokenizer
import Testing

@Suite("Text generator")
struct TextGeneratorTests {
    @Test("a text depends on prompt, options and seed alone")
    func reproducible() throws {
        let generator = try TinyModel.generator()
        let first = try generator.generate("abc")
        #expect(try generator.generate("abc").text == first.text)
        #expect(first.tokens.count == 40 && first.finishReason == .length && first.seed == 1)
        #expect(first.text == generator.model.decode(first.tokens))
        let other = try TinyModel.generator { $0.seed = 2 }
        #expect(try other.generate("abc").text != first.text)
        // Temperature 0 does not look at the seed.
        let greedy = try (1...3).map { seed in
            try TinyModel.generator {
                $0.temperature = 0
                $0.seed = UInt64(seed)
            }.generate("abc").text
        }
        #expect(Set(greedy).count == 1)
    }

    @Test("a text does not depend on the rest of the batch, its size or the threads")
    func batchIndependence() throws {
        var generator = try TinyModel.generator()
        let prompts = ["a", "abc", "no name", "", "abcabcabcabcabcabcabcabcabcabc", "a"]
        let alone = try prompts.map { try generator.generate($0).text }
        for (rows, threads) in [(1, 1), (2, 2), (32, 3)] {
            generator.maximumRows = rows
            generator.threads = threads
            let together = try generator.generate(batch: prompts)
            #expect(together.map(\.text) == alone)
            #expect(together.map(\.prompt) == prompts)
        }
    }

    @Test("samples differ from each other and do not depend on their number")
    func samples() throws {
        let generator = try TinyModel.generator()
        let five = try generator.generate(batch: ["abc", "no"], samples: 5)
        let two = try generator.generate(batch: ["abc", "no"], samples: 2)
        #expect(five.map(\.sample) == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
        #expect(Set(five.map(\.text)).count == 10)
        #expect(two.map(\.text) == [0, 1, 5, 6].map { five[$0].text })
        #expect(try generator.generate("abc").text == five[0].text)
    }

    @Test("pieces joined are the text", arguments: [false, true])
    func streamingEqualsWhole(bytes: Bool) throws {
        let generator = try TinyModel.generator(bytes ? TinyModel.byteModel() : nil) {
            $0.maxNewTokens = 200
        }
        var pieces: [String] = []
        let completion = try generator.generate("abc") {
            pieces.append($0)
            return .proceed
        }
        #expect(pieces.joined() == completion.text)
        #expect(completion.text == generator.model.decode(completion.tokens))
        // Random bytes are mostly no characters; some pieces wait for the next.
        #expect(pieces.count == 200 && (!bytes || pieces.contains("")))
    }

    @Test("the stream gives the same text")
    func asyncStream() async throws {
        let generator = try TinyModel.generator()
        var text = ""
        for try await piece in generator.stream("abc") { text += piece }
        #expect(try text == generator.generate("abc").text)
    }

    /// The model of a stream that has no end of itself, and that is read for five pieces.
    private func modelOfEndlessStream() async throws -> WeakModel {
        let generator = try TinyModel.generator { $0.maxNewTokens = .max }
        var count = 0
        for try await _ in generator.stream("abc") {
            count += 1
            if count == 5 { break }
        }
        #expect(count == 5)
        return WeakModel(model: generator.model)
    }

    @Test("a stream nobody reads to the end stops")
    func abandonedStream() async throws {
        let abandoned = try await modelOfEndlessStream()
        // Whoever generates holds the model.
        for _ in 0..<6_000 where abandoned.model != nil {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(abandoned.model == nil)
    }

    @Test("more streams than processors are read side by side")
    func manyStreams() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 * LanguageModel.defaultThreads + 1 {
                group.addTask { _ = try await modelOfEndlessStream() }
            }
            try await group.waitForAll()
        }
    }

    @Test("a stream passes errors on")
    func streamError() async throws {
        let generator = try TinyModel.generator { $0.topP = 7 }
        await #expect(throws: PoeError.self) {
            for try await _ in generator.stream("abc") {}
        }
    }

    @Test("stop strings end the text before them, across token borders", arguments: 1...12)
    func stopStrings(length: Int) throws {
        let free = try TinyModel.generator().generate("abc").text
        // Any piece of the free text serves as a stop string; its first occurrence ends the text.
        let start = free.index(free.startIndex, offsetBy: 5)
        let stop = String(free[start...].prefix(length))
        let generator = try TinyModel.generator { $0.stopStrings = ["0000", stop] }
        var pieces = ""
        let completion = try generator.generate("abc") {
            pieces += $0
            return .proceed
        }
        let end = try #require(free.range(of: stop)).lowerBound
        #expect(completion.text == free[..<end])
        #expect(completion.finishReason == .stop)
        #expect(pieces == completion.text)
        #expect(completion.tokens.count < 40)
    }

    @Test("a stop string that never comes changes nothing")
    func unusedStopString() throws {
        let free = try TinyModel.generator().generate("abc")
        let text = free.text
        // It begins like the text's end and goes on differently: held back, then released.
        let generator = try TinyModel.generator { $0.stopStrings = [text.suffix(3) + "0"] }
        let completion = try generator.generate("abc")
        #expect(completion.text == text && completion.finishReason == .length)
    }

    @Test("stop strings are folded as prompts are")
    func foldedStopString() throws {
        let free = try TinyModel.generator { $0.maxNewTokens = 400 }.generate("abc").text
        let dash = try #require(free.firstIndex(of: "—"))
        let stopped = try TinyModel.generator {
            $0.maxNewTokens = 400
            $0.stopStrings = ["--"]
        }.generate("abc")
        #expect(stopped.text == free[..<dash] && stopped.finishReason == .stop)
    }

    @Test("a text ends where the model ends it, and the token is not written")
    func endOfText() throws {
        let generator = try TinyModel.generator(TinyModel.endingModel()) {
            $0.temperature = 0
            $0.alternatives = 1
            $0.stopStrings = ["cd"]
        }
        var pieces: [TextPiece] = []
        let texts = try generator.generate(batch: ["a", "c", "d", "a"]) {
            pieces.append($0)
            return .proceed
        }
        let endless = String(repeating: "d", count: 40)
        #expect(texts.map(\.text) == ["bc", "", endless, "bc"])
        #expect(texts.map(\.finishReason) == [.stop, .stop, .length, .stop])
        #expect(texts.map(\.tokens.count) == [3, 1, 40, 3])
        #expect(texts.map(\.logProbabilities.count) == [3, 1, 40, 3])
        #expect(texts[0].tokens.last == generator.model.tokenizer.endOfText)
        // "c" might have become a stop string.
        let first = pieces.filter { $0.prompt == 0 }
        #expect(first.map(\.text) == ["b", "", "c"])
        #expect(first.map(\.isLast) == [false, false, true])
    }

    @Test("the last token that was asked for may end the text", arguments: [2, 3, 4])
    func endOfTextAtTheLimit(tokens: Int) throws {
        let completion = try TinyModel.generator(TinyModel.endingModel()) {
            $0.temperature = 0
            $0.maxNewTokens = tokens
        }.generate("a")
        let reason: FinishReason = tokens < 3 ? .length : .stop
        #expect(completion.text == "bc" && completion.finishReason == reason)
        #expect(completion.tokens.count == min(tokens, 3))
    }

    @Test("a text that the model ends within a character says so")
    func endOfTextWithinACharacter() throws {
        let completion = try TinyModel.generator(TinyModel.breakingModel()) {
            $0.temperature = 0
        }.generate("a")
        #expect(completion.text == "\u{FFFD}")
        #expect(completion.tokens == [0xC3, 256] && completion.finishReason == .stop)
    }

    @Test("a stream ends where the model ends the text")
    func endOfStream() async throws {
        let generator = try TinyModel.generator(TinyModel.endingModel()) { $0.temperature = 0 }
        var text = ""
        for try await piece in generator.stream("a") { text += piece }
        #expect(text == "bc")
    }

    @Test("threads that cannot be are refused", arguments: [-1, 0, 1_025, .max])
    func threads(_ count: Int) throws {
        var generator = try TinyModel.generator()
        generator.threads = count
        let error = #expect(throws: PoeError.self) { try generator.generate("abc") }
        #expect(error?.code == .invalidOption)
    }

    @Test("interrupting keeps what was generated")
    func interrupt() throws {
        var calls = 0
        let completion = try TinyModel.generator().generate("abc") { _ in
            calls += 1
            return calls == 7 ? .interrupt : .proceed
        }
        #expect(completion.finishReason == .interrupt)
        #expect(completion.tokens.count == 7)
    }

    @Test("an empty prompt starts from a line break")
    func emptyPrompt() throws {
        let generator = try TinyModel.generator()
        #expect(try generator.generate("").text == generator.generate("\n").text)
        #expect(try generator.generate("").promptTokens == 1)
    }

    @Test("unknown characters are replaced, skipped or refused, and named")
    func unknownCharacters() throws {
        let text = "aZb\u{0416}"
        let replaced = try TinyModel.generator().generate(text)
        #expect(replaced.warnings == [.unknownCharacters(["Z", "\u{0416}"], skipped: false)])
        #expect(replaced.warnings[0].description.contains("U+0416"))
        #expect(try replaced.text == TinyModel.generator().generate("a b ").text)
        let skipped = try TinyModel.generator { $0.unknown = .skip }.generate(text)
        #expect(skipped.warnings == [.unknownCharacters(["Z", "\u{0416}"], skipped: true)])
        #expect(try skipped.text == TinyModel.generator().generate("ab").text)
        let error = #expect(throws: PoeError.self) {
            try TinyModel.generator { $0.unknown = .error }.generate(text)
        }
        #expect(error?.code == .unknownCharacter && error?.failureKind == .usage)
        #expect(error?.description.contains("offset 1") == true)
    }

    @Test("of many unknown characters some are named, and the rest are counted")
    func manyUnknownCharacters() {
        let scalars = (0x4E00..<0x4E00 + 1_000).compactMap { Unicode.Scalar(UInt32($0)) }
        func description(_ count: Int) -> String {
            PromptWarning.unknownCharacters(Array(scalars.prefix(count)), skipped: true).description
        }
        #expect(description(1_000).hasPrefix("the model does not know “一” (U+4E00), “"))
        #expect(description(1_000).hasSuffix("(U+4E07) and 992 more; left out"))
        #expect(description(1_000).utf8.count < 500)
        #expect(description(9).hasSuffix("(U+4E07) and 1 more; left out"))
        #expect(description(8).hasSuffix("(U+4E07); left out"))
    }

    @Test("prompts are folded into the corpus's spelling without a warning")
    func folds() throws {
        let completion = try TinyModel.generator().generate("a--b\r\n")
        #expect(completion.warnings.isEmpty)
        #expect(try completion.text == TinyModel.generator().generate("a—b\n").text)
    }

    @Test("a prompt longer than the context is cut from the left, with a warning")
    func longPrompt() throws {
        let long = String(repeating: "defgh", count: 5)
        let completion = try TinyModel.generator().generate(long)
        #expect(completion.warnings == [.cutPrompt(cutTokens: 9, keptTokens: 16)])
        #expect(completion.promptTokens == 16 && completion.tokens.count == 40)
        #expect(
            try completion.text == TinyModel.generator().generate(String(long.suffix(16))).text)
    }

    @Test("context policies")
    func contextPolicies() throws {
        let stopped = try TinyModel.generator { $0.contextPolicy = .stop }.generate("defgh")
        // 5 positions for the prompt, 11 for generated tokens, and one token that is not run.
        #expect(stopped.finishReason == .context && stopped.tokens.count == 12)
        let slid = try TinyModel.generator().generate("defgh")
        #expect(slid.text.hasPrefix(stopped.text))
        let error = #expect(throws: PoeError.self) {
            try TinyModel.generator { $0.contextPolicy = .error }.generate("defgh")
        }
        #expect(error?.code == .contextTooShort)
        #expect(error?.description.hasPrefix("5 prompt tokens") == true)
        let batch = #expect(throws: PoeError.self) {
            try TinyModel.generator {
                $0.contextPolicy = .error
                $0.maxNewTokens = 12
            }.generate(batch: ["a", "defgha"], samples: 3)
        }
        #expect(batch?.code == .contextTooShort)
        #expect(batch?.description.hasPrefix("prompt 2: 6 prompt tokens") == true)
        let fitting = try TinyModel.generator {
            $0.contextPolicy = .error
            $0.maxNewTokens = 12
        }.generate("defgh")
        #expect(fitting.finishReason == .length && fitting.text == stopped.text)
    }

    @Test("probabilities are reported on request")
    func probabilities() throws {
        let completion = try TinyModel.generator {
            $0.alternatives = 3
            $0.maxNewTokens = 5
            $0.temperature = 0
        }.generate("abc")
        #expect(completion.logProbabilities.count == 5)
        for (token, probabilities) in zip(completion.tokens, completion.logProbabilities) {
            #expect(probabilities.alternatives.count == 3)
            #expect(probabilities.alternatives[0].token == token)
            #expect(probabilities.alternatives[0].logProbability == probabilities.chosen)
        }
        #expect(try TinyModel.generator().generate("abc").logProbabilities.isEmpty)
    }

    @Test(
        "options out of range are refused",
        arguments: [
            { $0.maxNewTokens = -1 }, { $0.temperature = -1 }, { $0.topK = -1 },
            { $0.stopStrings = ["a", ""] }, { $0.alternatives = -1 },
        ] as [@Sendable (inout GenerationOptions) -> Void])
    func invalidOptions(change: @Sendable (inout GenerationOptions) -> Void) throws {
        let error = #expect(throws: PoeError.self) {
            try TinyModel.generator(nil, change).generate("abc")
        }
        #expect(error?.code == .invalidOption)
        #expect(throws: PoeError.self) {
            try TinyModel.generator().generate(batch: ["abc"], samples: 0)
        }
    }

    @Test("nothing asked for, nothing generated")
    func nothing() throws {
        let completion = try TinyModel.generator { $0.maxNewTokens = 0 }.generate("abc")
        #expect(completion.text.isEmpty && completion.finishReason == .length)
        #expect(try TinyModel.generator().generate(batch: []).isEmpty)
    }

    @Test("the statistics count prompt and generated tokens")
    func statistics() throws {
        let statistics = try TinyModel.generator { $0.maxNewTokens = 5 }.generate("defgh")
            .statistics
        #expect(statistics.prefillTokens == 5)
        #expect(statistics.decodeTokens == 4)  // the first token comes from the prefill
        #expect(statistics.prefillTokensPerSecond > 0 && statistics.decodeTokensPerSecond > 0)
    }
}

extension String {
    /// The first occurrence, by Unicode scalars' bytes; small texts only.
    fileprivate func range(of other: String) -> Range<Index>? {
        indices.lazy.first { self[$0...].hasPrefix(other) }.map {
            $0..<index($0, offsetBy: other.count)
        }
    }
}

/// A model that something else may hold.
private struct WeakModel {
    weak var model: LanguageModel?
}
