/// What all measures of a run have in common.
struct Conditions {
    /// Runs of each measure.
    let runs: Int
    /// The most threads to use.
    let threads: Int

    /// One thread, and all of them.
    var threadCounts: [Int] { Set([1, threads]).sorted() }
}
