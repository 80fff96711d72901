import PoeCore
import PoeModel
import Testing

@Suite("Reference model")
struct ReferenceModelTests {
    /// A model so small that its logits can be worked out on paper.
    ///
    /// Width 2, one head, no biases, everything zero but the embeddings and gains: attention and
    /// feed-forward add nothing, so the logits are the normalised embedding against each embedding.
    @Test("a model worked by hand")
    func byHand() {
        let configuration = ModelConfiguration(
            vocabularySize: 2, contextLength: 2, layerCount: 1, headCount: 1, modelDimension: 2,
            hasBiases: false)
        let weights = ModelWeights(configuration)
        weights.set(weights.layout.tokenEmbedding, to: [3, 1, -2, 4])
        weights.set(weights.layout.positionEmbedding, to: [0, 0, 4, 0])
        weights.set(weights.layout.finalNormGain, to: [1, 2])
        let logits = ReferenceModel(weights).logits([0, 1])
        // Position 0: (3, 1) normalises to (1, -1), scaled to (1, -2): 3 - 2 = 1 and -2 - 8 = -10.
        // Position 1: (-2 + 4, 4) = (2, 4) normalises to (-1, 1), scaled to (-1, 2): -1 and 10.
        let expected: [[Double]] = [[1, -10], [-1, 10]]
        for (row, reference) in zip(logits, expected) {
            // Epsilon 1e-5 on a variance of 1 moves each by 5e-6 of itself.
            for (x, y) in zip(row, reference) { #expect(abs(x - y) < 1e-4) }
        }
    }

    @Test("a token changes no logit before it", arguments: [1, 5, 15])
    func causality(changed: Int) {
        let reference = ReferenceModel(TinyModel.weights())
        var tokens = TinyModel.tokens(16)
        let before = reference.logits(tokens)
        tokens[changed] = (tokens[changed] + 1) % TokenID(TinyModel.alphabet.count)
        let after = reference.logits(tokens)
        #expect(Array(before[..<changed]) == Array(after[..<changed]))
        for t in changed..<16 { #expect(before[t] != after[t]) }
    }
}
