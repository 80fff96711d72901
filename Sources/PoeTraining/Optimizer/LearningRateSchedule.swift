#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Linear warm-up, then half a cosine down to a share of the peak.
///
///     factor(t) = (t + 1) / (W + 1)                                        for t < W
///     factor(t) = f + (1 - f) / 2 * (1 + cos(pi * (t - W) / (N - W)))      afterwards
///
/// The cosine is the system's, rounded to f32, so that a last bit's difference between libraries is
/// unlikely to show.
package struct LearningRateSchedule: Sendable, Equatable {
    /// Steps of warm-up, `W`.
    package let warmupSteps: Int
    /// Steps of the whole training, `N`.
    package let stepCount: Int
    /// Share of the peak that is left at the end, `f`.
    package let finalFactor: Float

    package init(recipe: Recipe, stepCount: Int) {
        warmupSteps = min(recipe.warmupSteps ?? stepCount / 50, stepCount)
        self.stepCount = stepCount
        finalFactor = recipe.finalLearningRate
    }

    /// What the peak learning rate is multiplied with at `step`, counted from 0.
    package func factor(at step: Int) -> Float {
        guard step >= warmupSteps else { return Float(step + 1) / Float(warmupSteps + 1) }
        let span = max(1, stepCount - warmupSteps)
        let progress = Double(min(step - warmupSteps, span)) / Double(span)
        let cosine = Float(0.5 * (1 + cos(Double.pi * progress)))
        return finalFactor + (1 - finalFactor) * cosine
    }
}
