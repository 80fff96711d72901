/// How long the parts of loading a model took.
package struct LoadTimings: Sendable, Equatable {
    /// Opening and mapping the file.
    package var map = Duration.zero
    /// Reading and checking everything but the weights, ``PoemReader``'s initializer.
    package var verify = Duration.zero
    /// Building the tokenizer's tables.
    package var tokenizer = Duration.zero
    /// Decoding the weights, their hashes and values checked, and packing them for the kernels: each tensor
    /// is packed by the thread that decoded it.
    package var decode = Duration.zero
    /// All parts together.
    package var total: Duration { map + verify + tokenizer + decode }

    /// No time at all.
    package init() {}
}
