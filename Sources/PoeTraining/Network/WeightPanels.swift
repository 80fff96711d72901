import PoeCore
import PoeModel
import PoeNumerics

/// The weights of a network's products, packed for the kernels while they stand still.
///
/// A step runs shard after shard over the same weights; packing them for each would take some 4 % of
/// its time.
final class WeightPanels {
    /// One matrix, packed for `x W^T` and for `dY W`.
    private struct Pair {
        let forward: PackedMatrix
        /// Nil where no gradients are made.
        let backward: PackedMatrix?
    }

    private let weights: ModelWeights
    private let precision: Precision
    private let compute: Compute
    /// By the parameter's offset; the memory is made once.
    private var pairs: [Int: Pair] = [:]
    private var areValid = false

    init(weights: ModelWeights, precision: Precision, compute: Compute) {
        self.weights = weights
        self.precision = precision
        self.compute = compute
    }

    /// Packs the matrices of `blocks` and the head's as they are now; without gradients, for `x W^T` alone.
    func pack(_ blocks: [Int], forGradients: Bool) {
        let layout = weights.layout
        let inBlocks = blocks.flatMap { layout.blocks[$0].matrices }
        for parameter in inBlocks + [layout.headWeight] {
            let matrix = weights.matrix(parameter)
            let pair = pairs[parameter.offset]
            pairs[parameter.offset] = Pair(
                forward: pack(matrix, transposeB: true, into: pair?.forward),
                backward: forGradients
                    ? pack(matrix, transposeB: false, into: pair?.backward) : nil)
        }
        areValid = true
    }

    /// Packs into the memory of an earlier packing, if there is one.
    private func pack(
        _ matrix: Matrix, transposeB: Bool, into packed: PackedMatrix?
    ) -> PackedMatrix {
        guard let packed else {
            return compute.pack(matrix, transposeB: transposeB, precision: precision)
        }
        compute.pack(matrix, transposeB: transposeB, into: packed)
        return packed
    }

    /// The weights are about to change.
    func discard() { areValid = false }

    /// `W^T`, nil unless packed.
    func forward(_ weight: Parameter) -> PackedMatrix? {
        areValid ? pairs[weight.offset]?.forward : nil
    }

    /// `W`, nil unless packed for gradients.
    func backward(_ weight: Parameter) -> PackedMatrix? {
        areValid ? pairs[weight.offset]?.backward : nil
    }
}

extension BlockParameters {
    /// The matrices that activations are multiplied with.
    fileprivate var matrices: [Parameter] {
        [qkvWeight, attentionOutputWeight, upWeight, downWeight]
    }
}
