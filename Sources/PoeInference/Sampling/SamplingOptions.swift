/// Why ``SamplingOptions`` describe no way of choosing a token.
package struct SamplingError: Error, Equatable, CustomStringConvertible {
    /// The option that is out of range, by its Swift name.
    package let option: String
    /// One sentence: what was found and what was expected.
    package let description: String
}

/// How a token is chosen from the logits; see ``Sampler`` for the order in which options apply.
package struct SamplingOptions: Sendable, Hashable {
    /// Divides the logits before the draw: below 1 sharper, above 1 flatter, 0 the largest always.
    package var temperature: Float
    /// Only this many of the largest logits may be drawn; 0 = all.
    package var topK: Int
    /// Only the most probable tokens that together reach this probability may be drawn; 1 = all.
    package var topP: Float
    /// Only tokens with at least this share of the largest probability may be drawn; 0 = all.
    package var minP: Float
    /// Above 1, tokens among the last ``Sampler/repeatWindow`` become less likely; 1 = off.
    package var repeatPenalty: Float
    /// Names the sequence of random numbers.
    package var seed: UInt64

    /// The options of `poe-run`, with its defaults.
    package init(
        temperature: Float = 0.8, topK: Int = 40, topP: Float = 1, minP: Float = 0,
        repeatPenalty: Float = 1, seed: UInt64 = 0
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repeatPenalty = repeatPenalty
        self.seed = seed
    }

    /// Throws for the first option that is out of range.
    package func validate() throws(SamplingError) {
        try check("temperature", temperature, temperature >= 0, "a number from 0 up")
        try check("topK", Float(topK), topK >= 0, "a whole number from 0 up (0 = off)")
        try check("topP", topP, topP > 0 && topP <= 1, "a number above 0 and at most 1 (1 = off)")
        try check("minP", minP, minP >= 0 && minP <= 1, "a number from 0 to 1 (0 = off)")
        try check("repeatPenalty", repeatPenalty, repeatPenalty > 0, "a number above 0 (1 = off)")
    }

    private func check(
        _ option: String, _ value: Float, _ isInRange: Bool, _ expected: String
    ) throws(SamplingError) {
        guard value.isFinite, isInRange else {
            throw SamplingError(
                option: option, description: "\(option) is \(value); expected \(expected)")
        }
    }
}
