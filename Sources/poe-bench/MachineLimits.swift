import PoeCommand
import PoeCore
import PoeNumerics
import Synchronization

/// What the machine can do at most, measured in the same run as the figures held against it.
struct MachineLimits {
    /// The limits of one number of threads, a second.
    private struct Limits {
        var multiplyAdds: [Arithmetic: Double] = [:]
        /// Bytes of as much memory as the packed weights take.
        var read = 0.0
    }

    private var limits: [Int: Limits] = [:]

    /// Measures and reports the limits.
    ///
    /// - Parameter weightBytes: The packed weights' size: reading speed depends on which cache holds them.
    init(_ conditions: Conditions, weightBytes: Int, report: Report) throws {
        for threads in conditions.threadCounts {
            let workers = Workers(threads: threads, runs: conditions.runs)
            var measured = Limits()
            for (arithmetic, figure) in [
                (Arithmetic.f32, workers.floats(.f32)), (.int8, workers.bytes()),
            ] {
                try report.add(figure)
                // A multiply-add counts as two operations in what people read.
                measured.multiplyAdds[arithmetic] = figure.value * 1e9 / 2
            }
            let near = workers.reading(weightBytes)
            measured.read = near.value * 1e9
            try report.add(near)
            limits[threads] = measured
        }
    }

    /// Measures and reports how many multiply-adds of bfloat16, which training alone uses, there are
    /// in a second on all threads.
    static func bf16MultiplyAdds(_ conditions: Conditions, _ report: Report) throws -> Double {
        let figure = Workers(threads: conditions.threads, runs: conditions.runs).floats(.bf16)
        try report.add(figure)
        return figure.value * 1e9 / 2
    }

    /// Reports how fast memory beyond the caches is read, which no bound here is made of.
    ///
    /// Apart from the other limits because it takes memory itself.
    static func reportMemory(_ conditions: Conditions, _ report: Report) throws {
        for threads in conditions.threadCounts {
            let workers = Workers(threads: threads, runs: conditions.runs)
            try report.add(workers.reading(128_000_000))
        }
    }

    /// Tokens a second that neither arithmetic nor reading lets a pass exceed.
    ///
    /// - Parameters:
    ///   - tokens: Tokens of one pass.
    ///   - multiplyAdds: Of the pass.
    ///   - bytes: Weights read in the pass.
    func bound(
        tokens: Int, multiplyAdds: Int, in arithmetic: Arithmetic, bytes: Int, threads: Int
    ) -> Double? {
        guard let limits = limits[threads], let peak = limits.multiplyAdds[arithmetic]
        else { return nil }
        return Double(tokens) / max(Double(multiplyAdds) / peak, Double(bytes) / limits.read)
    }
}

/// Threads that do nothing but reach a limit.
private struct Workers {
    let threads: Int
    let runs: Int
    private let compute: Compute
    private let kernels = IntegerKernels()

    /// Length of the arithmetic: tens to hundreds of milliseconds.
    private static let rounds = 10_000_000

    init(threads: Int, runs: Int) {
        self.threads = threads
        self.runs = runs
        compute = Compute(threads: threads)
    }

    /// Operations a second of multiply-adds into f32.
    func floats(_ precision: Precision) -> Measurement {
        var operations = 0
        let seconds = Stopwatch.seconds(runs: runs) {
            operations = compute.spendMultiplyAdds(rounds: Self.rounds, precision: precision)
        }
        return limit(
            "\(precision.rawValue) multiply-adds", Double(operations), seconds, "GFLOP/s")
    }

    /// Operations a second of sums of products of bytes.
    func bytes() -> Measurement {
        let operations = Atomic(0)
        let seconds = Stopwatch.seconds(runs: runs) {
            operations.store(0, ordering: .relaxed)
            compute.pool.run(threads) { _ in
                operations.add(kernels.spendDots(rounds: Self.rounds), ordering: .relaxed)
            }
        }
        let count = Double(operations.load(ordering: .relaxed))
        return limit("int8 multiply-adds", count, seconds, "GOP/s")
    }

    /// Bytes a second, each thread reading its own part of so many bytes again and again.
    func reading(_ bytes: Int) -> Measurement {
        // Whole cache lines for each thread.
        let part = max(16, bytes / 4 / threads / 16 * 16)
        let buffer = FloatBuffer(count: part * threads)
        // Written once: pages that nobody wrote are all the same page of zeros, always in the cache.
        buffer.vector(count: buffer.count).fill(1)
        let passes = max(1, 128_000_000 / (4 * buffer.count))
        let seconds = Stopwatch.seconds(runs: runs) {
            compute.pool.run(threads) { thread in
                for _ in 0..<passes {
                    _ = unsafe kernels.readBytes(buffer.pointer + thread * part, count: 4 * part)
                }
            }
        }
        return limit(
            "read of \(Format.bytes(bytes))", Double(passes * 4 * buffer.count), seconds, "GB/s")
    }

    private func limit(
        _ detail: String, _ amount: Double, _ seconds: [Double], _ unit: String
    ) -> Measurement {
        Measurement(
            "limit", detail, threads: threads, values: seconds.map { amount / $0 / 1e9 }, unit: unit
        )
    }
}
