import PoeCore
import PoeInference
import PoeModel
import PoeNumerics
import Testing

@Suite("Score")
struct ScoreTests {
    /// The protocol as written, from full forwards of one window at a time.
    private func byHand(_ engine: Engine, _ tokens: [TokenID], stride: Int) -> [Double] {
        let length = engine.configuration.contextLength
        var scores: [Double] = []
        for start in Swift.stride(from: 0, to: tokens.count, by: stride) {
            let end = min(start + length, tokens.count - 1)
            guard scores.count < end else { continue }
            for (t, row) in engine.logits(Array(tokens[start..<end])).enumerated()
            where start + t >= scores.count {
                let largest = row.reduce(-Float.infinity, max)
                let sum = row.reduce(0.0) { $0 + Elementary.exp(Double($1 - largest)) }
                let target = Double(row[Int(tokens[start + t + 1])] - largest)
                scores.append(target - Elementary.log(sum))
            }
        }
        return scores
    }

    @Test("every token but the first is scored once, by the windows protocol", arguments: 2...75)
    func protocolByHand(count: Int) {
        let engine = TinyModel.engine()
        let tokens = TinyModel.tokens(count)
        let found = engine.score(tokens)
        let expected = byHand(engine, tokens, stride: 24)
        #expect(found.count == count - 1)
        for (x, y) in zip(found, expected) { #expect(abs(x - y) < 1e-5) }
    }

    @Test("windows that overlap score each token once", arguments: [1, 5, 12, 23, 24])
    func strides(stride: Int) {
        let engine = TinyModel.engine()
        let tokens = TinyModel.tokens(100)
        let found = engine.score(tokens, stride: stride)
        let expected = byHand(engine, tokens, stride: stride)
        #expect(found.count == 99)
        for (x, y) in zip(found, expected) { #expect(abs(x - y) < 1e-5) }
    }

    @Test("the same bits on every thread count and kernel set", arguments: KernelSet.available)
    func sameBits(kernels: KernelSet) {
        let tokens = TinyModel.tokens(1_000)
        let expected = TinyModel.engine(kernels: .scalar).score(tokens)
        for threads in 1...3 {
            #expect(TinyModel.engine(threads: threads, kernels: kernels).score(tokens) == expected)
        }
    }

    @Test("texts without a second token have no score", arguments: [0, 1])
    func short(count: Int) {
        #expect(TinyModel.engine().score(TinyModel.tokens(count)).isEmpty)
    }
}
