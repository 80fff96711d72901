import PoeCore
import PoeInference
import PoeModel
import PoeNumerics
import Testing

@Suite("Generation")
struct GenerationTests {
    private func request(
        _ prompt: [TokenID], _ count: Int = 10, temperature: Float = 1, sample: UInt64 = 0,
        policy: ContextPolicy = .slide
    ) -> GenerationRequest {
        GenerationRequest(
            prompt: prompt, maxNewTokens: count,
            sampling: SamplingOptions(temperature: temperature, topK: 0, seed: 11), sample: sample,
            contextPolicy: policy)
    }

    /// Requests of many lengths, so that rows enter and leave at different steps.
    private var mixed: [GenerationRequest] {
        (0..<20).map { i in
            request(
                TinyModel.tokens(1 + i * 7 % 30, seed: UInt64(i)), 1 + i * 5 % 40,
                sample: UInt64(i % 3))
        }
    }

    @Test("greedy generation is the largest logit of a full forward at every position")
    func greedyAgainstFullForward() throws {
        let engine = TinyModel.engine()
        var text = TinyModel.tokens(4)
        let results = try engine.generate([request(text, 20, temperature: 0)]).results
        for token in results[0].tokens {
            let logits = try #require(engine.logits(text).last)
            let best = logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
            #expect(TokenID(best) == token)
            text.append(token)
        }
        #expect(text.count == 24)
    }

    /// The tokens that the documented policy gives, from full forwards over the window alone.
    ///
    /// Also returns the windows after each slide.
    private func slideByHand(
        _ engine: Engine, prompt: [TokenID], count: Int
    ) throws -> (tokens: [TokenID], windows: [[TokenID]]) {
        let length = engine.configuration.contextLength
        var sampler = Sampler(SamplingOptions(temperature: 1, topK: 0, seed: 11))
        var window = Array(prompt.suffix(length))
        var tokens: [TokenID] = []
        var windows: [[TokenID]] = []
        for position in 0..<count {
            let logits = engine.logits(window)[window.count - 1]
            let next = sampler.next(from: logits, position: position)
            let token = try #require(next)
            tokens.append(token)
            if window.count == length {
                window = Array(window.suffix(length / 2))
                windows.append(window + [token])
            }
            window.append(token)
        }
        return (tokens, windows)
    }

