import PoeCore

/// How long the texts are and how many run side by side.
struct Workload {
    /// Tokens of each prompt before decoding.
    private(set) var promptTokens = 16
    /// Tokens generated after each prompt.
    private(set) var newTokens = 100
    /// Tokens of each prompt when reading alone is timed.
    private(set) var prefillTokens = 112
    /// Numbers of rows that decode side by side, besides one.
    private(set) var decodeRows = [8, 32, 64, 128]
    /// Numbers of rows that are prefilled side by side, besides one.
    private(set) var prefillRows = [32]

    /// The lengths for small models, such as the committed ones.
    static let small = Workload()
    /// The lengths for models of GPT-2's size.
    static let large = Workload(
        promptTokens: 64, newTokens: 64, prefillTokens: 64, decodeRows: [], prefillRows: [])

    /// The same, no longer than the context of the model.
    func fitted(to configuration: ModelConfiguration) -> Workload {
        let room = configuration.contextLength
        var fitted = self
        fitted.promptTokens = max(1, min(promptTokens, room / 2))
        fitted.newTokens = max(1, min(newTokens, room - fitted.promptTokens))
        fitted.prefillTokens = min(prefillTokens, room)
        return fitted
    }

    /// A prompt of this many tokens; rows have different ones, so that none is run for another.
    static func prompt(_ count: Int, row: Int, vocabularySize: Int) -> [TokenID] {
        (0..<count).map { TokenID((7 * $0 + 13 * row + 3) % vocabularySize) }
    }
}
