/// Which elements a dropout keeps: a function of (`key`, element index), so that the backward pass
/// makes the same mask again instead of storing it.
package struct Dropout: Sendable, Hashable {
    /// Probability of dropping an element, in 0 ..< 1.
    package var rate: Float
    /// Names the mask; equal keys give equal masks, different keys unrelated ones.
    package var key: UInt64

    /// A mask named `key` that drops a share `rate` of the elements.
    package init(rate: Float, key: UInt64) {
        precondition(rate >= 0 && rate < 1, "dropout rate \(rate) is outside 0 ..< 1")
        self.rate = rate
        self.key = key
    }

    /// An element is kept where its 32 random bits are at least this.
    var threshold: UInt32 { UInt32(Double(rate) * 0x1p32) }
    /// What a kept element is multiplied by, `1 / (1 - rate)`.
    var scale: Float { Float(1 / (1 - Double(rate))) }
    /// The key with its bits mixed, so that keys that differ by one share nothing
    /// (SplitMix64's finalizer; Steele, Lea, Flood, 2014).
    var mixedKey: UInt64 {
        var z = key &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

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

/// What the operands of a product of matrices are rounded to; sums and results are f32 in any case.
package enum Precision: String, Sendable, Hashable, CaseIterable {
    /// Not rounded: 24 bits of precision.
    case f32
    /// bfloat16: the exponents of f32 with 8 bits of precision, at twice the speed where the processor
    /// has instructions for it.
    case bf16
}
