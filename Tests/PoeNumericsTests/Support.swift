import PoeCore
import PoeNumerics
import Testing

/// A matrix that owns its memory, with a margin right of each row that no operation may touch.
final class Table {
    let buffer: FloatBuffer
    let matrix: Matrix
    private let margin: Int
    private static let guardValue: Float = -7777

    /// A `rows` x `columns` matrix filled from `seed`, roughly normal with deviation `spread`.
    init(_ rows: Int, _ columns: Int, seed: UInt64, spread: Float = 1, margin: Int = 3) {
        self.margin = margin
        buffer = FloatBuffer(count: rows * (columns + margin))
        let whole = buffer.matrix(rows: rows, columns: columns + margin)
        matrix = whole.columns(0..<columns)
        let random = CounterRandom(seed: seed)
        for r in 0..<rows {
            for c in 0..<columns + margin {
                let bits = random.bits(stream: UInt64(r), index: UInt64(c))
                let sum = (0..<4).reduce(Float(0)) { $0 + Float(bits[$1] >> 8) * 0x1p-24 - 0.5 }
                whole[r, c] = c < columns ? sum * 1.7 * spread : Self.guardValue
            }
        }
    }

    var vector: Vector { matrix.row(0) }

    /// The elements, row after row.
    var floats: [Float] {
        (0..<matrix.rows).flatMap { r in (0..<matrix.columns).map { matrix[r, $0] } }
    }

    var doubles: [Double] { floats.map(Double.init) }
    var bits: [UInt32] { floats.map(\.bitPattern) }

    /// Whether the margin is as it was made.
    var marginIsIntact: Bool {
        let whole = buffer.matrix(rows: matrix.rows, columns: matrix.columns + margin)
        return (0..<matrix.rows).allSatisfy { r in
            (matrix.columns..<whole.columns).allSatisfy { whole[r, $0] == Self.guardValue }
        }
    }
}

/// The greatest difference, relative to the greatest expected magnitude (at least `floor`).
func relativeError(_ found: [Float], _ expected: [Double], floor: Double = 1e-6) -> Double {
    guard found.count == expected.count else { return .infinity }
    let size = expected.reduce(floor) { max($0, abs($1)) }
    return zip(found, expected).reduce(0) { worst, pair in
        let difference = abs(Double(pair.0) - pair.1)
        return difference.isNaN ? .infinity : max(worst, difference / size)
    }
}

/// Every kernel set of this machine with one, two and three threads.
let computations: [(KernelSet, Int)] = KernelSet.available.flatMap { set in
    [1, 2, 3].map { (set, $0) }
}

/// Runs `body` with every kernel set and thread count and expects equal bits from all; returns
/// those of the first.
func sameOnAll(_ body: (Compute) -> [Table]) -> [[Float]] {
    var first: [Table] = []
    for (set, threads) in computations {
        let tables = body(Compute(threads: threads, kernels: set))
        if first.isEmpty { first = tables }
        for (index, (a, b)) in zip(first, tables).enumerated() {
            #expect(a.bits == b.bits, "output \(index) with \(set), \(threads) threads")
            #expect(b.marginIsIntact, "output \(index) with \(set), \(threads) threads")
        }
    }
    return first.map(\.floats)
}
