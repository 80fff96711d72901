import PoeCore
import PoeNumerics

/// The memory that an ``Engine`` works in, allocated once; its size does not depend on the number of
/// rows or the length of a text.
final class EngineScratch {
    /// Views of the first `n` rows of every buffer.
    struct Views {
        /// The residual stream, `[n, C]`.
        let x: Matrix
        /// What a layer reads, `[n, C]`.
        let normed: Matrix
        /// Queries, keys and values, `[n, 3C]`.
        let qkv: Matrix
        /// What the heads gathered, `[n, C]`.
        let attended: Matrix
        /// Inside the feed-forward, `[n, F]`.
        let hidden: Matrix
        /// By-products of a layer norm that only training needs, `[n]` each.
        let mean: Vector
        let inverseDeviation: Vector
    }

    /// Rows of logits that ``logits(_:)`` has room for.
    let headRows: Int

    private let configuration: ModelConfiguration
    private let x, normed, qkv, attended, hidden, mean, inverseDeviation: FloatBuffer
    // Made when first asked for, and again when more rows are asked for.
    private var last: FloatBuffer?
    private var logits: FloatBuffer?

    /// Logits held at a time when every position's are asked for: 32 MiB.
    private static let logitsCount = 1 << 23

    init(_ configuration: ModelConfiguration, positions: Int) {
        self.configuration = configuration
        let c = configuration.modelDimension
        x = FloatBuffer(count: positions * c)
        normed = FloatBuffer(count: positions * c)
        qkv = FloatBuffer(count: positions * 3 * c)
        attended = FloatBuffer(count: positions * c)
        hidden = FloatBuffer(count: positions * configuration.feedForwardDimension)
        mean = FloatBuffer(count: positions)
        inverseDeviation = FloatBuffer(count: positions)
        headRows = max(1, min(positions, Self.logitsCount / configuration.vocabularySize))
    }

    func views(_ n: Int) -> Views {
        let c = configuration.modelDimension
        return Views(
            x: x.matrix(rows: n, columns: c),
            normed: normed.matrix(rows: n, columns: c),
            qkv: qkv.matrix(rows: n, columns: 3 * c),
            attended: attended.matrix(rows: n, columns: c),
            hidden: hidden.matrix(rows: n, columns: configuration.feedForwardDimension),
            mean: mean.vector(count: n),
            inverseDeviation: inverseDeviation.vector(count: n))
    }

    /// Hidden states of the last position of `rows` rows, `[rows, C]`.
    func lastHidden(_ rows: Int) -> Matrix {
        matrix(&last, rows: rows, columns: configuration.modelDimension)
    }

    /// Room for the logits of `rows` positions, `[rows, V]`.
    func logits(_ rows: Int) -> Matrix {
        matrix(&logits, rows: rows, columns: configuration.vocabularySize)
    }

    private func matrix(_ buffer: inout FloatBuffer?, rows: Int, columns: Int) -> Matrix {
        if let buffer, buffer.count >= rows * columns {
            return buffer.matrix(rows: rows, columns: columns)
        }
        let made = FloatBuffer(count: rows * columns)
        buffer = made
        return made.matrix(rows: rows, columns: columns)
    }
}
