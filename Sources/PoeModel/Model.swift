package import PoeCore
package import PoeTokenizer
package import PoemFile

/// A language model: everything that a finished `.poem` file holds, decoded.
package struct Model: Sendable {
    /// Sizes and choices.
    package var configuration: ModelConfiguration { weights.configuration }
    /// Text to tokens and back; as many tokens as the configuration says.
    package var tokenizer: Tokenizer
    /// f32, whatever the file stores.
    package var weights: ModelWeights
    /// The model card, Markdown.
    package var card: String?
    /// Facts about the model.
    package var metadata: Metadata
    /// Losses with their protocol, and the loss that compression cost.
    package var evaluation: Metadata
    /// The recipe of the training.
    package var training: Metadata
    /// Sections that this version does not know; kept when the model is written again.
    package var extraSections: [ExtraSection]

    /// Puts a model together.
    package init(
        tokenizer: Tokenizer, weights: ModelWeights, card: String? = nil, metadata: Metadata = [:],
        evaluation: Metadata = [:], training: Metadata = [:], extraSections: [ExtraSection] = []
    ) {
        self.tokenizer = tokenizer
        self.weights = weights
        self.card = card
        self.metadata = metadata
        self.evaluation = evaluation
        self.training = training
        self.extraSections = extraSections
    }
}

/// Why a file is no model that can be used.
package enum ModelError: ClassifiedError, Equatable {
    /// The file cannot be read or written, or breaks a rule of the format.
    case file(PoemError)
    /// The file's tokenizer cannot be built.
    case tokenizer(TokenizerError)
    /// int8 was asked for, and sums over so wide a layer or so long a context do not fit its 32 bits.
    case tooLargeForIntegers

    /// What a command that ends with this error tells its caller.
    package var failureKind: FailureKind {
        switch self {
        case .file(let error): error.failureKind
        case .tokenizer: .malformed
        case .tooLargeForIntegers: .usage
        }
    }

    package var description: String {
        switch self {
        case .file(let error): error.description
        case .tokenizer(let error): "the tokenizer in the file cannot be used: \(error)"
        case .tooLargeForIntegers:
            "the model is too large for int8: expected layers of at most "
                + "\(PackedWeights.mostIntegerInputs) inputs and a context of at most "
                + "\(PackedWeights.mostIntegerPositions); use f32"
        }
    }
}
