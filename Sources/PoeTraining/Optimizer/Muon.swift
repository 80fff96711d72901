import PoeCore
import PoeModel
import PoeNumerics
import Synchronization

/// Orthogonalised momentum for the hidden matrices (Jordan et al., "Muon", 2024).
///
///     m = mu m + g                       momentum, g already clipped
///     u = g + mu m                       Nesterov's look-ahead
///     o = orthogonalise(u)               five Newton-Schulz steps: singular values near 1
///     w = w - lr wd w - lr sqrt(max(1, rows / columns)) o
///
/// Queries, keys and values are orthogonalised apart, though one matrix holds them; where asked, of queries and
/// keys each head's too. Together, no two heads can turn to the same part of the stream in one step, such as to
/// the positions. Where asked, the steps are made even by unit (``EvenUnits``). The matrices are dealt out to the
/// threads whole: they are too small for two threads to share one.
final class Muon {
    /// How much of the old momentum stays, `mu`.
    static let momentum: Float = 0.95

    /// One matrix to orthogonalise: `rows` of a parameter.
    private struct Block {
        let parameter: Parameter
        let rows: Range<Int>
    }

    /// The matrices, how many workers share them, and what scratch memory each of these needs.
    private struct Plan {
        let blocks: [Block]
        let workers: Int
        /// Numbers of the largest parameter, and the longest of their shorter sides.
        let largest: Int, side: Int
        /// The most units of a parameter; nil unless steps are made even by unit.
        let units: Int?

        init(_ layout: ParameterLayout, _ optimizer: MatrixOptimizer, threads: Int) {
            let matrices = layout.hiddenMatrices
            let heads = optimizer == .muonHeads ? layout.configuration.headCount : 1
            let blocks = matrices.flatMap { parameter in
                parameter.stackedMatrices(heads: heads).map {
                    Block(parameter: parameter, rows: $0)
                }
            }
            // The largest first, so that threads end at nearly the same time.
            self.blocks = blocks.sorted {
                $0.rows.count * $0.parameter.columns > $1.rows.count * $1.parameter.columns
            }
            workers = min(threads, max(1, blocks.count))
            largest = matrices.map(\.count).max() ?? 0
            side = matrices.map { min($0.rows, $0.columns) }.max() ?? 0
            let counts = matrices.map { EvenUnits.count(rows: $0.rows, columns: $0.columns) }
            units = optimizer == .norMuon ? counts.max() ?? 0 : nil
        }
    }

    private let pool: WorkerPool
    private let workers: [MuonWorker]
    private let blocks: [Block]

    /// Plans scratch memory for the largest matrix of `layout`, on threads of `compute`.
    init(
        layout: ParameterLayout, optimizer: MatrixOptimizer, precision: Precision, compute: Compute
    ) {
        pool = compute.pool
        let plan = Plan(layout, optimizer, threads: compute.threads)
        blocks = plan.blocks
        workers = (0..<plan.workers).map { _ in
            MuonWorker(
                largest: plan.largest, side: plan.side, units: plan.units, precision: precision,
                compute: Compute(threads: 1, kernels: compute.kernels))
        }
    }

    /// Numbers of scratch memory on so many threads, but for the few of units.
    static func scratch(
        _ layout: ParameterLayout, _ optimizer: MatrixOptimizer, threads: Int
    ) -> Int {
        let plan = Plan(layout, optimizer, threads: threads)
        return plan.workers * MuonWorker.scratch(largest: plan.largest, side: plan.side)
    }

    /// Moves all hidden matrices of `weights`.
    ///
    /// `momentum` is updated; `gradients` are read, times `gradientScale`. Where steps are made even, the first
    /// numbers of each matrix's part of `unitMeans` are its units' mean squares, and updated.
    func step(
        weights: ModelWeights, gradients: ModelWeights, momentum: ModelWeights,
        unitMeans: ModelWeights, learningRate: Float, weightDecay: Float, gradientScale: Float
    ) {
        let taken = Atomic<Int>(0)
        pool.run(workers.count) { worker in
            while true {
                let index = taken.add(1, ordering: .relaxed).oldValue
                guard index < blocks.count else { return }
                let block = blocks[index]
                workers[worker].step(
                    weight: weights.matrix(block.parameter).rows(block.rows),
                    gradient: gradients.matrix(block.parameter).rows(block.rows),
                    momentum: momentum.matrix(block.parameter).rows(block.rows),
                    unitMeans: unitMeans.matrix(block.parameter).rows(block.rows).flat,
                    learningRate: learningRate, weightDecay: weightDecay,
                    gradientScale: gradientScale)
            }
        }
    }
}

