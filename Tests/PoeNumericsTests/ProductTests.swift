import PoeCore
import PoeNumerics
import Testing

@Suite struct ProductTests {
    /// The written order, one element at a time.
    private func reference(
        _ a: [Float], _ b: [Float], old: [Float]?, bias: [Float]?, m: Int, k: Int, n: Int
    ) -> [Float] {
        var out = [Float](repeating: 0, count: m * n)
        for i in 0..<m {
            for j in 0..<n {
                var value = old?[i * n + j] ?? 0
                for block in stride(from: 0, to: max(k, 1), by: 256) {
                    var sum: Float = 0
                    for p in block..<min(k, block + 256) {
                        sum = sum.addingProduct(a[i * k + p], b[p * n + j])
                    }
                    value = block == 0 && old == nil ? sum : value + sum
                    if block == 0, let bias { value += bias[j] }
                }
                out[i * n + j] = value
            }
        }
        return out
    }

    private func transposed(_ table: Table) -> Table {
        let out = Table(table.matrix.columns, table.matrix.rows, seed: 0)
        for r in 0..<table.matrix.rows {
            for c in 0..<table.matrix.columns { out.matrix[c, r] = table.matrix[r, c] }
        }
        return out
    }

    static let shapes: [(Int, Int, Int)] =
        (1...70).map { (1 + $0 % 13, 1 + $0 * 7 % 71, $0) }
        + [
            (1, 256, 768), (7, 513, 65), (97, 300, 146), (50, 1, 17), (49, 257, 129), (3, 0, 5),
            (401, 260, 20),
        ]

    @Test(arguments: shapes) func matchesWrittenOrder(m: Int, k: Int, n: Int) {
        let a = Table(m, k, seed: 1)
        let b = Table(k, n, seed: 2)
        let bias = Table(1, n, seed: 3)
        let aT = transposed(a)
        let bT = transposed(b)
        let plain = reference(a.floats, b.floats, old: nil, bias: bias.floats, m: m, k: k, n: n)
        let old = Table(m, n, seed: 4).floats
        let added = reference(a.floats, b.floats, old: old, bias: nil, m: m, k: k, n: n)
        for (set, threads) in computations {
            let compute = Compute(threads: threads, kernels: set)
            let packed = compute.pack(bT.matrix, transposeB: true)
            for way in 0..<5 {
                let c = Table(m, n, seed: 4)
                let d = Table(m, n, seed: 4)
                for (out, accumulates) in [(c.matrix, false), (d.matrix, true)] {
                    let bias = accumulates ? nil : bias.vector
                    if way == 4 {
                        compute.multiply(
                            a.matrix, packed, into: out, accumulate: accumulates, bias: bias)
                    } else {
                        compute.multiply(
                            way & 1 == 0 ? a.matrix : aT.matrix, transposeA: way & 1 == 1,
                            way & 2 == 0 ? b.matrix : bT.matrix, transposeB: way & 2 == 2,
                            into: out, accumulate: accumulates, bias: bias)
                    }
                }
                #expect(c.floats == plain, "\(set), \(threads) threads, way \(way)")
                #expect(d.floats == added, "\(set), \(threads) threads, way \(way)")
                #expect(c.marginIsIntact && d.marginIsIntact)
            }
        }
    }
}
