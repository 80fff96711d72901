import PoeCore
import PoeModel
import PoeNumerics

/// The layers in f32.
final class FloatForward: Forward {
    private let weights: PackedWeights
    private let layers: PackedWeights.Layers<PackedMatrix>
    private let tokenTable: Matrix
    private let compute: Compute
    private let configuration: ModelConfiguration
    // For each position of a pass: the residual stream [C], what a layer reads [C], queries, keys and
    // values [3C], what the heads gathered [C], the inside of the feed-forward [F], and two by-products
    // of a layer norm that only training needs.
    private let x, normed, qkv, attended, hidden, mean, inverseDeviation: FloatBuffer
    // For each position, what it attends to: the cache's floats, and how many positions. Kept, so that no
    // layer allocates.
    private var caches: [(keys: Matrix, values: Matrix)] = []
    private var counts: [Int] = []

    init(
        _ weights: PackedWeights, _ layers: PackedWeights.Layers<PackedMatrix>, tokenTable: Matrix,
        compute: Compute, positions: Int
    ) {
        self.weights = weights
        self.layers = layers
        self.tokenTable = tokenTable
        self.compute = compute
        configuration = weights.configuration
        let c = configuration.modelDimension
        x = FloatBuffer(count: positions * c)
        normed = FloatBuffer(count: positions * c)
        qkv = FloatBuffer(count: positions * 3 * c)
        attended = FloatBuffer(count: positions * c)
        hidden = FloatBuffer(count: positions * configuration.feedForwardDimension)
        mean = FloatBuffer(count: positions)
        inverseDeviation = FloatBuffer(count: positions)
        caches.reserveCapacity(positions)
        counts.reserveCapacity(positions)
    }

    func run(_ pass: Pass, into logits: Matrix) {
        let n = pass.count
        let c = configuration.modelDimension
        let x = x.matrix(rows: n, columns: c)
        let normed = normed.matrix(rows: n, columns: c)
        embed(pass, into: x)
        for (layer, block) in layers.blocks.enumerated() {
            let attended = attended.matrix(rows: n, columns: c)
            norm(x, block.attentionNorm, into: normed)
            attend(pass, layer, block, normed, into: attended)
            multiply(attended, block.attentionOutput, into: x, accumulate: true)

            let hidden = hidden.matrix(rows: n, columns: configuration.feedForwardDimension)
            norm(x, block.feedForwardNorm, into: normed)
            multiply(normed, block.up, into: hidden)
            compute.activate(hidden, configuration.activation, into: hidden)
            multiply(hidden, block.down, into: x, accumulate: true)
        }
        guard pass.wantedCount > 0 else { return }
        // In ascending order, so that a row is read before another is put in its place.
        for i in 0..<pass.wantedCount where pass.wantedPosition(i) != i {
            x.row(i).copy(from: x.row(pass.wantedPosition(i)))
        }
        let last = normed.rows(0..<pass.wantedCount)
        norm(x.rows(0..<pass.wantedCount), layers.finalNorm, into: last)
        multiply(last, layers.head, into: logits)
    }

    private func embed(_ pass: Pass, into x: Matrix) {
        for i in 0..<pass.count {
            let token = tokenTable.row(pass.token(i))
            let position = weights.positionTable.row(pass.position(i))
            let row = x.row(i)
            for k in 0..<row.count { row[k] = token[k] + position[k] }
        }
    }

    private func attend(
        _ pass: Pass, _ layer: Int, _ block: PackedWeights.Block<PackedMatrix>, _ normed: Matrix,
        into attended: Matrix
    ) {
        let c = configuration.modelDimension
        let qkv = qkv.matrix(rows: pass.count, columns: 3 * c)
        multiply(normed, block.qkv, into: qkv)
        caches.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        for i in 0..<pass.count {
            let cache = pass.withCache(i) { (keys: $0.keys(layer), values: $0.values(layer)) }
            cache.keys.row(pass.position(i)).copy(from: qkv.row(i)[c..<2 * c])
            cache.values.row(pass.position(i)).copy(from: qkv.row(i)[2 * c..<3 * c])
            caches.append(cache)
            counts.append(pass.position(i) + 1)  // a position sees itself
        }
        compute.attendCached(
            queries: qkv.columns(0..<c), caches: caches, counts: counts,
            headCount: configuration.headCount, into: attended)
    }

    private func norm(_ x: Matrix, _ norm: PackedWeights.Norm, into out: Matrix) {
        compute.layerNorm(
            x, gain: norm.gain, bias: norm.bias, epsilon: configuration.normEpsilon, into: out,
            mean: mean.vector(count: x.rows),
            inverseDeviation: inverseDeviation.vector(count: x.rows))
    }

    private func multiply(
        _ x: Matrix, _ linear: PackedWeights.Linear<PackedMatrix>, into out: Matrix,
        accumulate: Bool = false
    ) {
        compute.multiply(x, linear.weight, into: out, accumulate: accumulate, bias: linear.bias)
    }
}
