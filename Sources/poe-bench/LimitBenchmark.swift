import PoeNumerics

/// What the machine can do at most, in the same run as the figures that are held against it.
struct LimitBenchmark {
    let runs: Int
    let threads: Int

    func run(_ note: (Measurement) throws -> Void) throws {
        for count in Set([1, threads]).sorted() {
            let compute = Compute(threads: count)
            var operations = 0
            let arithmetic = Stopwatch.seconds(runs: runs) {
                operations = compute.spendMultiplyAdds(rounds: 10_000_000)
            }
            try note(
                Measurement(
                    "limit", "f32 multiply-adds", threads: count,
                    values: arithmetic.map { Double(operations) / $0 / 1e9 }, unit: "GFLOP/s"))
            // About the size of the reference model in f32: it may stay in the last-level cache.
            let buffer = FloatBuffer(count: 4_900_000)
            let reading = Stopwatch.seconds(runs: runs) {
                for _ in 0..<4 { _ = compute.readThrough(buffer.vector(count: buffer.count)) }
            }
            try note(
                Measurement(
                    "limit", "read of 19.6 MB", threads: count,
                    values: reading.map { 4 * 4 * Double(buffer.count) / $0 / 1e9 }, unit: "GB/s"))
        }
    }
}
