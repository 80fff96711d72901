package import PoeCore
package import PoeModel
package import PoeNumerics

/// A model's weights as the engine reads them: matrices packed for products, the rest copied.
///
/// Immutable once made, so any number of engines on any number of threads share one. It keeps
/// nothing of the ``PoeModel/ModelWeights`` it was made from.
// @unchecked: every buffer is written during init only.
package final class PackedWeights: @unchecked Sendable {
    /// A layer norm: gain and bias, `[C]` each.
    struct Norm {
        let gain: Vector
        let bias: Vector?
    }

    /// A linear layer: `[outputs, inputs]` packed, bias `[outputs]`.
    struct Linear {
        let weight: PackedMatrix
        let bias: Vector?
    }

    /// One pre-norm block.
    struct Block {
        let attentionNorm: Norm
        let qkv: Linear
        let attentionOutput: Linear
        let feedForwardNorm: Norm
        let up: Linear
        let down: Linear
    }

    /// The sizes of the model.
    package let configuration: ModelConfiguration
    /// One row for each token, `[V, C]`.
    let tokenTable: Matrix
    /// One row for each position, `[T, C]`.
    let positionTable: Matrix
    let blocks: [Block]
    let finalNorm: Norm
    /// The output head, `[V, C]`.
    let head: Linear

    // What the views above point into.
    private let kept: [FloatBuffer]

    /// Packs `weights` with the kernels of `compute`; engines that use it must have the same kernels.
    package init(_ weights: ModelWeights, compute: Compute) {
        var packer = Packer(weights: weights, compute: compute)
        let layout = weights.layout
        configuration = weights.configuration
        tokenTable = packer.table(layout.tokenEmbedding)
        positionTable = packer.table(layout.positionEmbedding)
        blocks = layout.blocks.map { block in
            Block(
                attentionNorm: packer.norm(block.attentionNormGain, block.attentionNormBias),
                qkv: packer.linear(block.qkvWeight, block.qkvBias),
                attentionOutput: packer.linear(
                    block.attentionOutputWeight, block.attentionOutputBias),
                feedForwardNorm: packer.norm(block.feedForwardNormGain, block.feedForwardNormBias),
                up: packer.linear(block.upWeight, block.upBias),
                down: packer.linear(block.downWeight, block.downBias))
        }
        finalNorm = packer.norm(layout.finalNormGain, layout.finalNormBias)
        head = packer.linear(layout.headWeight, nil)
        kept = packer.kept
    }

    /// Copies and packs, and remembers the copies.
    private struct Packer {
        let weights: ModelWeights
        let compute: Compute
        var kept: [FloatBuffer] = []

        mutating func linear(_ weight: Parameter, _ bias: Parameter?) -> Linear {
            Linear(
                weight: compute.pack(weights.matrix(weight), transposeB: true),
                bias: bias.map { vector($0) })
        }

        mutating func norm(_ gain: Parameter, _ bias: Parameter?) -> Norm {
            Norm(gain: vector(gain), bias: bias.map { vector($0) })
        }

        mutating func table(_ parameter: Parameter) -> Matrix {
            copy(parameter).matrix(rows: parameter.rows, columns: parameter.columns)
        }

        mutating func vector(_ parameter: Parameter) -> Vector {
            copy(parameter).vector(count: parameter.count)
        }

        private mutating func copy(_ parameter: Parameter) -> FloatBuffer {
            let buffer = FloatBuffer(count: parameter.count)
            buffer.vector(count: parameter.count).copy(from: weights.vector(parameter))
            kept.append(buffer)
            return buffer
        }
    }
}
