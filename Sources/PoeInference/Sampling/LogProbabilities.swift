public import PoeCore
package import PoeNumerics

/// A token with the natural logarithm of its probability.
public struct TokenLogProbability: Sendable, Hashable {
    /// The token.
    public let token: TokenID
    /// `log softmax(logits)[token]`, of the distribution before any sampling option.
    public let logProbability: Double
}

/// What the model thought at one position: the chosen token and the likeliest ones.
public struct LogProbabilities: Sendable, Hashable {
    /// Of the token that was chosen.
    public let chosen: Double
    /// The most probable tokens, best first; of equal ones the lowest id first.
    public let alternatives: [TokenLogProbability]

    /// Computes both from the logits of one position; sums run in order of id.
    package init(logits: Vector, chosen: TokenID, alternatives count: Int) {
        var largest = -Double.infinity
        for i in 0..<logits.count { largest = max(largest, Double(logits[i])) }
        var sum = 0.0
        for i in 0..<logits.count { sum += Elementary.exp(Double(logits[i]) - largest) }
        let normalizer = largest + Elementary.log(sum)

        self.chosen = Double(logits[Int(chosen)]) - normalizer
        var best = LargestLogits()
        best.select(count, of: (0..<logits.count).map { logits[$0] })
        let alternatives = best.ids.map { id in
            TokenLogProbability(token: id, logProbability: Double(logits[Int(id)]) - normalizer)
        }
        self.alternatives = alternatives.sorted { a, b in
            a.logProbability != b.logProbability
                ? a.logProbability > b.logProbability : a.token < b.token
        }
    }
}