/// What one thread needs to move a matrix.
private final class MuonWorker {
    /// Coefficients of the quintic `a x + b x^3 + c x^5`, steep at zero, from Muon's source.
    static let quintic: (a: Float, b: Float, c: Float) = (3.4445, -4.7750, 2.0315)
    static let newtonSchulzSteps = 5

    private let compute: Compute
    private let evenUnits: EvenUnits?
    private let precision: Precision
    private let update: FloatBuffer
    private let next: FloatBuffer
    private let gram: FloatBuffer
    private let polynomial: FloatBuffer

    /// Numbers of a worker's buffers.
    static func scratch(largest: Int, side: Int) -> Int { 2 * largest + 2 * side * side }

    init(largest: Int, side: Int, units: Int?, precision: Precision, compute: Compute) {
        self.compute = compute
        evenUnits = units.map { EvenUnits(units: $0, compute: compute) }
        self.precision = precision
        update = FloatBuffer(count: largest)
        next = FloatBuffer(count: largest)
        gram = FloatBuffer(count: side * side)
        polynomial = FloatBuffer(count: side * side)
    }

    func step(
        weight: Matrix, gradient: Matrix, momentum: Matrix, unitMeans: Vector,
        learningRate: Float, weightDecay: Float, gradientScale: Float
    ) {
        let mu = Muon.momentum
        let (rows, columns) = (weight.rows, weight.columns)
        let (w, g, m) = (weight.flat, gradient.flat, momentum.flat)
        let u = update.vector(count: w.count)
        compute.scaleAdd(m, alpha: mu, g, beta: gradientScale, into: m)
        compute.scaleAdd(g, alpha: gradientScale, m, beta: mu, into: u)
        let direction = orthogonalise(rows: rows, columns: columns)
        evenUnits?.apply(to: direction, means: unitMeans)
        let scale = Float(max(1, Double(rows) / Double(columns)).squareRoot())
        compute.scaleAdd(
            w, alpha: 1 - learningRate * weightDecay, direction.flat,
            beta: -learningRate * scale, into: w)
    }

    /// The matrix in `update` with its singular values pushed towards 1, in one of the scratch buffers.
    ///
    /// The Gram matrix is taken on the shorter side, so that all squares are small:
    /// `X' = a X + (b A + c A^2) X` with `A = X X^T`, or the mirror image for tall matrices.
    private func orthogonalise(rows: Int, columns: Int) -> Matrix {
        let tall = rows > columns
        let side = min(rows, columns)
        let a = gram.matrix(rows: side, columns: side)
        let p = polynomial.matrix(rows: side, columns: side)
        var (current, other) = (update, next)

        let x = current.matrix(rows: rows, columns: columns)
        let norm = Float(compute.sumOfSquares(x.flat).squareRoot())
        guard norm > 0 else { return x }  // Of a block that sits out: no direction.
        compute.scaleAdd(x.flat, alpha: 1 / (norm + 1e-7), x.flat, beta: 0, into: x.flat)
        for _ in 0..<Self.newtonSchulzSteps {
            let x = current.matrix(rows: rows, columns: columns)
            let y = other.matrix(rows: rows, columns: columns)
            if tall {
                compute.multiply(
                    x, transposeA: true, x, into: a, precision: precision, isSymmetric: true)
            } else {
                compute.multiply(
                    x, x, transposeB: true, into: a, precision: precision, isSymmetric: true)
            }
            compute.multiply(a, a, into: p, precision: precision, isSymmetric: true)
            compute.scaleAdd(
                a.flat, alpha: Self.quintic.b, p.flat, beta: Self.quintic.c, into: p.flat)
            if tall {
                compute.multiply(x, p, into: y, precision: precision)
            } else {
                compute.multiply(p, x, into: y, precision: precision)
            }
            compute.scaleAdd(x.flat, alpha: Self.quintic.a, y.flat, beta: 1, into: y.flat)
            swap(&current, &other)
        }
        return current.matrix(rows: rows, columns: columns)
    }
}

extension ParameterLayout {
    /// The weights of the blocks' linear layers.
    var hiddenMatrices: [Parameter] { parameters.filter { $0.isHiddenMatrix } }
}

extension Parameter {
    /// Whether this is the weight of a linear layer inside a block.
    var isHiddenMatrix: Bool { kind == .matrix && name.hasPrefix("block.") }

    /// Whether weight decay applies: to every tensor with two dimensions, not to gains and biases.
    var isDecayed: Bool { shape.count == 2 }

    /// Rows of the matrices that stand under each other in this one: queries and keys, `heads` of each, and
    /// values.
    func stackedMatrices(heads: Int) -> [Range<Int>] {
        guard name.hasSuffix("attention.qkv.weight") else { return [0..<rows] }
        let width = rows / 3
        let looking = stride(from: 0, to: 2 * width, by: width / heads).map {
            $0..<$0 + width / heads
        }
        return looking + [2 * width..<rows]
    }
}
