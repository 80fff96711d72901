import PoeCore
import PoeInference
import PoeModel
import PoeNumerics
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

    @Test("a token changes no logit before it and every one from it on", arguments: [0, 1, 11, 23])
    func isCausal(changed: Int) {
        let engine = TinyModel.engine()
        var tokens = TinyModel.tokens(24)
        let before = bits(engine.logits(tokens))
        tokens[changed] = (tokens[changed] + 1) % 37
        let after = bits(engine.logits(tokens))
        #expect(Array(before[..<changed]) == Array(after[..<changed]))
        for t in changed..<24 { #expect(before[t] != after[t]) }
    }

    @Test("prefill then steps equal one full forward at every position", arguments: 1...23)
    func prefillThenSteps(prefix: Int) {
        let engine = TinyModel.engine(threads: 2)
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

    @Test("a prefill longer than one pass gives the same bits as steps")
    func prefillInSeveralPasses() {
        let engine = TinyModel.engine()
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

    @Test("a row's logits do not depend on the batch or its place in it", arguments: [1, 7, 64])
    func batchIndependence(rowCount: Int) {
        let engine = TinyModel.engine(threads: 2)
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
        let expected = bits(TinyModel.engine(threads: 1, kernels: .scalar).logits(tokens))
        let found = TinyModel.engine(threads: threads, kernels: kernels).logits(tokens)
        #expect(bits(found) == expected)
    }

    @Test("a cache that was truncated goes on as if the rest had never been")
    func truncation() {
        let engine = TinyModel.engine()
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
