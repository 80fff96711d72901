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
        let backward: PackedMatrix
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

    /// Packs the matrices of `blocks` and the head's as they are now.
    func pack(_ blocks: [Int]) {
        let layout = weights.layout
        let inBlocks = blocks.flatMap { layout.blocks[$0].matrices }
        for parameter in inBlocks + [layout.headWeight] {
            let matrix = weights.matrix(parameter)
            if let pair = pairs[parameter.offset] {
                compute.pack(matrix, transposeB: true, into: pair.forward)
                compute.pack(matrix, transposeB: false, into: pair.backward)
            } else {
                pairs[parameter.offset] = Pair(
                    forward: compute.pack(matrix, transposeB: true, precision: precision),
                    backward: compute.pack(matrix, transposeB: false, precision: precision))
            }
        }
        areValid = true
    }

    /// The weights are about to change.
    func discard() { areValid = false }

    /// `W^T`, nil unless packed.
    func forward(_ weight: Parameter) -> PackedMatrix? {
        areValid ? pairs[weight.offset]?.forward : nil
    }

    /// `W`, nil unless packed.
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
