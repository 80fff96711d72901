import PoeCore
import PoeInference
import PoeModel
import PoeTokenizer

/// What can go wrong when a model is opened or used.
///
/// The description is one sentence that says what is wrong, where, and what was expected.
public struct PoeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of errors.
    ///
    /// A later version may have more: give a `switch` over them a `default`.
    public enum Code: Sendable, Hashable {
        /// There is no such file, or it may not be read.
        case noInput
        /// The file breaks a rule of the format.
        case malformedFile
        /// Reading failed on the way.
        case inputOutput
        /// An option is out of range.
        case invalidOption
        /// A text has a character that the model does not know, and the policy is `.error`.
        case unknownCharacter
        /// The text does not fit into the context, and the policy is `.error`.
        case contextTooShort
        /// The file is whole, but the model's numbers are infinite or none: it says nothing.
        case notFinite
        /// A fault of this library.
        case internalFault
    }

    /// The kind of error.
    public let code: Code
    /// One sentence.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    init(_ error: ModelError) {
        let code: Code =
            switch error.failureKind {
            case .usage: .invalidOption
            case .malformed: .malformedFile
            case .noInput: .noInput
            case .inputOutput: .inputOutput
            case .internalFault, .cannotCreate: .internalFault
            }
        self.init(code, error.description)
    }

    init(_ error: TokenizerError) {
        self.init(.unknownCharacter, error.description)
    }

    init(_ error: GenerationError) {
        let code: Code =
            switch error {
            case .sampling: .invalidOption
            case .contextTooShort: .contextTooShort
            case .notFinite: .notFinite
            case .emptyPrompt, .unknownToken: .internalFault
            }
        self.init(code, error.description)
    }
}

extension PoeError: ClassifiedError {
    /// The kind of failure, as commands report it.
    package var failureKind: FailureKind {
        switch code {
        case .noInput: .noInput
        case .malformedFile, .notFinite: .malformed
        case .inputOutput: .inputOutput
        case .invalidOption, .unknownCharacter, .contextTooShort: .usage
        case .internalFault: .internalFault
        }
    }
}
