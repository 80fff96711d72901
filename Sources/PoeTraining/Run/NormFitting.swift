package import PoeCore
package import PoeModel
import PoeNumerics

/// Moves the gains and biases of a model's norms to fit a small text, and nothing else.
///
/// They are few (a thousandth of the reference shape's parameters), so that ten thousand tokens say how each
/// should change and are not learnt by heart; how many steps are too many, the text itself tells.
package final class NormFitting {
    /// More steps bring next to nothing: at the reference shape most is won by the fourth.
    package static let mostSteps = 8
    /// Of Adam, and constant, so that few steps are the beginning of many.
    private static let learningRate: Float = 4e-3

    private let weights: ModelWeights
    private let windows: [[TokenID]]
    private let norms: [Parameter]
    private let compute: Compute
    private let network: Network
    private let gradients: ModelWeights
    private let firstMoment: ModelWeights, secondMoment: ModelWeights
    private var step = 0

    /// Prepares to change `weights`, which `windows` (of a token more than the context length) are fitted by.
    package init(_ weights: ModelWeights, on windows: [[TokenID]], threads: Int) {
        self.weights = weights
        self.windows = windows
        norms = weights.layout.norms
        compute = Compute(threads: threads)
        network = Network(weights: weights, shardWindows: Trainer.shardWindows, compute: compute)
        gradients = ModelWeights(weights.configuration)
        firstMoment = ModelWeights(weights.configuration)
        secondMoment = ModelWeights(weights.configuration)
    }

    /// One step of Adam by the gradient of the whole text.
    package func takeStep() {
        gradients.flat.fill(0)
        network.withWeightsFixed { _ = loss(on: windows, gradients: gradients) }
        step += 1
        for norm in norms {
            compute.adamW(
                weights.vector(norm), gradient: gradients.vector(norm),
                firstMoment: firstMoment.vector(norm), secondMoment: secondMoment.vector(norm),
                AdamWSettings(
                    learningRate: Self.learningRate, beta1: 0.8, beta2: 0.95, weightDecay: 0,
                    step: step))
        }
    }

    /// Nats a token of `windows`; with `gradients`, its gradient is added to them.
    private func loss(on windows: [[TokenID]], gradients: ModelWeights? = nil) -> Double {
        let tokens = windows.count * weights.configuration.contextLength
        var sum = 0.0
        for first in stride(from: 0, to: windows.count, by: Trainer.shardWindows) {
            let shard = windows[first..<min(first + Trainer.shardWindows, windows.count)]
            sum += network.loss(
                inputs: shard.flatMap { $0.dropLast() }, targets: shard.flatMap { $0.dropFirst() },
                gradients: gradients, gradientScale: 1 / Float(tokens))
        }
        return sum / Double(tokens)
    }

    /// How many steps are best for the half of `windows` that they are not taken on, by turns.
    ///
    /// `weights` are not changed. 0 where no number of steps helps, or there are no two windows.
    package static func steps(
        for weights: ModelWeights, on windows: [[TokenID]], threads: Int
    ) -> Int {
        guard windows.count >= 2 else { return 0 }
        let halves = [
            Array(windows[..<(windows.count / 2)]), Array(windows[(windows.count / 2)...]),
        ]
        var losses = [Double](repeating: 0, count: mostSteps + 1)
        for (fitted, other) in [(halves[0], halves[1]), (halves[1], halves[0])] {
            let fitting = NormFitting(weights.copy(), on: fitted, threads: threads)
            losses[0] += fitting.loss(on: other)
            for step in 1...mostSteps {
                fitting.takeStep()
                losses[step] += fitting.loss(on: other)
            }
        }
        return losses.min().flatMap(losses.firstIndex) ?? 0
    }
}

extension EvaluationText {
    /// The whole windows of the text, of a token more than `length` each: every token but the first is
    /// predicted once, and what is left at the end is left out.
    func windows(of length: Int) -> [[TokenID]] {
        stride(from: 0, to: tokens.count - length, by: length).map {
            Array(tokens[$0...($0 + length)])
        }
    }
}
