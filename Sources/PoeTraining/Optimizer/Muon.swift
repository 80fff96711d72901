import PoeCore
import PoeModel
import PoeNumerics

/// Orthogonalised momentum for the hidden matrices (Jordan et al., "Muon", 2024).
///
///     m = mu m + g                       momentum, g already clipped
///     u = g + mu m                       Nesterov's look-ahead
///     o = orthogonalise(u)               five Newton-Schulz steps: singular values near 1
///     w = w - lr wd w - lr sqrt(max(1, rows / columns)) o
///
/// Queries, keys and values are orthogonalised apart, though one matrix holds them.
final class Muon {
    /// How much of the old momentum stays, `mu`.
    static let momentum: Float = 0.95
    /// Coefficients of the quintic `a x + b x^3 + c x^5`, steep at zero, from the same source.
    static let quintic: (a: Float, b: Float, c: Float) = (3.4445, -4.7750, 2.0315)
    static let newtonSchulzSteps = 5

    private let compute: Compute
    private let precision: Precision
    private let update: FloatBuffer
    private let next: FloatBuffer
    private let gram: FloatBuffer
    private let polynomial: FloatBuffer

    /// Plans scratch memory for the largest matrix of `layout`.
    init(layout: ParameterLayout, precision: Precision, compute: Compute) {
        self.compute = compute
        self.precision = precision
        let matrices = layout.hiddenMatrices
        let largest = matrices.map(\.count).max() ?? 0
        let side = matrices.map { min($0.rows, $0.columns) }.max() ?? 0
        update = FloatBuffer(count: largest)
        next = FloatBuffer(count: largest)
        gram = FloatBuffer(count: side * side)
        polynomial = FloatBuffer(count: side * side)
    }

    /// Moves one matrix.
    ///
    /// `momentum` is updated; `gradient` is read, times `gradientScale`.
    ///
    /// - Parameter parts: Number of equal row blocks orthogonalised apart.
    func step(
        weight: Matrix, gradient: Matrix, momentum: Matrix, parts: Int, learningRate: Float,
        weightDecay: Float, gradientScale: Float
    ) {
        let rows = weight.rows / parts
        for part in 0..<parts {
            let range = part * rows..<(part + 1) * rows
            stepBlock(
                weight: weight.rows(range).flat, gradient: gradient.rows(range).flat,
                momentum: momentum.rows(range).flat, rows: rows, columns: weight.columns,
                learningRate: learningRate, weightDecay: weightDecay, gradientScale: gradientScale)
        }
    }

    private func stepBlock(
        weight: Vector, gradient: Vector, momentum: Vector, rows: Int, columns: Int,
        learningRate: Float, weightDecay: Float, gradientScale: Float
    ) {
        let mu = Self.momentum
        let u = update.vector(count: weight.count)
        compute.scaleAdd(momentum, alpha: mu, gradient, beta: gradientScale, into: momentum)
        compute.scaleAdd(gradient, alpha: gradientScale, momentum, beta: mu, into: u)
        let direction = orthogonalise(rows: rows, columns: columns)
        let scale = Float(max(1, Double(rows) / Double(columns)).squareRoot())
        compute.scaleAdd(
            weight, alpha: 1 - learningRate * weightDecay, direction, beta: -learningRate * scale,
            into: weight)
    }

    /// The matrix in `update` with its singular values pushed towards 1, in one of the scratch buffers.
    ///
    /// The Gram matrix is taken on the shorter side, so that all squares are small:
    /// `X' = a X + (b A + c A^2) X` with `A = X X^T`, or the mirror image for tall matrices.
    private func orthogonalise(rows: Int, columns: Int) -> Vector {
        let count = rows * columns
        let tall = rows > columns
        let side = min(rows, columns)
        let a = gram.matrix(rows: side, columns: side)
        let p = polynomial.matrix(rows: side, columns: side)
        var (current, other) = (update, next)

        let norm = Float(compute.sumOfSquares(current.vector(count: count)).squareRoot())
        let x = current.vector(count: count)
        compute.scaleAdd(x, alpha: 1 / (norm + 1e-7), x, beta: 0, into: x)
        for _ in 0..<Self.newtonSchulzSteps {
            let x = current.matrix(rows: rows, columns: columns)
            let y = other.matrix(rows: rows, columns: columns)
            if tall {
                compute.multiply(x, transposeA: true, x, into: a, precision: precision)
            } else {
                compute.multiply(x, x, transposeB: true, into: a, precision: precision)
            }
            compute.multiply(a, a, into: p, precision: precision)
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
        return current.vector(count: count)
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

    /// Matrices that stand under each other in this one: queries, keys and values.
    var stackedMatrices: Int { name.hasSuffix("attention.qkv.weight") ? 3 : 1 }
}
