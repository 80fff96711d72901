/// The shape of a model and the length and dropout of its training, fitted to an amount of text.
///
/// Three dials, each a function of the number of training tokens. For texts as long as the reference
/// corpus they are measured (Documentation/LOG.md); for shorter ones they follow from that by reasoning
/// and are yet to be measured. Whoever asks for something else gets it; the rest still fits.
package struct FittedChoices: Sendable, Equatable {
    /// Tokens of the training text.
    package let tokens: Int
    /// Transformer blocks, attention heads and width of the residual stream.
    package let layers: Int, heads: Int, width: Int
    /// Passes over the training text.
    package let epochs: Int
    /// Dropout of embeddings and residual branches.
    package let dropout: Float

    /// Tokens that a training reads in all, where the text is long enough for fewer passes than
    /// ``mostEpochs``: what two cores read in some forty minutes.
    static let tokensOfTraining = 20_000_000
    static let fewestEpochs = 4, mostEpochs = 40

    /// Choices for a text of `tokens` tokens.
    ///
    /// - Parameter epochs: Passes that were asked for, if any: dropout follows them.
    package init(tokens: Int, epochs asked: Int? = nil) {
        self.tokens = tokens
        // A short text is learnt by heart by a model that a long one does not fill.
        switch tokens {
        case 400_000...: (layers, heads, width) = (6, 8, 256)
        case 100_000...: (layers, heads, width) = (6, 6, 192)
        default: (layers, heads, width) = (4, 4, 128)
        }
        let passes = Self.tokensOfTraining / max(1, tokens)
        epochs = asked ?? min(max(passes, Self.fewestEpochs), Self.mostEpochs)
        // The more often a text is read, the more has to be done against learning it by heart: one
        // part in a hundred for each pass.
        dropout = Float(min(max(epochs, 5), 30)) / 100
    }
}
