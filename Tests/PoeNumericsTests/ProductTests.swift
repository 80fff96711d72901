import PoeCore
import PoeNumerics
import Testing

@Suite struct ProductTests {
    /// The written order, one element at a time.
    private func reference(
        _ a: [Float], _ b: [Float], old: [Float]?, bias: [Float]?, m: Int, k: Int, n: Int,
        _ precision: Precision
    ) -> [Float] {
        if precision == .bf16 {
            return referenceOfGroups(
                a.map(\.roundedToBF16), b.map(\.roundedToBF16), old: old, bias: bias, m: m, k: k,
                n: n)
        }
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

    /// The written order in bf16, of rounded operands.
    private func referenceOfGroups(
        _ a: [Float], _ b: [Float], old: [Float]?, bias: [Float]?, m: Int, k: Int, n: Int
    ) -> [Float] {
        var out = [Float](repeating: 0, count: m * n)
        for i in 0..<m {
            for j in 0..<n {
                var value = old?[i * n + j] ?? 0
                if let bias { value += bias[j] }
                for group in stride(from: 0, to: k, by: 32) {
                    var chains: [Float] = [0, 0]
                    for p in group..<min(k, group + 32) {
                        chains[p % 2] = chains[p % 2].addingProduct(a[i * k + p], b[p * n + j])
                    }
                    value += chains[0] + chains[1]
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

    @Test(arguments: shapes, Precision.allCases)
    func matchesWrittenOrder(_ shape: (Int, Int, Int), _ precision: Precision) {
        let (m, k, n) = shape
        let a = Table(m, k, seed: 1)
        let b = Table(k, n, seed: 2)
        let bias = Table(1, n, seed: 3)
        let aT = transposed(a)
        let bT = transposed(b)
        let plain = reference(
            a.floats, b.floats, old: nil, bias: bias.floats, m: m, k: k, n: n, precision
        ).map(\.bitPattern)
        let old = Table(m, n, seed: 4).floats
        let added = reference(
            a.floats, b.floats, old: old, bias: nil, m: m, k: k, n: n, precision
        ).map(\.bitPattern)
        let both = reference(
            a.floats, b.floats, old: old, bias: bias.floats, m: m, k: k, n: n, precision
        ).map(\.bitPattern)
        for (set, threads) in computations {
            let compute = Compute(threads: threads, kernels: set)
            let packed = [
                compute.pack(b.matrix, transposeB: false, precision: precision),
                compute.pack(bT.matrix, transposeB: true, precision: precision),
            ]
            for way in 0..<6 {
                let c = Table(m, n, seed: 4)
                let d = Table(m, n, seed: 4)
                let e = Table(m, n, seed: 4)
                for (out, accumulates, hasBias) in [
                    (c.matrix, false, true), (d.matrix, true, false), (e.matrix, true, true),
                ] {
                    let bias = hasBias ? bias.vector : nil
                    if way >= 4 {
                        compute.multiply(
                            a.matrix, packed[way - 4], into: out, accumulate: accumulates,
                            bias: bias)
                    } else {
                        compute.multiply(
                            way & 1 == 0 ? a.matrix : aT.matrix, transposeA: way & 1 == 1,
                            way & 2 == 0 ? b.matrix : bT.matrix, transposeB: way & 2 == 2,
                            into: out, accumulate: accumulates, bias: bias,
                            precision: precision)
                    }
                }
                #expect(c.bits == plain, "\(set), \(threads) threads, way \(way)")
                #expect(d.bits == added, "\(set), \(threads) threads, way \(way)")
                #expect(e.bits == both, "\(set), \(threads) threads, way \(way)")
                #expect(c.marginIsIntact && d.marginIsIntact && e.marginIsIntact)
            }
        }
    }

    @Test(
        arguments: [(1, 5), (16, 16), (63, 17), (64, 256), (65, 300), (130, 513)],
        Precision.allCases)
    func symmetricIsTheWholeProduct(_ shape: (side: Int, depth: Int), _ precision: Precision) {
        let x = Table(shape.side, shape.depth, seed: 5)
        let xT = transposed(x)
        for kernels in KernelSet.available {
            for threads in [1, 3] {
                let compute = Compute(threads: threads, kernels: kernels)
                let whole = Table(shape.side, shape.side, seed: 6)
                compute.multiply(
                    x.matrix, x.matrix, transposeB: true, into: whole.matrix, precision: precision)
                let rows = Table(shape.side, shape.side, seed: 7)
                compute.multiply(
                    x.matrix, x.matrix, transposeB: true, into: rows.matrix,
                    precision: precision, isSymmetric: true)
                #expect(rows.bits == whole.bits)
                let columns = Table(shape.side, shape.side, seed: 8)
                compute.multiply(
                    xT.matrix, transposeA: true, xT.matrix, into: columns.matrix,
                    precision: precision, isSymmetric: true)
                #expect(columns.bits == whole.bits)
                let square = Table(shape.side, shape.side, seed: 9)
                compute.multiply(
                    whole.matrix, whole.matrix, into: square.matrix, precision: precision)
                compute.multiply(
                    whole.matrix, whole.matrix, into: rows.matrix, precision: precision,
                    isSymmetric: true)
                #expect(rows.bits == square.bits)
            }
        }
    }

    /// Rounding of operands and flushing of sums, where they could differ between instruction sets.
    @Test func bf16TakesEdgesTheSame() {
        let least = Float.leastNormalMagnitude
        let edges: [Float] = [
            0, -0.0, 1, -1, 1.00390625, 1.01171875, 1.0039063, 65_504, 3.3e38, .infinity,
            least, least / 2, -least / 3, .leastNonzeroMagnitude, least * 1.5, 1e-30, -2e-25,
            least.nextDown, 3e-20, -3e-20,
        ]
        let a = Table(edges.count, 2, seed: 1)
        let b = Table(2, edges.count, seed: 2)
        for (i, value) in edges.enumerated() {
            (a.matrix[i, 0], a.matrix[i, 1]) = (value, edges[(i * 7 + 3) % edges.count])
            (b.matrix[0, i], b.matrix[1, i]) = (value, edges[(i * 11 + 5) % edges.count])
        }
        let results = sameOnAll { compute in
            let c = Table(edges.count, edges.count, seed: 3)
            compute.multiply(a.matrix, b.matrix, into: c.matrix, precision: .bf16)
            // One infinity less another is not a number, whose bits are nobody's business.
            for i in edges.indices {
                for j in edges.indices where c.matrix[i, j].isNaN { c.matrix[i, j] = .nan }
            }
            return [c]
        }
        #expect(results[0].contains { $0.isNaN } && results[0].contains(.infinity))
        #expect(results[0].allSatisfy { !$0.isSubnormal })
        // Rounded to nearest, ties to even: 1 + 1/256 down to 1, 1 + 3/256 up to 1 + 1/64.
        #expect(Float(1.00390625).roundedToBF16 == 1 && Float(1.01171875).roundedToBF16 == 1.015625)
    }

    /// Sums within a chain, of both chains, of groups, with the old C and with the bias, all near the least
    /// normal number: what is below it is zero.
    @Test func bf16FlushesSumsTheSame() {
        let (m, k, n) = (37, 66, 19)
        let least = Float.leastNormalMagnitude
        let a = Table(m, k, seed: 1, spread: least.squareRoot())
        let b = Table(k, n, seed: 2, spread: least.squareRoot())
        let bias = Table(1, n, seed: 3, spread: least)
        let results = sameOnAll { compute in
            [(false, false), (false, true), (true, false), (true, true)].map { adds, hasBias in
                let c = Table(m, n, seed: 4, spread: least)
                compute.multiply(
                    a.matrix, b.matrix, into: c.matrix, accumulate: adds,
                    bias: hasBias ? bias.vector : nil, precision: .bf16)
                return c
            }
        }
        for sums in results {
            #expect(sums.contains(0) && sums.contains { $0 != 0 })
            #expect(sums.allSatisfy { !$0.isSubnormal })
        }
        // Just below the least number, but rounded up to it: there before it is looked for.
        let one = Table(1, 3, seed: 1)
        let other = Table(3, 1, seed: 1)
        let rounded = sameOnAll { compute in
            let c = Table(1, 1, seed: 1)
            for (step, exponent, sign) in [(0, -63, Float(1)), (1, 0, 0), (2, -76, -1)] {
                one.matrix[0, step] = Float(sign: .plus, exponent: exponent, significand: 1)
                other.matrix[step, 0] = sign * one.matrix[0, step]
            }
            compute.multiply(one.matrix, other.matrix, into: c.matrix, precision: .bf16)
            return [c]
        }
        #if arch(x86_64)
            #expect(rounded[0] == [least])
        #endif
    }

    /// Rounded as numbers, the first would be -0 and the second infinity.
    @Test(arguments: [UInt32(0x7fff_ffff), 0x7f80_0001, 0xffff_ffff, 0xff80_0001])
    func bf16KeepsNaN(bits: UInt32) {
        let spoiled = Table(2, 2, seed: 1)
        let ones = Table(2, 2, seed: 2)
        spoiled.matrix.fill(1)
        ones.matrix.fill(1)
        // In each row and column one.
        for i in 0..<2 { spoiled.matrix[i, i] = Float(bitPattern: bits) }
        for set in KernelSet.available {
            let compute = Compute(threads: 1, kernels: set)
            for isTransposed in [false, true] {
                for (a, b) in [(spoiled, ones), (ones, spoiled)] {
                    let c = Table(2, 2, seed: 3)
                    compute.multiply(
                        a.matrix, transposeA: isTransposed, b.matrix, transposeB: isTransposed,
                        into: c.matrix, precision: .bf16)
                    #expect(c.floats.allSatisfy { $0.isNaN }, "\(set)")
                }
            }
        }
    }
}

extension Float {
    /// The nearest number with 8 bits of precision, ties to even.
    fileprivate var roundedToBF16: Float {
        let bits = bitPattern &+ 0x7fff &+ (bitPattern >> 16 & 1)
        return Float(bitPattern: bits & 0xffff_0000)
    }
}
