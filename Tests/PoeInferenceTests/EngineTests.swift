import PoeCore
import PoeInference
import PoeModel
import PoeNumerics
import PoeTestSupport
import Testing

@Suite("Engine")
struct EngineTests {
    /// Largest distance between the f32 engine and the `Double` reference, relative to the largest
    /// logit: sums of at most 52 products, 11 layers deep, stay two orders below this.
    static let referenceTolerance = 1e-4

    @Test("logits agree with the reference forward pass", arguments: TinyModel.variants)
    func agreesWithReference(configuration: ModelConfiguration) {
        let weights = TinyModel.weights(configuration)
        let tokens = TinyModel.tokens(configuration.contextLength)
        let expected = ReferenceModel(weights).logits(tokens)
        let found = Engine(weights, threads: 2).logits(tokens)
        let scale = expected.joined().reduce(0) { max($0, abs($1)) }
        #expect(found.count == tokens.count && scale > 1)
        for (row, reference) in zip(found, expected) {
            for (x, y) in zip(row, reference) {
                #expect(abs(Double(x) - y) <= Self.referenceTolerance * scale)
            }
        }
    }

    /// Rounding to eight bits moves a logit by some hundredths of the largest; a wrong layer, sign or
    /// scale would move it by as much as there is.
    @Test("int8 logits are near the reference forward pass", arguments: TinyModel.variants)
    func int8IsNearReference(configuration: ModelConfiguration) {
        let weights = TinyModel.weights(configuration)
        let tokens = TinyModel.tokens(configuration.contextLength)
        let expected = ReferenceModel(weights).logits(tokens)
        let found = Engine(weights, arithmetic: .int8, threads: 2).logits(tokens)
        #expect(found.count == tokens.count)
        let error = LogitError(found, expected)
        #expect(error.scale > 1)
        #expect(error.largest <= 0.05 && error.rootMeanSquare <= 0.01, "\(error)")
    }

    @Test(
        "an int8 weight that is no number shows in the logits", arguments: [Float.nan, .infinity])
    func int8ShowsWhatIsNotFinite(value: Float) {
        let weights = TinyModel.weights()
        weights.vector(weights.layout.blocks[1].upWeight)[30] = value
        let logits = Engine(weights, arithmetic: .int8, threads: 1).logits(TinyModel.tokens(3))
        #expect(logits.joined().allSatisfy { $0.isNaN })
    }

