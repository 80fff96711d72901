package import ArgumentParser
import PoeCommand

/// The option that names threads, for commands whose result does not depend on them.
package struct ThreadOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: "Threads (default: the processors it may use). No effect on the result.")
    package var threads: Int?

    /// How many to use.
    package var count: Int { threads ?? Machine.threadCount }

    package init() {}

    package func validate() throws { try Self.check(threads) }

    /// Throws if so many threads cannot be asked for; also for a command whose own option says more of them.
    package static func check(_ threads: Int?) throws {
        let range = 1...Machine.mostThreads
        if let threads, !range.contains(threads) {
            throw ValidationError("--threads is \(threads); expected 1 to \(range.upperBound)")
        }
    }
}
