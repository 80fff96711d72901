import PoeCommand
import PoeCore
import PoeModel
import PoeTraining
import PoemFile

/// Chooses how a finished model's weights are stored, and measures what that costs.
///
/// The coarsest grid within the budget is taken as it is, where that is coarser than ``tuned``. If not,
/// the weights are tuned to ``tuned``; and if that is not enough, the other is taken after all.
struct Packing {
    let model: Model
    let validation: EvaluationText?
    let budget: Double
    let threads: Int
    /// What tuning reads, and the recipe that it follows.
    let tokens: [TokenID]
    let recipe: Recipe

    /// The grid that weights are tuned to: 2.7 MB at the reference shape.
    private static let tuned = CompactSettings(k: 4.5, embeddingK: 16)

    /// What is to be written, and what is known of it.
    struct Choice {
        var profile: Profile
        var weights: ModelWeights
        var evaluation: Metadata
    }

    /// The smallest file within the budget; without a validation text, a fine grid.
    func choose(_ name: ProfileName, _ monitor: TrainingMonitor) throws -> Choice {
        guard name == .compact else { return choice(.lossless) }
        guard let validation else { return choice(.compact(CompactSettings())) }
        var results: [EvaluationResult] = []
        func measure(_ weights: ModelWeights) throws -> Double {
            if Interrupt.isRequested { throw Interrupted() }
            results.append(validation.loss(of: weights, threads: threads))
            return results[results.count - 1].natsPerToken
        }
        let plain = try GridLadder.coarsest(
            model.weights, within: budget, onTrial: monitor.didTryGrid, measure: measure)
        guard plain.settings.k >= Self.tuned.k, let untuned = results.last else {
            return choice(plain, model.weights, results.last)
        }
        let weights = try GridTuning(
            model.weights, settings: Self.tuned, recipe: recipe, tokens: tokens, threads: threads
        ).run { step, steps in
            if Interrupt.isRequested { throw Interrupted() }
            monitor.didTune(step, of: steps)
        }
        let tuned = GridLadder.Choice(
            settings: Self.tuned, exactLoss: plain.exactLoss,
            packedLoss: try measure(Self.tuned.rounded(weights)))
        monitor.didTryGrid(tuned)
        let limit = plain.settings == Self.tuned ? plain.cost : budget
        return tuned.cost <= limit
            ? choice(tuned, weights, results.last) : choice(plain, model.weights, untuned)
    }

    private func choice(_ profile: Profile) -> Choice {
        Choice(profile: profile, weights: model.weights, evaluation: model.evaluation)
    }

    private func choice(
        _ grid: GridLadder.Choice, _ weights: ModelWeights, _ result: EvaluationResult?
    ) -> Choice {
        var evaluation = model.evaluation
        evaluation["exact.nats_per_token"] = .double(grid.exactLoss)
        evaluation["validation.nats_per_token"] = .double(grid.packedLoss)
        evaluation["validation.nats_per_character"] = (result?.natsPerCharacter).map { .double($0) }
        evaluation["compression.nats_per_token"] = .double(grid.cost)
        return Choice(profile: .compact(grid.settings), weights: weights, evaluation: evaluation)
    }
}
