package import ArgumentParser
import PoeCommand

/// The option that names threads, for commands whose result does not depend on them.
package struct ThreadOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: "Threads (default: the machine's cores). No effect on the result.")
    package var threads: Int?

    /// How many to use.
    package var count: Int { threads ?? Machine.threadCount }

    package init() {}

    package func validate() throws {
        if let threads, !(1...1_024).contains(threads) {
            throw ValidationError("--threads is \(threads); expected 1 to 1024")
        }
    }
}
