/// The shape of a model and the length and strictness of its training, fitted to an amount of text.
///
/// A few dials, each a function of the number of training tokens or of the passes over them.
/// Documentation/LOG.md has the measurements that they follow.
package struct FittedChoices: Sendable, Equatable {
    /// Tokens of the training text.
    package let tokens: Int
    /// Transformer blocks, and width of the residual stream.
    package let layers: Int, width: Int
    /// Passes over the training text.
    package let epochs: Int
    /// Windows of one step.
    package let batchWindows: Int
    /// Dropout of embeddings and residual branches.
    package let dropout: Float
    /// Decoupled weight decay.
    package let weightDecay: Float
    /// Part of the merges that are undone at first; 0 where a token is a character.
    package let mergeDropout: Float
    /// Share of the steps that are taken at half depth.
    package let halfDepth: Float
    /// What moves the hidden matrices.
    package let matrixOptimizer: MatrixOptimizer
    /// Peak learning rates of AdamW and of Muon.
    package let learningRate: Float, matrixLearningRate: Float

    /// Tokens that a training reads in all, where the text is long enough for fewer passes than
    /// ``mostEpochs``: what two cores read in an hour, and have time left to store the model.
    static let tokensOfTraining = 18_500_000
    static let fewestEpochs = 4, mostEpochs = 40
    /// The most passes of a training that begins with a finished model: it soon has the text by heart.
    static let mostEpochsOfBase = 6
    /// Steps of 32 windows that are too few, and tokens of a text that is more than a few pages: of a vocabulary of 512
    /// they are some 60,000 characters, `TokenizerTrainer.spellingLength`.
    static let fewSteps = 1_000.0, fewPages = 25_000
    /// Tokens, of a vocabulary of 512, of texts that fill a model of the reference's size and one of width 192.
    static let longText = 400_000, longTale = 100_000

    /// Choices for a text of `tokens` tokens.
    ///
    /// - Parameters:
    ///   - epochs: Passes that were asked for, if any: the other dials follow them.
    ///   - context: Tokens of a window.
    ///   - hasMerges: Whether tokens are merged from others.
    ///   - hasBase: Whether the training begins with a finished model, which has a shape.
    package init(
        tokens: Int, epochs asked: Int? = nil, context: Int = 128, hasMerges: Bool,
        hasBase: Bool = false
    ) {
        self.tokens = tokens
        // A short text is learnt by heart by a model that a long one does not fill. A text is as
        // long in characters as in merged tokens, of which each has two characters and more.
        switch hasMerges ? tokens : tokens / 2 {
        case Self.longText...: (layers, width) = (6, 256)
        case Self.longTale...: (layers, width) = (6, 192)
        default: (layers, width) = (4, 128)
        }
        let pass = max(1, tokens)
        let passes = (Self.tokensOfTraining + pass / 2) / pass  // to the nearest
        let most = hasBase ? Self.mostEpochsOfBase : Self.mostEpochs
        epochs = asked ?? min(max(passes, Self.fewestEpochs), most)
        let stepsOf32 = Double(tokens) * Double(epochs) / Double(32 * context)
        if hasBase {
            // It knows how words are spelt and need not be shown them otherwise. In large steps, it would
            // forget what it knows; these are a tenth of the others. In few steps it gets nowhere.
            let isFew = stepsOf32 < Self.fewSteps
            batchWindows = !isFew ? 32 : tokens < Self.fewPages ? 8 : 16
            (learningRate, matrixLearningRate, matrixOptimizer) = (4e-4, 2e-3, .muon)
            (dropout, weightDecay, mergeDropout, halfDepth) = (0.1, 0.05, 0, 0)
            return
        }
        learningRate = Recipe().learningRate
        matrixLearningRate = Recipe().matrixLearningRate
        // A few hundred steps are too few, except of characters: there are more of them in a text, and smaller
        // steps gained nothing.
        let wantsSteps = hasMerges && tokens >= Self.fewPages && stepsOf32 < Self.fewSteps
        batchWindows = wantsSteps ? 16 : 32
        // The more often a text is read, the more has to be done against learning it by heart.
        // Averaged weights do the most of that (Recipe.averaging), and leave little to these.
        let passesThatCount = Double(min(epochs, Self.mostEpochs))
        // Of characters no merges are undone, so dropout has more to do.
        dropout = Self.rounded(
            (hasMerges ? 0.0025 : 0.00375) * passesThatCount, to: 0.01, atLeast: 0.05)
        weightDecay = Self.rounded(0.01 * passesThatCount, to: 0.01, atLeast: 0.05)
        // A tale gets few merges, and more of them have to be undone.
        let undone = Self.rounded(
            (wantsSteps ? 0.000375 : 0.00025) * passesThatCount * passesThatCount, to: 0.05,
            atLeast: 0.05)
        mergeDropout = hasMerges ? undone : 0
        // A text that is read so often leaves a model time to grow; one read less often needs it whole.
        halfDepth = epochs >= Self.mostEpochs ? 0.3 : 0
        // Even steps learn sooner, by heart too: they pay where the most is done against that.
        matrixOptimizer = wantsSteps ? .norMuon : .muon
    }

    private static func rounded(_ x: Double, to step: Double, atLeast least: Double) -> Float {
        Float(max((x / step).rounded() * step, least))
    }
}
