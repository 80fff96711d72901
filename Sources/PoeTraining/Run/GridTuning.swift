package import PoeCore
package import PoeModel
import PoeNumerics

/// The end of a training for a compact file: one pass over the text by which the weights get used to
/// the file's grid.
///
/// What they are taught is not the text, which they would only learn by heart, but what the exact
/// weights predict of it: the model stays the one that was chosen.
package struct GridTuning {
    private let trainer: Trainer

    /// Prepares the pass; `weights` are not changed.
    ///
    /// - Parameter recipe: That of the training, whose batches and precision hold here too.
    package init(
        _ weights: ModelWeights, settings: CompactSettings, recipe: Recipe, tokens: [TokenID],
        threads: Int
    ) throws(TrainingError) {
        var tuning = Recipe()
        tuning.epochs = 1
        tuning.batchWindows = recipe.batchWindows
        tuning.stride = recipe.stride
        tuning.precision = recipe.precision
        tuning.matrixOptimizer = .adamW
        tuning.learningRate = 1e-4
        tuning.finalLearningRate = 0
        tuning.averaging = 0
        tuning.weightDecay = 0
        tuning.dropout = 0
        tuning.attentionDropout = 0
        tuning.teacherShare = 1
        // Other windows in another order than any pass of the training.
        tuning.seed = recipe.seed ^ 0x6772_6964
        trainer = try Trainer(
            recipe: tuning, configuration: weights.configuration, tokens: tokens,
            teachers: [weights], grid: settings, threads: threads)
        trainer.weights.flat.copy(from: weights.flat)
    }

    /// The weights after the pass, exact: to be stored with the settings it was made for.
    ///
    /// - Parameter onStep: Told the steps taken and those of the whole pass; throws to end it.
    package func run(onStep: (Int, Int) throws -> Void) throws -> ModelWeights {
        while !trainer.isFinished {
            let report = try takeStep()
            try onStep(report.step, trainer.sampler.stepCount)
        }
        return trainer.weights
    }

    /// A step; of a divergence it says what there is to do here, where the training itself went well.
    private func takeStep() throws(TrainingError) -> StepReport {
        do {
            return try trainer.takeStep()
        } catch {
            if case .diverged(let step, _) = error { throw .tuningDiverged(step: step) }
            throw error
        }
    }
}
