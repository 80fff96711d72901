import PoeCore
package import PoeModel
import PoeNumerics

/// A training that takes its first steps at half depth, where a step costs little more than half.
///
/// Every second block sits out: it is the identity, as both of its branches end in zeros. Then it
/// becomes the twin of the block before it, and the outputs of both are halved:
///
///     x + f(x)  becomes  y + f(y) / 2 with y = x + f(x) / 2
///
/// which is the same to first order in `f`; the two then part ways. What a model learns first needs
/// little depth (Gong et al., "Efficient Training of BERT by Progressively Stacking", 2019).
/// `Documentation/LOG.md` compares this with other ways to grow.
package struct HalfDepth {
    /// Steps that are taken at half depth.
    package let steps: Int
    private let layers: Int

    /// - Parameters:
    ///   - share: Steps at half depth, as a share of all `stepCount` steps.
    ///   - layers: Blocks of the model; a last one that has nobody after it has no twin.
    package init(share: Float, of stepCount: Int, layers: Int) {
        steps = Int((Double(share) * Double(stepCount)).rounded())
        self.layers = layers
    }

    /// The blocks that are trained when `step` steps have been taken.
    package func blocks(at step: Int) -> [Int] {
        Array(stride(from: 0, to: layers, by: step < steps ? 2 : 1))
    }

    /// Blocks that sit out; each is the twin of the one before it.
    private var twins: StrideTo<Int> { stride(from: 1, to: layers, by: 2) }

    /// Lets every second block of fresh weights sit out, if there is to be a time at half depth.
    package func begin(_ weights: ModelWeights) {
        guard steps > 0 else { return }
        for twin in twins {
            for output in weights.layout.blocks[twin].outputs { weights.vector(output).fill(0) }
        }
    }

    /// Makes every second block of `state`, in the layout of the weights, equal to the one before it.
    package func copyTwins(in state: ModelWeights) {
        let blocks = state.layout.blocks
        for twin in twins {
            for (copy, original) in zip(blocks[twin].parameters, blocks[twin - 1].parameters) {
                state.vector(copy).copy(from: state.vector(original))
            }
        }
    }

    /// Halves what twins add to the stream.
    package func shareOutputs(in weights: ModelWeights) {
        for twin in twins {
            for block in [twin - 1, twin] {
                for output in weights.layout.blocks[block].outputs {
                    let values = weights.vector(output)
                    for i in 0..<values.count { values[i] /= 2 }
                }
            }
        }
    }
}

extension BlockParameters {
    /// All of them, in the order of the layout.
    fileprivate var parameters: [Parameter] {
        [
            attentionNormGain, attentionNormBias, qkvWeight, qkvBias,
            attentionOutputWeight, attentionOutputBias,
            feedForwardNormGain, feedForwardNormBias, upWeight, upBias, downWeight, downBias,
        ].compactMap(\.self)
    }

    /// Those that end in the residual stream.
    fileprivate var outputs: [Parameter] {
        [attentionOutputWeight, attentionOutputBias, downWeight, downBias].compactMap(\.self)
    }
}
