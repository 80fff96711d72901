package import PoeCore

extension PoemError: ClassifiedError {
    /// What a command that ends with this error tells its caller.
    package var failureKind: FailureKind {
        switch self {
        case .malformed: .malformed
        case .noSuchFile, .notRegularFile, .notReadable: .noInput
        case .unencodable: .internalFault
        case .cannotCreate: .cannotCreate
        case .readFailed, .writeFailed: .inputOutput
        }
    }
}
