import Poe

/// What the machine has.
package enum Machine {
    /// The most threads that can be asked for.
    package static let mostThreads = LanguageModel.mostThreads
    /// Threads to use where no number is asked for: one for each processor, and ``mostThreads`` at most.
    package static var threadCount: Int { LanguageModel.defaultThreads }
}
