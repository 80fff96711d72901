package import PoeCore

/// A failure found by a command itself.
package struct CommandFailure: ClassifiedError, Equatable {
    /// What kind of thing went wrong.
    package let failureKind: FailureKind
    /// One sentence that a person can act on.
    package let description: String

    /// Makes a failure.
    package init(_ failureKind: FailureKind, _ description: String) {
        self.failureKind = failureKind
        self.description = description
    }
}

/// Calls `body`; an error of a lower layer that does not name the file is made to.
package func naming<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as any ClassifiedError where !error.description.contains(path) {
        throw CommandFailure(error.failureKind, "\(path): \(error.description)")
    }
}

/// Thrown when Ctrl-C has ended the work and everything has been said.
package struct Interrupted: Error {
    /// Makes the error.
    package init() {}
}

/// How a command ends: the numbers of sysexits(3), and the shell's for an interrupt.
package enum ExitStatus: Int32, Sendable {
    /// All went well.
    case success = 0
    /// The command was called in a way that makes no sense.
    case usage = 64
    /// A file is not what it should be.
    case malformed = 65
    /// A file to be read is missing, unreadable or empty.
    case noInput = 66
    /// The program's own fault.
    case internalFault = 70
    /// A file cannot be created.
    case cannotCreate = 73
    /// Reading or writing failed on the way.
    case inputOutput = 74
    /// Ctrl-C.
    case interrupted = 130

    /// The status for a kind of failure.
    package init(_ kind: FailureKind) {
        self =
            switch kind {
            case .usage: .usage
            case .malformed: .malformed
            case .noInput: .noInput
            case .internalFault: .internalFault
            case .cannotCreate: .cannotCreate
            case .inputOutput: .inputOutput
            }
    }
}
