package import PoeCore
import PoemFile

extension ModelError: ClassifiedError {
    /// What a command that ends with this error tells its caller.
    package var failureKind: FailureKind {
        switch self {
        case .file(let error): error.failureKind
        case .tokenizer: .malformed
        case .tooLargeForIntegers: .usage
        }
    }
}
