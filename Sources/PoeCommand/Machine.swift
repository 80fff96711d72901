import Poe

/// What the machine has.
package enum Machine {
    /// Threads to use where no number is asked for: one for each processor, and 256 at most.
    package static var threadCount: Int { min(LanguageModel.defaultThreads, 256) }
}
