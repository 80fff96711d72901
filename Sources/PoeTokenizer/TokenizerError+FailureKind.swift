package import PoeCore

extension TokenizerError: ClassifiedError {
    /// What a command that ends with this error tells its caller: text or model are not as needed.
    package var failureKind: FailureKind { .malformed }
}
