import PoeNumerics
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Prints how fast the products of the reference model's training are, on one thread.
///
///     POE_SPEED=1 swift test -c release --filter SpeedReport
///
/// It asserts nothing. The best of many runs counts, in processor time of the thread, so that the
/// machine's other work disturbs little; the peak is measured in the same run.
@Suite(.serialized, .enabled(if: isAsked)) struct SpeedReport {
    private func bestSeconds(_ runs: Int, _ body: () -> Void) -> Double {
        (0..<runs).reduce(Double.infinity) { best, _ in
            var (start, end) = (timespec(), timespec())
            unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
            body()
            unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
            let seconds = Double(end.tv_sec - start.tv_sec)
            return min(best, seconds + Double(end.tv_nsec - start.tv_nsec) * 1e-9)
        }
    }

    private func show(_ name: String, _ operations: Double, _ seconds: Double, of peak: Double) {
        let rate = operations / seconds / 1e9
        let tenths = (rate * 10).rounded() / 10
        print("| \(name) | \(tenths) | \(Int((100 * rate / peak).rounded()))% |")
    }

    @Test(arguments: KernelSet.available.filter { $0 != .scalar })
    func products(set: KernelSet) {
        let compute = Compute(threads: 1, kernels: set)
        var operations = 0
        let peakSeconds = bestSeconds(50) {
            operations = compute.spendMultiplyAdds(rounds: 200_000)
        }
        let peak = Double(operations) / peakSeconds / 1e9
        print("\(set.rawValue): peak \(peak.rounded()) GFLOP/s on one core")
        print("| product, M x K x N | GFLOP/s | of peak |\n|---|---|---|")
        let rows = 1_024
        for (name, inputs, outputs) in [
            ("qkv", 256, 768), ("projection", 256, 256), ("up", 256, 1_024), ("down", 1_024, 256),
            ("logits, 512 tokens", 256, 512), ("logits, 146 tokens", 256, 146),
        ] {
            let x = Table(rows, inputs, seed: 1, margin: 0)
            let dY = Table(rows, outputs, seed: 2, margin: 0)
            let weights = Table(outputs, inputs, seed: 3, margin: 0)
            let count = 2 * Double(rows * inputs * outputs)
            show(
                "forward \(name), \(rows) x \(inputs) x \(outputs)", count,
                bestSeconds(40) {
                    compute.multiply(x.matrix, weights.matrix, transposeB: true, into: dY.matrix)
                }, of: peak)
            show(
                "dX \(name), \(rows) x \(outputs) x \(inputs)", count,
                bestSeconds(40) { compute.multiply(dY.matrix, weights.matrix, into: x.matrix) },
                of: peak)
            dY.matrix.fill(0.5)
            x.matrix.fill(0.25)
            show(
                "dW \(name), \(outputs) x \(rows) x \(inputs)", count,
                bestSeconds(40) {
                    compute.multiply(
                        dY.matrix, transposeA: true, x.matrix, into: weights.matrix,
                        accumulate: true)
                }, of: peak)
        }
    }

    @Test(arguments: KernelSet.available.filter { $0 != .scalar })
    func attention(set: KernelSet) {
        let compute = Compute(threads: 1, kernels: set)
        let qkv = Table(1_024, 768, seed: 1, margin: 0)
        let out = Table(1_024, 256, seed: 2, margin: 0)
        let dQKV = Table(1_024, 768, seed: 3, margin: 0)
        let sums = Table(1, 8_192, seed: 4)
        let forward = bestSeconds(40) {
            compute.attention(
                qkv: qkv.matrix, batch: 8, headCount: 8, into: out.matrix,
                logSumExp: sums.vector, dropout: nil)
        }
        let backward = bestSeconds(40) {
            compute.attentionBackward(
                dOut: out.matrix, qkv: qkv.matrix, out: out.matrix, logSumExp: sums.vector,
                batch: 8, headCount: 8, dropout: nil, into: dQKV.matrix)
        }
        print(
            "\(set.rawValue): attention of 8 windows of 128, 8 heads of 32:",
            "forward \((forward * 1e5).rounded() / 100) ms,",
            "backward \((backward * 1e5).rounded() / 100) ms")
    }
}

private let isAsked = unsafe getenv("POE_SPEED") != nil
