import PoeCommand
import PoeCore
import PoeModel
import PoeTraining
import PoemFile

/// Chooses how a finished model's weights are stored (``PoeModel/GridLadder``), and measures what that
/// costs.
struct Packing {
    let model: Model
    let validation: EvaluationText?
    let budget: Double
    let threads: Int
    /// What tuning reads, and the recipe that it follows.
    let tokens: [TokenID]
    let recipe: Recipe

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
            results.append(
                try validation.loss(of: weights, threads: threads, onShard: heedInterrupt))
            return results[results.count - 1].natsPerToken
        }
        let (grid, weights) = try GridLadder.coarsest(
            model.weights, within: budget, onTrial: monitor.didTryGrid, measure: measure
        ) {
            try GridTuning(
                model.weights, settings: GridLadder.tuned, recipe: recipe, tokens: tokens,
                threads: threads
            ).run { step, steps in
                try heedInterrupt()
                monitor.didTune(step, of: steps)
            }
        }
        if grid.cost > budget {
            Output.warn(
                "no grid is within the --budget of \(budget); this is the finest one, and --profile "
                    + "lossless loses nothing")
        }
        return choice(grid, weights, results.last { $0.natsPerToken == grid.packedLoss })
    }

    private func heedInterrupt() throws {
        if Interrupt.isRequested { throw Interrupted() }
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
