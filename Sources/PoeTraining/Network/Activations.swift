import PoeCore
import PoeNumerics

/// What one block keeps from its forward pass for its backward pass; `R` rows, one a token.
struct BlockActivations {
    /// The residual stream as it enters the block, `[R, C]`.
    let attentionInput: Matrix
    /// Its layer norm, `[R, C]`, with the rows' means and inverse deviations, `[R]`.
    let attentionNorm: Matrix, attentionMean: Vector, attentionInverseDeviation: Vector
    /// Queries, keys and values, `[R, 3C]`.
    let qkv: Matrix
    /// Attended values before their projection, `[R, C]`.
    let attended: Matrix
    /// Logarithm of each attention row's sum of exponentials, `[R * H]`.
    let logSumExp: Vector
    /// The residual stream between attention and feed-forward, `[R, C]`.
    let feedForwardInput: Matrix
    /// Its layer norm, `[R, C]`, with the rows' means and inverse deviations, `[R]`.
    let feedForwardNorm: Matrix, feedForwardMean: Vector, feedForwardInverseDeviation: Vector
    /// The feed-forward's hidden layer before and after its non-linearity, `[R, F]`.
    let up: Matrix, activated: Matrix
}

/// All memory of one shard's forward and backward pass, planned once and used by every step.
///
/// A shard is a few windows; a step runs its shards one after another, and each operation uses all
/// threads. So this memory does not grow with the batch, and gradients are summed in shard order
/// whatever the number of threads.
struct Activations {
    /// Rows that the matrices have room for.
    let capacity: Int
    let blocks: [BlockActivations]
    /// The residual stream after the last block, its layer norm, and the rows' statistics.
    let finalInput: Matrix, finalNorm: Matrix, finalMean: Vector, finalInverseDeviation: Vector
    /// Logits, and after the loss their gradient, `[R, V]`.
    let logits: Matrix
    /// The loss of each row, nats.
    let losses: Vector
    /// Gradient of the residual stream, of a branch, `[R, C]`; of the hidden layer, `[R, F]`; of qkv, `[R, 3C]`.
    let dResidual: Matrix, dBranch: Matrix, dNorm: Matrix, dHidden: Matrix, dQKV: Matrix
    private let buffer: FloatBuffer

    /// Numbers that ``init(configuration:capacity:)`` makes room for, each tensor beginning a line.
    static func count(_ configuration: ModelConfiguration, capacity rows: Int) -> Int {
        let (c, f) = (configuration.modelDimension, configuration.feedForwardDimension)
        let perBlock = 8 * c + 2 * f + configuration.headCount + 4
        let shared = 2 * c + 2 + configuration.vocabularySize + 1 + 3 * c + f + 3 * c
        let tensors = configuration.layerCount * 14 + 12
        return rows * (configuration.layerCount * perBlock + shared) + 16 * tensors
    }

    /// Plans the memory for `capacity` tokens of a model with `configuration`.
    init(configuration: ModelConfiguration, capacity rows: Int) {
        let (c, f, v, h) = (
            configuration.modelDimension, configuration.feedForwardDimension,
            configuration.vocabularySize, configuration.headCount
        )
        let buffer = FloatBuffer(count: Self.count(configuration, capacity: rows))
        var next = 0
        func take(_ count: Int) -> Int {
            defer { next = (next + count + 15) / 16 * 16 }
            return next
        }
        func matrix(_ columns: Int) -> Matrix {
            buffer.matrix(at: take(rows * columns), rows: rows, columns: columns)
        }
        func vector(_ count: Int) -> Vector { buffer.vector(at: take(count), count: count) }

        blocks = (0..<configuration.layerCount).map { _ in
            BlockActivations(
                attentionInput: matrix(c), attentionNorm: matrix(c), attentionMean: vector(rows),
                attentionInverseDeviation: vector(rows), qkv: matrix(3 * c), attended: matrix(c),
                logSumExp: vector(rows * h), feedForwardInput: matrix(c),
                feedForwardNorm: matrix(c),
                feedForwardMean: vector(rows), feedForwardInverseDeviation: vector(rows),
                up: matrix(f), activated: matrix(f))
        }
        finalInput = matrix(c)
        finalNorm = matrix(c)
        finalMean = vector(rows)
        finalInverseDeviation = vector(rows)
        logits = matrix(v)
        losses = vector(rows)
        dResidual = matrix(c)
        dBranch = matrix(c)
        dNorm = matrix(c)
        dHidden = matrix(f)
        dQKV = matrix(3 * c)
        capacity = rows
        self.buffer = buffer
    }
}
