package import ArgumentParser
import PoeCommand

extension ParsableCommand {
    /// Parses the program's arguments, runs the command, and ends the program with the status that
    /// belongs to what happened; an error has been reported in one sentence on standard error.
    ///
    /// - Parameters:
    ///   - catchesInterrupt: Whether Ctrl-C is a wish that the command looks at (`Interrupt`);
    ///     otherwise it ends the program wherever it is.
    ///   - usesKernels: Whether a `POE_KERNELS` that names no kernels of this machine is refused.
    package static func runCommand(
        catchesInterrupt: Bool = true, usesKernels: Bool = true
    ) -> Never {
        CommandRunner.run(catchesInterrupt: catchesInterrupt, usesKernels: usesKernels) {
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
        if !message.isEmpty { Output.note(brief(message)) }
        return ExitStatus(rawValue: code.rawValue) ?? .internalFault
    }

    /// The error and how the command is called.
    ///
    /// The parser shows the whole help to those who typed nothing but the command's name, and the error
    /// scrolls away.
    private static func brief(_ message: String) -> String {
        guard message.hasPrefix("Error: ") else { return message }
        let text = "error: " + named(message.dropFirst(7))
        guard let help = text.firstRange(of: "\n\nOVERVIEW: "),
            let usage = text.firstRange(of: "\nUSAGE: ")
        else { return text }
        let program = configuration.commandName ?? ""
        return text[..<help.lowerBound] + "\nUsage: "
            + text[usage.upperBound...].prefix { $0 != "\n" }
            + "\n  See '\(program) --help' for more information."
    }

    /// The message; of a misspelt subcommand the parser says no more than that its words are not expected.
    private static func named(_ message: Substring) -> String {
        let names = configuration.subcommands.compactMap { $0.configuration.commandName }
        guard !names.isEmpty, let word = CommandLine.arguments.dropFirst().first,
            !word.hasPrefix("-"), !(names + ["help"]).contains(word)
        else { return String(message) }
        return "there is no subcommand '\(word)'; expected one of \(names.joined(separator: ", "))"
            + message.drop { $0 != "\n" }
    }
}