    @Test("a full window keeps its last half and goes on", arguments: [1, 5, 23, 24, 25, 60])
    func slide(promptLength: Int) throws {
        let engine = TinyModel.engine()
        let prompt = TinyModel.tokens(promptLength)
        let expected = try slideByHand(engine, prompt: prompt, count: 50)
        let (results, statistics) = try engine.generate([request(prompt, 50)])
        #expect(results[0].tokens == expected.tokens)
        #expect(results[0].finishReason == .length)
        #expect(results[0].promptTokens == min(24, promptLength))
        // Each slide prefills 12 old tokens and the new one.
        #expect(expected.windows.allSatisfy { $0.count == 13 } && expected.windows.count >= 3)
        // The last token is not run, so a slide at it is not made.
        let slides = (statistics.prefillTokens - min(24, promptLength)) / 13
        #expect((expected.windows.count - 1...expected.windows.count).contains(slides))
        #expect(
            statistics.prefillTokens + statistics.decodeTokens == 13 * slides
                + min(24, promptLength) + 49 - slides)
    }

    @Test("a context of one or two tokens slides too", arguments: [1, 2, 3])
    func tinyContext(length: Int) throws {
        var configuration = TinyModel.configuration
        configuration.contextLength = length
        let engine = TinyModel.engine(configuration)
        let expected = try slideByHand(engine, prompt: [3], count: 10)
        #expect(try engine.generate([request([3], 10)]).results[0].tokens == expected.tokens)
    }

    @Test(
        "rows do not depend on how many run side by side", arguments: [1, 2, 7, 64],
        Arithmetic.allCases)
    func batchIndependence(maximumRows: Int, arithmetic: Arithmetic) throws {
        let engine = TinyModel.engine(TinyModel.configuration, arithmetic, threads: 2)
        let alone = try mixed.map { try engine.generate([$0]).results[0] }
        let together = try engine.generate(mixed, maximumRows: maximumRows).results
        #expect(together == alone)
        let reversed = try engine.generate(mixed.reversed(), maximumRows: maximumRows).results
        #expect(reversed.reversed() == alone)
    }

    /// 60 rows whose caches, 34 MB, are more than fits beside each other.
    @Test("rows that take turns in groups give the same tokens as alone")
    func groups() throws {
        var configuration = TinyModel.configuration
        configuration.contextLength = 3_000
        let engine = TinyModel.engine(configuration, .int8)
        let requests = (0..<70).map { i in
            request(TinyModel.tokens(1 + i % 5, seed: UInt64(i)), 2_900, sample: UInt64(i % 3))
        }
        var order: [Int] = []
        let together = try engine.generate(requests, maximumRows: 60) {
            if $0.position == 0 { order.append($0.request) }
            return $0.position == 20 + $0.request % 30 ? .stop : .proceed
        }.results
        for (i, found) in together.enumerated() where i % 7 == 0 {
            let alone = try engine.generate([requests[i]]) {
                $0.position == 20 + i % 30 ? .stop : .proceed
            }.results[0]
            #expect(found == alone)
            #expect(found.tokens.count == 21 + i % 30)
        }
        #expect(order.sorted() == Array(0..<70))
        // The second group has not begun when the first is interrupted after its first turn.
        var told = 0
        let interrupted = try engine.generate(requests, maximumRows: 60) { _ in
            told += 1
            return told == 500 ? .interruptAll : .proceed
        }.results
        #expect(interrupted.allSatisfy { $0.finishReason == .interrupt })
        #expect(interrupted.reduce(0) { $0 + $1.tokens.count } == 500)
        #expect(interrupted.count { !$0.tokens.isEmpty } < 60)
    }

    @Test(
        "every thread count and kernel set gives the same tokens", arguments: KernelSet.available,
        [1, 2, 3])
    func threadsAndKernels(kernels: KernelSet, threads: Int) throws {
        for arithmetic in Arithmetic.allCases {
            let reference = TinyModel.engine(
                TinyModel.configuration, arithmetic, kernels: .scalar)
            let engine = TinyModel.engine(
                TinyModel.configuration, arithmetic, threads: threads, kernels: kernels)
            #expect(
                try engine.generate(mixed).results == (try reference.generate(mixed).results))
        }
    }

    /// The prompt fills more than one block of 16 positions of an int8 cache, and not all of it.
    @Test(
        "equal prompts are prefilled once and give the same tokens as alone",
        arguments: Arithmetic.allCases)
    func sharedPrefill(arithmetic: Arithmetic) throws {
        var configuration = TinyModel.configuration
        configuration.contextLength = 60
        let engine = TinyModel.engine(configuration, arithmetic)
        let prompt = TinyModel.tokens(20)
        let requests = (0..<6).map { request($0 == 3 ? [1, 2] : prompt, 12, sample: UInt64($0)) }
        let (results, statistics) = try engine.generate(requests)
        #expect(statistics.prefillTokens == 20 + 2)
        #expect(results == (try requests.map { try engine.generate([$0]).results[0] }))
        #expect(Set(results.map(\.tokens)).count == 6)
    }

    @Test("tokens are told in order, and the last one of a row is marked")
    func events() throws {
        let engine = TinyModel.engine()
        var told = [[GeneratedToken]](repeating: [], count: mixed.count)
        let results = try engine.generate(mixed, maximumRows: 4) {
            told[$0.request].append($0)
            return .proceed
        }.results
        for (events, result) in zip(told, results) {
            #expect(events.map(\.token) == result.tokens)
            #expect(events.map(\.position) == Array(0..<result.tokens.count))
            #expect(events.map(\.endsRow) == events.indices.map { $0 == events.count - 1 })
        }
    }

    @Test("the receiver can stop a row, interrupt a row, or interrupt all")
    func continuations() throws {
        let engine = TinyModel.engine()
        let requests = (0..<5).map { request([TokenID($0)], 10) }
        let free = try engine.generate(requests).results.map(\.tokens)
        let some = try engine.generate(requests, maximumRows: 2) {
            switch ($0.request, $0.position) {
            case (1, 2): .stop
            case (2, 4): .interrupt
            default: .proceed
            }
        }.results
        #expect(some.map(\.finishReason) == [.length, .stop, .interrupt, .length, .length])
        #expect(some.map(\.tokens) == zip(free, [10, 3, 5, 10, 10]).map { Array($0.prefix($1)) })
        let all = try engine.generate(requests, maximumRows: 2) {
            $0.position == 3 && $0.request == 1 ? .interruptAll : .proceed
        }.results
        #expect(all.allSatisfy { $0.finishReason == .interrupt })
        #expect(all.map(\.tokens.count) == [4, 4, 0, 0, 0])
    }

    @Test("the policies stop and error")
    func policies() throws {
        let engine = TinyModel.engine()
        let prompt = TinyModel.tokens(20)
        let stopped = try engine.generate([request(prompt, 10, policy: .stop)]).results[0]
        // Positions 20 to 23 for four generated tokens; the fifth is chosen and not run.
        #expect(stopped.finishReason == .context && stopped.tokens.count == 5)
        let long = TinyModel.tokens(40)
        let one = try engine.generate([request(long, 10, policy: .stop)]).results[0]
        #expect(one.tokens.count == 1 && one.promptTokens == 24)

        #expect(
            try engine.generate([request(prompt, 5, policy: .error)]).results[0].tokens.count == 5)
        #expect(
            throws: GenerationError.contextTooShort(
                request: 1, promptTokens: 20, newTokens: 6, contextLength: 24)
        ) {
            try engine.generate([request([1]), request(prompt, 6, policy: .error)])
        }
        #expect(throws: GenerationError.self) {
            try engine.generate([request(TinyModel.tokens(25), 0, policy: .error)])
        }
        #expect(throws: GenerationError.self) {
            try engine.generate([request([1], .max, policy: .error)])
        }
    }

    @Test("requests that cannot be run are refused")
    func badRequests() {
        let engine = TinyModel.engine()
        #expect(throws: GenerationError.emptyPrompt(request: 0)) {
            try engine.generate([request([])])
        }
        #expect(
            throws: GenerationError.unknownToken(request: 1, token: 37, vocabularySize: 37)
        ) {
            try engine.generate([request([1]), request([2, 37])])
        }
        #expect(throws: GenerationError.self) {
            try engine.generate([request([1], temperature: -1)])
        }
    }

    @Test("the repeat penalty sees the prompt and what was generated")
    func repeatPenalty() throws {
        let engine = TinyModel.engine()
        var penalized = request([1, 2, 3], 20, temperature: 0)
        penalized.sampling.repeatPenalty = 1e9
        let tokens = try engine.generate([penalized]).results[0].tokens
        // Every positive logit of a token that was used shrinks to nothing.
        #expect(Set(tokens).count == 20 && Set(tokens).isDisjoint(with: [1, 2, 3]))
    }
}
