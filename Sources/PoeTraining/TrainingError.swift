package import PoeCore

/// Why a training cannot start, or stopped.
package enum TrainingError: ClassifiedError, Equatable {
    /// A field of the recipe is out of range.
    case invalidRecipe(String)
    /// The training text has fewer tokens than one window needs.
    case textTooShort(tokens: Int, needed: Int)
    /// The loss or the gradient became infinite or not a number.
    case diverged(step: Int, loss: Double)
    /// The pass that gets trained weights used to a file's grid diverged.
    case tuningDiverged(step: Int)
    /// A checkpoint does not belong to this text, tokenizer, shape or recipe.
    case checkpointMismatch(String)

    package var failureKind: FailureKind {
        switch self {
        case .invalidRecipe, .checkpointMismatch: .usage
        case .textTooShort: .malformed
        case .diverged, .tuningDiverged: .internalFault
        }
    }

    package var description: String {
        switch self {
        case .invalidRecipe(let sentence):
            sentence
        case .textTooShort(let tokens, let needed):
            "the training text has \(tokens) tokens, but one window needs \(needed); "
                + "give more text, or train a model of a shorter context"
        case .diverged(let step, let loss):
            "the training diverged at step \(step) (loss \(loss)); the last good checkpoint is kept: "
                + "delete it, lower --learning-rate or --matrix-learning-rate, and start again"
        case .tuningDiverged(let step):
            "tuning to the grid diverged at step \(step); the trained weights are kept: the same command "
                + "with --resume --profile lossless stores them"
        case .checkpointMismatch(let sentence):
            sentence
        }
    }
}