    @Test(
        "a token changes no logit before it and every one from it on", arguments: [0, 1, 11, 23],
        Arithmetic.allCases)
    func isCausal(changed: Int, arithmetic: Arithmetic) {
        let engine = TinyModel.engine(TinyModel.configuration, arithmetic)
        var tokens = TinyModel.tokens(24)
        let before = bits(engine.logits(tokens))
        tokens[changed] = (tokens[changed] + 1) % 37
        let after = bits(engine.logits(tokens))
        #expect(Array(before[..<changed]) == Array(after[..<changed]))
        for t in changed..<24 { #expect(before[t] != after[t]) }
    }

    @Test(
        "prefill then steps equal one full forward at every position", arguments: 1...23,
        Arithmetic.allCases)
    func prefillThenSteps(prefix: Int, arithmetic: Arithmetic) {
        let engine = TinyModel.engine(TinyModel.configuration, arithmetic, threads: 2)
        let tokens = TinyModel.tokens(24)
        let full = bits(engine.logits(tokens))
        let cache = engine.makeCache()
        let logits = FloatBuffer(count: 37)
        let view = logits.matrix(rows: 1, columns: 37)
        engine.prefill([Engine.Input(cache, Array(tokens[..<prefix]))], into: view)
        #expect(bits(rows(view))[0] == full[prefix - 1])
        for t in prefix..<24 {
            engine.step([cache], tokens: [tokens[t]], into: view)
            #expect(bits(rows(view))[0] == full[t])
        }
        #expect(cache.count == 24)
    }

    @Test(
        "a prefill longer than one pass gives the same bits as steps",
        arguments: Arithmetic.allCases
    )
    func prefillInSeveralPasses(arithmetic: Arithmetic) {
        let engine = TinyModel.engine(TinyModel.configuration, arithmetic)
        let length = 24
        let count = 2 * Engine.positionsPerPass / length + 3
        let texts = (0..<count).map { TinyModel.tokens(length, seed: UInt64($0)) }
        let logits = FloatBuffer(count: count * 37)
        let view = logits.matrix(rows: count, columns: 37)
        engine.prefill(texts.map { Engine.Input(engine.makeCache(), $0) }, into: view)
        let together = bits(rows(view))
        for (i, text) in texts.enumerated() {
            #expect(together[i] == bits(engine.logits(text))[length - 1])
        }
    }

    @Test(
        "a row's logits do not depend on the batch or its place in it", arguments: [1, 7, 64],
        Arithmetic.allCases)
    func batchIndependence(rowCount: Int, arithmetic: Arithmetic) {
        let engine = TinyModel.engine(TinyModel.configuration, arithmetic, threads: 2)
        let texts = (0..<rowCount).map { TinyModel.tokens(5 + $0 % 9, seed: UInt64($0)) }
        let caches = texts.map { _ in engine.makeCache() }
        let logits = FloatBuffer(count: rowCount * 37)
        let view = logits.matrix(rows: rowCount, columns: 37)
        engine.prefill(zip(caches, texts).map { Engine.Input($0, $1) }, into: view)
        let afterPrefill = bits(rows(view))
        // Rows of different lengths step together, in reverse order.
        let next = TinyModel.tokens(rowCount, seed: 99)
        engine.step(caches.reversed(), tokens: next.reversed(), into: view)
        let afterStep = Array(bits(rows(view)).reversed())
        for (i, text) in texts.enumerated() {
            let alone = bits(engine.logits(text + [next[i]]))
            #expect(afterPrefill[i] == alone[text.count - 1])
            #expect(afterStep[i] == alone[text.count])
        }
    }

    @Test(
        "every thread count and kernel set gives the same bits", arguments: KernelSet.available,
        [1, 2, 3])
    func sameBits(kernels: KernelSet, threads: Int) {
        let tokens = TinyModel.tokens(24)
        for arithmetic in Arithmetic.allCases {
            let reference = TinyModel.engine(
                TinyModel.configuration, arithmetic, threads: 1, kernels: .scalar)
            let engine = TinyModel.engine(
                TinyModel.configuration, arithmetic, threads: threads, kernels: kernels)
            #expect(bits(engine.logits(tokens)) == bits(reference.logits(tokens)))
        }
    }

    /// The first pass of a size that all threads share: some before it are of one thread.
    ///
    /// An engine asks ``ThreadChoice`` before each pass of few positions. How long passes take plays
    /// no part until both ways have been tried.
    private static let firstSharedPass: Int? = {
        var choice = ThreadChoice()
        return (1...100).first { _ in
            defer { choice.note(.microseconds(100)) }
            return choice.usesAll
        }
    }()

    /// Large enough for several panels and for the work to be split.
    ///
    /// By columns for one position and for 7, by rows for 40; at width 256 a thread's heads are whole
    /// panels, at 200 they are not.
    @Test(
        "threads share out a larger model in every way and change no bit",
        arguments: KernelSet.available, [(2, 200), (3, 200), (2, 256), (4, 256), (5, 256)])
    func sharedWork(kernels: KernelSet, split: (threads: Int, width: Int)) throws {
        let firstShared = try #require(Self.firstSharedPass)
        let threads = split.threads
        let configuration = ModelConfiguration(
            vocabularySize: 300, contextLength: 20 + firstShared, layerCount: 2, headCount: 4,
            modelDimension: split.width)
        let weights = PackedWeights(
            TinyModel.weights(configuration), arithmetic: .int8,
            compute: Compute(threads: 1, kernels: kernels))
        for count in [1, 7, 40] {
            let texts = (0..<count).map { TinyModel.tokens(1 + $0 % 18, seed: UInt64($0)) }
            let found = [1, threads].map { threads in
                let engine = Engine(weights, threads: threads, kernels: kernels)
                let caches = texts.map { _ in engine.makeCache() }
                let logits = FloatBuffer(count: count * 300)
                let view = logits.matrix(rows: count, columns: 300)
                engine.prefill(zip(caches, texts).map { Engine.Input($0, $1) }, into: view)
                var all = bits(rows(view))
                // All of one size, and one more than it takes until threads share one.
                for step in 0...firstShared {
                    engine.step(
                        caches, tokens: TinyModel.tokens(count, seed: UInt64(step)), into: view)
                    all += bits(rows(view))
                }
                return all
            }
            #expect(found[0] == found[1])
        }
    }

    @Test(
        "a cache that was truncated goes on as if the rest had never been",
        arguments: Arithmetic.allCases)
    func truncation(arithmetic: Arithmetic) {
        let engine = TinyModel.engine(TinyModel.configuration, arithmetic)
        let tokens = TinyModel.tokens(12)
        let cache = engine.makeCache()
        let logits = FloatBuffer(count: 37)
        let view = logits.matrix(rows: 1, columns: 37)
        engine.prefill([Engine.Input(cache, tokens + TinyModel.tokens(6, seed: 3))], into: view)
        cache.truncate(to: 11)
        engine.step([cache], tokens: [tokens[11]], into: view)
        #expect(bits(rows(view))[0] == bits(engine.logits(tokens))[11])
    }
}
