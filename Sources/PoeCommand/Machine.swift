import Poe

/// The version of the programs.
package enum Version {
    /// As `--version` prints it; see `CHANGELOG.md`.
    package static let text = "0.1.0"
}

/// What the machine has.
package enum Machine {
    /// Threads to use where no number is asked for: one for each processor, and 256 at most.
    package static var threadCount: Int { min(LanguageModel.defaultThreads, 256) }
}
