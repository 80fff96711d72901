import Poe
import PoeCore

/// How a program runs and ends.
package enum CommandRunner {
    /// Runs a program's work and ends the program with the status that belongs to what happened; an
    /// error has been reported in one sentence on standard error.
    ///
    /// - Parameters:
    ///   - catchesInterrupt: Whether Ctrl-C is a wish that the command looks at (``Interrupt``);
    ///     otherwise it ends the program wherever it is.
    ///   - usesKernels: Whether a `POE_KERNELS` that names no kernels of this machine is refused first.
    ///   - body: The work.
    ///   - reportOther: Reports what ``Failure`` does not know, and says how the program ends.
    package static func run(
        catchesInterrupt: Bool = true, usesKernels: Bool = true, _ body: () throws -> Void,
        reportOther: (any Error) -> ExitStatus = { _ in .internalFault }
    ) -> Never {
        if catchesInterrupt { Interrupt.install() }
        Interrupt.letSignalsThrough()
        do {
            if usesKernels { try TextGenerator.checkKernels() }
            try body()
            System.end(.success)
        } catch is Interrupted {
            System.end(.interrupted)
        } catch {
            guard let failure = Failure(error) else { System.end(reportOther(error)) }
            Output.fail(failure.message)
            System.end(failure.status)
        }
    }

    /// Reads the program's command line, runs `body` with what it says, and ends the program as
    /// ``run(catchesInterrupt:usesKernels:_:reportOther:)`` does.
    package static func run<Values>(
        _ syntax: ArgumentSyntax<Values>, _ values: Values, _ body: (Values) throws -> Void
    ) -> Never {
        run {
            var values = values
            switch try syntax.parse(Array(CommandLine.arguments.dropFirst()), into: &values) {
            case .show(let text): try Output.write(text)
            case .run: try body(values)
            }
        } reportOther: { error in
            Output.note(
                """
                error: \(error)
                Usage: \(syntax.usage)
                  See '\(syntax.name) --help' for more information.
                """)
            return .usage
        }
    }
}

/// How an error ends a program.
package struct Failure: Equatable {
    /// One sentence that a person can act on.
    package let message: String
    /// The program's status.
    package let status: ExitStatus

    /// Classifies an error; `nil` for those about the command line, which are told with its usage.
    package init?(_ error: any Error) {
        switch error {
        case let error as any ClassifiedError:
            (message, status) = (error.description, ExitStatus(error.failureKind))
        case let error as ConfigurationError:
            (message, status) = (error.description, .malformed)
        case is UsageError:
            return nil
        case let error where Self.isFromParser(error):
            return nil
        default:
            (message, status) = ("internal error: \(error)", .internalFault)
        }
    }

    /// The general parser's own errors, most of them internal types of its module.
    private static func isFromParser(_ error: any Error) -> Bool {
        String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
    }
}
