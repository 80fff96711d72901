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
        monitor.packing()
        var search = StepSearch()
        search.budget = budget
        let found = try search.run(model.weights) { weights in
            if Interrupt.isRequested { throw Interrupted() }
            return validation.loss(of: weights, threads: threads).natsPerToken
        }
        let settings = found.best.settings
        let packed = validation.loss(of: settings.rounded(model.weights), threads: threads)
        evaluation["exact.nats_per_token"] = .double(found.exactLoss)
        evaluation["validation.nats_per_token"] = .double(packed.natsPerToken)
        evaluation["validation.nats_per_character"] = .double(packed.natsPerCharacter)
        evaluation["compression.nats_per_token"] = .double(found.best.lossAdded)
        return Choice(profile: .compact(settings), evaluation: evaluation)
    }
}
