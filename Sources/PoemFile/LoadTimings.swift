/// How long the parts of loading a model took.
package struct LoadTimings: Sendable, Equatable {
    /// Opening and mapping the file.
    package var map = Duration.zero
    /// Reading and checking everything but the weights, ``PoemReader``'s initializer.
    package var verify = Duration.zero
    /// Building the tokenizer's tables.
    package var tokenizer = Duration.zero
    /// Decoding the weights, their hashes and values checked.
    package var decode = Duration.zero
    /// Bringing the weights into the form that is computed with.
    package var pack = Duration.zero
    /// All parts together.
    package var total: Duration { map + verify + tokenizer + decode + pack }

    /// No time at all.
    package init() {}
}
