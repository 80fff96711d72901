package import ArgumentParser
import PoeCommand

extension ParsableCommand {
    /// Parses the program's arguments, runs the command, and ends the program with the status that
    /// belongs to what happened; an error has been reported in one sentence on standard error.
    ///
    /// - Parameter catchesInterrupt: Whether Ctrl-C is a wish that the command looks at
    ///   (`Interrupt`); otherwise it ends the program wherever it is.
    package static func runCommand(catchesInterrupt: Bool = true) -> Never {
        CommandRunner.run(catchesInterrupt: catchesInterrupt) {
            var command = try parseAsRoot()
            try command.run()
        } reportOther: { error in
            report(error)
        }
    }

    private static func report(_ error: any Error) -> ExitStatus {
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
