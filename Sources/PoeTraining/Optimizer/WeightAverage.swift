import PoeModel
import PoeNumerics

/// The mean of a training's weights over its steps, the last ones the most.
///
/// While the learning rate is high the weights go around the point that they are drawn to; their mean is
/// nearer to it than any of them. After step `t` the mean moves towards the weights by one part in `share * t`,
/// at most to where they are, which gives step `s` a weight that goes with `s` to the power
/// `1 / share - 1` ("power function averaging"; Karras et al., "Analyzing and Improving the Training Dynamics
/// of Diffusion Models", 2024): the mean reaches back over the same share of a short training and of a long one.
final class WeightAverage {
    /// The mean, in the layout of the weights.
    let weights: ModelWeights
    private let share: Float

    init(of weights: ModelWeights, share: Float) {
        self.weights = weights.copy()
        self.share = share
    }

    /// Takes the weights after `step` steps into the mean.
    func add(_ latest: ModelWeights, step: Int, compute: Compute) {
        let part = min(1, 1 / (share * Float(step)))
        compute.scaleAdd(
            weights.flat, alpha: 1 - part, latest.flat, beta: part, into: weights.flat)
    }
}
