/// Times work.
enum Stopwatch {
    /// Seconds that each of `runs` calls of `work` takes, after one that does not count.
    static func seconds(runs: Int, _ work: () throws -> Void) rethrows -> [Double] {
        try work()
        return try (0..<runs).map { _ in try seconds(work) }
    }

    /// Seconds that `work` takes.
    static func seconds(_ work: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try work()
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
