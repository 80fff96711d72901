import PoeCore
package import PoeModel
import PoeNumerics

/// A finished model fitted to a little text that it has not learnt, without learning that by heart.
///
/// A model that has read its text many times expects other text to be as easy, and is surer of its guesses
/// than that text bears out. Two things mend this, and neither costs anything at run time: one factor for
/// all logits ("temperature scaling"; Guo, Pleiss, Sun and Weinberger, 2017), which goes into the gain and the
/// bias of the last norm, and then a few steps of the gains and biases of all norms (``NormFitting``).
package struct Calibration {
    /// What the logits were multiplied by.
    package let factor: Float
    /// Steps that the norms were moved by; 0 where that does not hold on text they were not fitted to.
    package let normSteps: Int
    /// The weights, fitted; those that were given are not changed.
    package let weights: ModelWeights

    /// Fits `weights` to `text`, which must not be part of what they were trained on.
    package init(_ weights: ModelWeights, on text: EvaluationText, threads: Int) {
        factor = Self.factor(of: weights, on: text, threads: threads)
        let fitted = Self.apply(factor, to: weights)
        let windows = text.windows(of: weights.configuration.contextLength)
        normSteps = NormFitting.steps(for: fitted, on: windows, threads: threads)
        if normSteps > 0 {
            let fitting = NormFitting(fitted, on: windows, threads: threads)
            for _ in 0..<normSteps { fitting.takeStep() }
        }
        self.weights = fitted
    }

    /// The factors that are tried, in hundredths: coarse enough to be the same on every machine.
    private static let hundredths = 50...150

    /// The factor that gives `text` the lowest loss.
    ///
    /// The loss is convex in the factor, so two neighbours say on which side of them the lowest is.
    package static func factor(
        of weights: ModelWeights, on text: EvaluationText, threads: Int
    ) -> Float {
        let trial = weights.copy()
        let network = Network(
            weights: trial, shardWindows: Trainer.shardWindows, compute: Compute(threads: threads))
        func loss(_ hundredth: Int) -> Double {
            apply(factor(hundredth), to: weights, into: trial)
            return network.evaluate(text, shardWindows: Trainer.shardWindows).natsPerToken
        }
        var (low, high) = (hundredths.lowerBound, hundredths.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if loss(middle) <= loss(middle + 1) { high = middle } else { low = middle + 1 }
        }
        return factor(low)
    }

    /// `weights` with all logits times `factor`.
    package static func apply(_ factor: Float, to weights: ModelWeights) -> ModelWeights {
        let scaled = weights.copy()
        apply(factor, to: weights, into: scaled)
        return scaled
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
