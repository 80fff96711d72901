import PoeCommand
import PoeNumerics

/// What the machine can do at most, measured in the same run as the figures held against it.
struct MachineLimits {
    /// The limits of one number of threads.
    private struct Limits {
        /// f32 multiply-adds a second.
        var multiplyAdds = 0.0
        /// Bytes a second, of as many bytes as the model's packed weights.
        var read = 0.0
    }

    private var limits: [Int: Limits] = [:]

    /// Measures and reports the limits.
    ///
    /// - Parameter weightBytes: The packed weights' size: reading speed depends on which cache holds them.
    init(_ conditions: Conditions, weightBytes: Int, report: Report) throws {
        for threads in conditions.threadCounts {
            let compute = Compute(threads: threads)
            let arithmetic = Self.multiplyAdds(compute, conditions, report)
            try report.add(arithmetic)
            let near = Self.reading(weightBytes, compute, conditions)
            try report.add(near)
            try report.add(Self.reading(128_000_000, compute, conditions))
            limits[threads] = Limits(
                multiplyAdds: arithmetic.value * 1e9 / 2, read: near.value * 1e9)
        }
    }

    /// Tokens a second that neither arithmetic nor reading lets a pass exceed.
    ///
    /// - Parameters:
    ///   - tokens: Tokens of one pass.
    ///   - multiplyAdds: Of the pass.
    ///   - bytes: Weights read in the pass.
    func bound(tokens: Int, multiplyAdds: Int, bytes: Int, threads: Int) -> Double? {
        guard let limits = limits[threads] else { return nil }
        let seconds = max(Double(multiplyAdds) / limits.multiplyAdds, Double(bytes) / limits.read)
        return Double(tokens) / seconds
    }

    private static func multiplyAdds(
        _ compute: Compute, _ conditions: Conditions, _ report: Report
    ) -> Measurement {
        var operations = 0
        let seconds = Stopwatch.seconds(runs: conditions.runs) {
            operations = compute.spendMultiplyAdds(rounds: 10_000_000)
        }
        return Measurement(
            "limit", "f32 multiply-adds", threads: compute.threads,
            values: seconds.map { Double(operations) / $0 / 1e9 }, unit: "GFLOP/s")
    }

    private static func reading(
        _ bytes: Int, _ compute: Compute, _ conditions: Conditions
    ) -> Measurement {
        let buffer = FloatBuffer(count: max(1, bytes / 4))
        // Enough passes that one timing takes some milliseconds.
        let passes = max(1, 128_000_000 / max(1, bytes))
        let seconds = Stopwatch.seconds(runs: conditions.runs) {
            for _ in 0..<passes { _ = compute.readThrough(buffer.vector(count: buffer.count)) }
        }
        return Measurement(
            "limit", "read of \(Format.bytes(bytes))", threads: compute.threads,
            values: seconds.map { Double(passes * 4 * buffer.count) / $0 / 1e9 }, unit: "GB/s")
    }
}
