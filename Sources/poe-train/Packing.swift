import PoeCommand
import PoeCore
import PoeModel
import PoeTraining
import PoemFile

/// Chooses how a finished model's weights are stored, and measures what that costs.
struct Packing {
    let model: Model
    let validation: EvaluationText?
    let budget: Double
    let threads: Int

    /// A profile and what is known of the file it makes.
    struct Choice {
        var profile: Profile
        var evaluation: Metadata
    }

    /// The smallest file within the budget; without a validation text, a fine grid.
    func choose(_ name: ProfileName, _ monitor: TrainingMonitor) throws -> Choice {
        var evaluation = model.evaluation
        guard name == .compact else { return Choice(profile: .lossless, evaluation: evaluation) }
        guard let validation else {
            return Choice(profile: .compact(CompactSettings()), evaluation: evaluation)
        }
        var last: EvaluationResult?
        let choice = try GridLadder.coarsest(
            model.weights, within: budget, onTrial: monitor.didTryGrid
        ) { weights in
            if Interrupt.isRequested { throw Interrupted() }
            let result = validation.loss(of: weights, threads: threads)
            last = result
            return result.natsPerToken
        }
        evaluation["exact.nats_per_token"] = .double(choice.exactLoss)
        evaluation["validation.nats_per_token"] = .double(choice.packedLoss)
        evaluation["validation.nats_per_character"] = (last?.natsPerCharacter).map { .double($0) }
        evaluation["compression.nats_per_token"] = .double(choice.cost)
        return Choice(profile: .compact(choice.settings), evaluation: evaluation)
    }
}
