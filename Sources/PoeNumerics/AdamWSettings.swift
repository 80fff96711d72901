/// One step of AdamW (Loshchilov and Hutter, 2019), with the formula of `torch.optim.AdamW`.
package struct AdamWSettings: Sendable, Hashable {
    /// Step size.
    package var learningRate: Float
    /// Decay of the mean of gradients.
    package var beta1: Float
    /// Decay of the mean of squared gradients.
    package var beta2: Float
    /// Added to the square root in the denominator.
    package var epsilon: Float
    /// Share of each weight, times the learning rate, taken away before the step.
    package var weightDecay: Float
    /// Number of this step, from 1; corrects the means' bias towards zero.
    package var step: Int
    /// The gradient is multiplied by this first (clipping, averaging).
    package var gradientScale: Float

    /// Settings of one step.
    package init(
        learningRate: Float, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8,
        weightDecay: Float = 0.01, step: Int, gradientScale: Float = 1
    ) {
        precondition(step >= 1, "optimizer steps count from 1, not \(step)")
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.step = step
        self.gradientScale = gradientScale
    }
}
