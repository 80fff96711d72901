package import ArgumentParser
import PoeCore

extension ParsableCommand {
    /// Parses the program's arguments, runs the command, and ends the program with the status that
    /// belongs to what happened; an error has been reported in one sentence on standard error.
    ///
    /// - Parameter catchesInterrupt: Whether Ctrl-C is a wish that the command looks at
    ///   (``Interrupt``); otherwise it ends the program wherever it is.
    package static func runCommand(catchesInterrupt: Bool = true) -> Never {
        if catchesInterrupt { Interrupt.install() }
        do {
            var command = try parseAsRoot()
            try command.run()
            System.end(.success)
        } catch {
            System.end(report(error))
        }
    }

    private static func report(_ error: any Error) -> ExitStatus {
        if error is Interrupted { return .interrupted }
        if let failure = Failure(error) {
            Output.fail(failure.message)
            return failure.status
        }
        let code = exitCode(for: error)
        let message = fullMessage(for: error)
        guard code != .success else {
            // Help and version are what was asked for: they belong on standard output.
            try? Output.write(message.hasSuffix("\n") ? message : message + "\n")
            return .success
        }
        if !message.isEmpty {
            let text = message.hasPrefix("Error: ") ? "error: " + message.dropFirst(7) : message
            Output.note(text)
        }
        return ExitStatus(rawValue: code.rawValue) ?? .internalFault
    }
}

/// How an error ends a program.
package struct Failure: Equatable {
    /// One sentence that a person can act on.
    package let message: String
    /// The program's status.
    package let status: ExitStatus

    /// Classifies an error; `nil` for those that the argument parser reports.
    package init?(_ error: any Error) {
        switch error {
        case let error as any ClassifiedError:
            (message, status) = (error.description, ExitStatus(error.failureKind))
        case let error as ConfigurationError:
            (message, status) = (error.description, .malformed)
        case is ValidationError, is CleanExit, is ExitCode:
            return nil
        case let error where Self.isFromParser(error):
            return nil
        default:
            (message, status) = ("internal error: \(error)", .internalFault)
        }
    }

    /// The parser's own errors are internal types of its module.
    private static func isFromParser(_ error: any Error) -> Bool {
        String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
    }
}
