package import PoeCore
package import PoeModel
package import PoeNumerics

/// What one step did.
package struct StepReport: Sendable {
    /// Steps taken so far, this one included.
    package let step: Int
    /// The epoch this step belongs to, from 1.
    package let epoch: Int
    /// Mean loss of the step's tokens with dropout, nats.
    package let loss: Double
    /// Global norm of the gradient before clipping.
    package let gradientNorm: Double
    /// AdamW's learning rate.
    package let learningRate: Float
    /// Tokens of the step.
    package let tokens: Int
}

/// Takes training steps.
///
/// Its whole state is the weights, the optimizer's moments and the number of
/// steps taken; everything random is a function of the recipe's seed and the step.
package final class Trainer {
    /// Windows whose activations are held at once.
    ///
    /// A constant: sums over a batch are taken shard by
    /// shard, so changing it changes the last bits of a training.
    package static let shardWindows = 8

    package let recipe: Recipe
    package let configuration: ModelConfiguration
    /// The weights being trained.
    package let weights: ModelWeights
    /// Which text each step reads.
    package let sampler: WindowSampler
    /// Steps taken so far.
    package internal(set) var step = 0

    let optimizer: Optimizer
    let network: Network
    /// What the operations of all of them run on.
    package let compute: Compute
    private let teachers: Teachers?
    private let gradients: ModelWeights
    private let tokens: [TokenID]
    private var windows: (epoch: Int, starts: [Int])?

    /// Prepares a training of a new model on `tokens`.
    ///
    /// - Parameter teachers: Models of the same vocabulary and context length that it learns from
    ///   beside the text, as much as `recipe.teacherShare` says.
    package init(
        recipe: Recipe, configuration: ModelConfiguration, tokens: [TokenID],
        teachers: [ModelWeights] = [], threads: Int
    ) throws(TrainingError) {
        try recipe.validate()
        do { try configuration.validate() } catch { throw .invalidRecipe(error.description) }
        sampler = try WindowSampler(
            recipe: recipe, contextLength: configuration.contextLength, tokenCount: tokens.count)
        self.recipe = recipe
        self.configuration = configuration
        self.tokens = tokens
        compute = Compute(threads: threads)
        weights = ModelWeights(configuration)
        weights.initialize(seed: recipe.seed)
        gradients = ModelWeights(configuration)
        network = Network(
            weights: weights, shardWindows: Self.shardWindows, compute: compute,
            precision: recipe.precision)
        self.teachers =
            teachers.isEmpty
            ? nil
            : Teachers(
                teachers, share: recipe.teacherShare, shardWindows: Self.shardWindows, of: network)
        optimizer = Optimizer(
            configuration: configuration, recipe: recipe, stepCount: sampler.stepCount,
            compute: compute)
    }

    /// Whether all steps have been taken.
    package var isFinished: Bool { step >= sampler.stepCount }

    /// Takes one step; the weights are unchanged if it throws.
    package func takeStep() throws(TrainingError) -> StepReport {
        let epoch = sampler.epoch(of: step)
        let batch = batch(of: epoch)
        let loss = network.withWeightsFixed { accumulateGradients(batch) }
        guard loss.isFinite,
            let moved = compute.timing(
                .optimizer, { optimizer.step(step, weights: weights, gradients: gradients) })
        else { throw .diverged(step: step + 1, loss: loss) }
        step += 1
        return StepReport(
            step: step, epoch: epoch + 1, loss: loss, gradientNorm: moved.gradientNorm,
            learningRate: moved.learningRate,
            tokens: batch.count * configuration.contextLength)
    }

    /// The loss on `text`, by the protocol of ``EvaluationText``.
    package func evaluate(_ text: EvaluationText) -> EvaluationResult {
        network.evaluate(text, shardWindows: Self.shardWindows)
    }

    /// Starts of the windows of the next step.
    private func batch(of epoch: Int) -> ArraySlice<Int> {
        if windows?.epoch != epoch {
            windows = (epoch, sampler.windows(ofEpoch: epoch))
        }
        let starts = windows?.starts ?? []
        let first = (step - sampler.firstSteps[epoch]) * recipe.batchWindows
        return starts[first..<min(first + recipe.batchWindows, starts.count)]
    }

    /// The mean loss of a batch; its gradient is left in `gradients`.
    private func accumulateGradients(_ batch: ArraySlice<Int>) -> Double {
        let length = configuration.contextLength
        let scale = 1 / Float(batch.count * length)
        gradients.flat.fill(0)
        var sum = 0.0
        var first = batch.startIndex
        var shard = 0
        while first < batch.endIndex {
            let starts = batch[first..<min(first + Self.shardWindows, batch.endIndex)]
            sum += network.loss(
                inputs: starts.flatMap { tokens[$0..<$0 + length] },
                targets: starts.flatMap { tokens[$0 + 1..<$0 + 1 + length] },
                dropout: DropoutKeys(recipe: recipe, step: step, shard: shard),
                gradients: gradients, gradientScale: scale, teachers: teachers)
            first = starts.endIndex
            shard += 1
        }
        return sum / Double(batch.count * length)
    }
}
