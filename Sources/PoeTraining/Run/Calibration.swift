import PoeCore
package import PoeModel
import PoeNumerics

/// How sure a model is of its guesses, fitted to text that it has not learnt.
///
/// A model that has read its text many times expects other text to be as easy, and is surer of its guesses
/// than that text bears out. One factor for all logits mends this ("temperature scaling"; Guo, Pleiss, Sun
/// and Weinberger, 2017). As it goes into the gain and the bias of the last norm, it costs nothing at run time.
package enum Calibration {
    /// Where a model's evaluation says what its logits were multiplied by.
    package static let key = "calibration.logit_factor"

    /// The factors that are tried, in hundredths: coarse enough to be the same on every machine.
    private static let hundredths = 50...150

    /// The factor that gives `text` the lowest loss.
    ///
    /// The loss is convex in the factor, so two neighbours say on which side of them the lowest is.
    ///
    /// - Parameter text: Not part of what the weights were trained on.
    package static func factor(
        of weights: ModelWeights, on text: EvaluationText, threads: Int
    ) -> Float {
        let trial = weights.copy()
        let network = Network(
            weights: trial, shardWindows: Trainer.shardWindows, compute: Compute(threads: threads))
        let shards = text.shards(contextLength: weights.configuration.contextLength).map {
            Shard($0, of: text, network)
        }
        func loss(_ hundredth: Int) -> Double {
            apply(factor(hundredth), to: weights, into: trial)
            return shards.reduce(0) { $0 + $1.loss(network) }
        }
        var (low, high) = (hundredths.lowerBound, hundredths.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if loss(middle) <= loss(middle + 1) { high = middle } else { low = middle + 1 }
        }
        return factor(low)
    }

    /// Some windows of the text, and what the last norm reads of them: as no factor changes that, the blocks
    /// run once.
    private struct Shard {
        private let stream: FloatBuffer
        private let targets: [TokenID]

        init(_ places: Range<Int>, of text: EvaluationText, _ network: Network) {
            targets = text.targets(places)
            let computed = network.stream(
                of: Array(text.tokens[places]),
                windowLength: min(places.count, network.configuration.contextLength))
            stream = FloatBuffer(count: computed.rows * computed.columns)
            stream.vector(count: stream.count).copy(from: computed.flat)
        }

        func loss(_ network: Network) -> Double {
            let width = network.configuration.modelDimension
            return network.loss(
                stream: stream.matrix(rows: targets.count, columns: width), targets: targets)
        }
    }

    /// `weights` with all logits times `factor`.
    package static func apply(_ factor: Float, to weights: ModelWeights) -> ModelWeights {
        let calibrated = weights.copy()
        apply(factor, to: weights, into: calibrated)
        return calibrated
    }

    private static func factor(_ hundredth: Int) -> Float { Float(hundredth) / 100 }

    /// Logits are linear in what the last norm gives, and that is linear in its gain and bias.
    private static func apply(
        _ factor: Float, to weights: ModelWeights, into other: ModelWeights
    ) {
        let layout = weights.layout
        for parameter in [layout.finalNormGain, layout.finalNormBias].compactMap({ $0 }) {
            other.set(parameter, to: weights.floats(parameter).map { $0 * factor })
        }
    }
}
