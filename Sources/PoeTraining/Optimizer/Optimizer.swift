package import PoeCore
package import PoeModel
package import PoeNumerics

/// What one optimizer step did, for the log.
package struct OptimizerReport {
    /// Global norm of the gradient before clipping.
    package let gradientNorm: Double
    /// AdamW's learning rate of this step.
    package let learningRate: Float
}

/// Clipping by global norm, then AdamW or Muon on every parameter, over flat buffers.
package final class Optimizer {
    /// First moments (for Muon's matrices: the momentum), in the weights' layout.
    package let firstMoment: ModelWeights
    /// Second moments, in the weights' layout; of each of Muon's matrices, its units' mean squares at the front of
    /// its part, if any.
    package let secondMoment: ModelWeights

    private let recipe: Recipe
    private let schedule: LearningRateSchedule
    private let compute: Compute
    private let muon: Muon?

    package init(
        configuration: ModelConfiguration, recipe: Recipe, stepCount: Int, compute: Compute
    ) {
        firstMoment = ModelWeights(configuration)
        secondMoment = ModelWeights(configuration)
        self.recipe = recipe
        self.compute = compute
        schedule = LearningRateSchedule(recipe: recipe, stepCount: stepCount)
        muon =
            recipe.matrixOptimizer == .adamW
            ? nil
            : Muon(
                layout: firstMoment.layout, optimizer: recipe.matrixOptimizer,
                precision: recipe.precision, compute: compute)
    }

    /// Moves `weights` against `gradients`.
    ///
    /// - Parameter step: Steps taken before this one.
    /// - Returns: nil, with nothing changed, if the gradient is infinite or not a number.
    package func step(_ step: Int, weights: ModelWeights, gradients: ModelWeights)
        -> OptimizerReport?
    {
        let norm = compute.sumOfSquares(gradients.flat).squareRoot()
        guard norm.isFinite else { return nil }
        // As torch.nn.utils.clip_grad_norm_ has it, 1e-6 included.
        let clip = Float(min(1, Double(recipe.gradientClip) / (norm + 1e-6)))
        let factor = schedule.factor(at: step)
        muon?.step(
            weights: weights, gradients: gradients, momentum: firstMoment,
            unitMeans: secondMoment, learningRate: recipe.matrixLearningRate * factor,
            weightDecay: recipe.weightDecay, gradientScale: clip)
        for parameter in weights.layout.parameters
        where muon == nil || !parameter.isHiddenMatrix {
            compute.adamW(
                weights.vector(parameter), gradient: gradients.vector(parameter),
                firstMoment: firstMoment.vector(parameter),
                secondMoment: secondMoment.vector(parameter),
                AdamWSettings(
                    learningRate: recipe.learningRate * factor, beta1: recipe.beta1,
                    beta2: recipe.beta2, epsilon: recipe.epsilon,
                    weightDecay: parameter.isDecayed ? recipe.weightDecay : 0,
                    step: step + 1, gradientScale: clip))
        }
        return OptimizerReport(gradientNorm: norm, learningRate: recipe.learningRate * factor)
    }
}
