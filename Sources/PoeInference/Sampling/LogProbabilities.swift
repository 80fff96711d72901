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
        let order = (0..<logits.count).sorted {
            logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1
        }
        alternatives = order.prefix(count).map {
            TokenLogProbability(
                token: TokenID($0), logProbability: Double(logits[$0]) - normalizer)
        }
    }
}
