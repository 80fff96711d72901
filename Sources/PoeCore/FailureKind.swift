/// What kind of thing went wrong, as far as a caller of a command can act on it.
package enum FailureKind: Sendable, CaseIterable {
    /// The command was called in a way that makes no sense.
    case usage
    /// A file was read and is not what it should be.
    case malformed
    /// A file or folder that was to be read is missing, unreadable or empty.
    case noInput
    /// The program's own fault.
    case internalFault
    /// A file or folder cannot be created.
    case cannotCreate
    /// Reading or writing failed on the way.
    case inputOutput
}

/// An error that knows its kind; its description is one sentence a person can act on.
package protocol ClassifiedError: Error, CustomStringConvertible {
    /// What kind of thing went wrong.
    var failureKind: FailureKind { get }
}
