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
    /// Whether it is the last step of its epoch.
    package let endsEpoch: Bool
}

/// Takes training steps.
///
/// Its whole state is the weights, their mean, the optimizer's moments and the number of
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

    package let optimizer: Optimizer
    /// The mean of the weights, where the recipe asks for one.
    let average: WeightAverage?
    let network: Network
    /// What the operations of all of them run on.
    package let compute: Compute
    private let teachers: Teachers?
    private let halfDepth: HalfDepth
    private let grid: (settings: CompactSettings, rounded: ModelWeights)?
    private let gradients: ModelWeights
    private let text: TextPerturbation
    private var windows: (epoch: Int, starts: [Int])?

    /// Prepares a training of a model on `tokens`.
    ///
    /// - Parameters:
    ///   - tokenizer: What made the tokens; its merges are undone where the recipe says so.
    ///   - base: A model of the same shape and vocabulary, whose weights the training begins with; nil for random
    ///     ones.
    ///   - teachers: Models of the same vocabulary and context length that it learns from beside the
    ///     text, as much as `recipe.teacherShare` says.
    ///   - grid: If given, the gradients are those of the weights as a file with these settings would
    ///     hold them, while the steps are taken by the exact ones ("straight-through"; Bengio, Léonard
    ///     and Courville, 2013): so the weights move to where rounding costs little.
    package init(
        recipe: Recipe, configuration: ModelConfiguration, tokens: [TokenID],
        tokenizer: TokenizerDescription? = nil, base: ModelWeights? = nil,
        teachers: [ModelWeights] = [], grid: CompactSettings? = nil, threads: Int
    ) throws(TrainingError) {
        try recipe.validate()
        guard base == nil || recipe.halfDepth == 0 else {
            throw .invalidRecipe(
                "the half depth is \(recipe.halfDepth); expected 0 where a training begins with a "
                    + "finished model, whose every second block would be lost")
        }
        do { try configuration.validate() } catch { throw .invalidRecipe(error.description) }
        sampler = try WindowSampler(
            recipe: recipe, contextLength: configuration.contextLength, tokenCount: tokens.count)
        self.recipe = recipe
        self.configuration = configuration
        text = TextPerturbation(
            tokens, tokenizer: tokenizer, recipe: recipe, stepCount: sampler.stepCount)
        compute = Compute(threads: threads)
        weights = ModelWeights(configuration)
        if let base {
            weights.flat.copy(from: base.flat)
        } else {
            weights.initialize(seed: recipe.seed, attention: recipe.initialAttention)
        }
        halfDepth = HalfDepth(
            share: recipe.halfDepth, of: sampler.stepCount, layers: configuration.layerCount)
        halfDepth.begin(weights)
        average = recipe.averaging > 0 ? WeightAverage(of: weights, share: recipe.averaging) : nil
        gradients = ModelWeights(configuration)
        self.grid = grid.map { ($0, ModelWeights(configuration)) }
        network = Network(
            weights: self.grid?.rounded ?? weights, shardWindows: Self.shardWindows,
            compute: compute,
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

    /// Bytes that a training takes, about and at most, for a model of a valid `configuration`.
    ///
    /// Its steps take the weights, their mean, their gradient, two moments and two packed forms of them, the
    /// activations of a shard, and what moves the weights; each teacher has weights, one packed form of them, and
    /// activations. At the end of an epoch come a calibrated copy, one that is tried and one that is written, and
    /// other activations; where weights are tuned to a grid, the best ones as they are, their packed form, and a
    /// trainer.
    package static func memory(
        _ configuration: ModelConfiguration, optimizer: MatrixOptimizer, threads: Int,
        teachers: Int = 0, tunes: Bool = false
    ) -> Int {
        let weights = configuration.parameterCount
        let activations = Activations.count(
            configuration, capacity: shardWindows * configuration.contextLength)
        let scratch =
            optimizer == .adamW
            ? 0 : Muon.scratch(ParameterLayout(configuration), optimizer, threads: threads)
        let steps = 7 * weights + activations + scratch + teachers * (2 * weights + activations)
        let after = tunes ? 9 * weights + 2 * activations : 3 * weights + activations
        return 4 * (steps + after)
    }

    /// The weights that the model consists of: their mean, where there is one.
    package var modelWeights: ModelWeights { average?.weights ?? weights }

    /// Whether all steps have been taken.
    package var isFinished: Bool { step >= sampler.stepCount }

    /// Takes one step; the weights are unchanged if it throws.
    package func takeStep() throws(TrainingError) -> StepReport {
        let epoch = sampler.epoch(of: step)
        let batch = batch(of: epoch)
        network.blocks = halfDepth.blocks(at: step)
        if let grid { grid.settings.round(weights, into: grid.rounded) }
        let loss = network.withWeightsFixed { accumulateGradients(batch) }
        guard loss.isFinite,
            let moved = compute.timing(
                .optimizer, { optimizer.step(step, weights: weights, gradients: gradients) })
        else { throw .diverged(step: step + 1, loss: loss) }
        step += 1
        compute.timing(.optimizer) { average?.add(weights, step: step, compute: compute) }
        if step == halfDepth.steps { goToFullDepth() }
        return StepReport(
            step: step, epoch: epoch + 1, loss: loss, gradientNorm: moved.gradientNorm,
            learningRate: moved.learningRate,
            tokens: batch.count * configuration.contextLength,
            endsEpoch: sampler.firstSteps[epoch + 1] == step)
    }

    /// From now on all blocks are trained.
    private func goToFullDepth() {
        let models = [weights] + (average.map { [$0.weights] } ?? [])
        for state in models + [optimizer.firstMoment, optimizer.secondMoment] {
            halfDepth.copyTwins(in: state)
        }
        for model in models { halfDepth.shareOutputs(in: model) }
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
        for (shard, first) in stride(from: 0, to: batch.count, by: Self.shardWindows).enumerated() {
            let windows = (first..<min(first + Self.shardWindows, batch.count)).map { window in
                text.text(
                    from: batch[batch.startIndex + window], count: length + 1, step: step,
                    window: window)
            }
            sum += network.loss(
                inputs: windows.enumerated().flatMap { place, tokens in
                    text.noisy(Array(tokens.dropLast()), step: step, window: first + place)
                },
                targets: windows.flatMap { $0.dropFirst() },
                dropout: DropoutKeys(recipe: recipe, step: step, shard: shard),
                gradients: gradients, gradientScale: scale, teachers: teachers)
        }
        return sum / Double(batch.count * length)
    }
}
