import PoeCore
import PoeModel
import PoeTokenizer
import PoeTraining
import Testing

@Suite struct CalibrationTests {
    /// A model that has learnt something, and text of the kind that it has read.
    private func trained() throws -> (weights: ModelWeights, text: EvaluationText) {
        var recipe = Recipe()
        recipe.epochs = 40
        recipe.batchWindows = 20
        recipe.dropout = 0
        let trainer = try TinyTraining.trainer(recipe: recipe)
        while !trainer.isFinished { _ = try trainer.takeStep() }
        let tokens = try TinyTraining.tokenizer().encode(TinyTraining.text).suffix(600)
        return (trainer.weights, EvaluationText(tokens: Array(tokens), characters: 600))
    }

    private func loss(_ weights: ModelWeights, _ text: EvaluationText) -> Double {
        text.loss(of: weights, threads: 1).natsPerToken
    }

    @Test func noOtherFactorIsBetter() throws {
        let (weights, text) = try trained()
        let before = TinyTraining.bits(weights)
        let factor = Calibration.factor(of: weights, on: text, threads: 1)
        let best = loss(Calibration.apply(factor, to: weights), text)
        for hundredth in stride(from: 50, through: 150, by: 5) {
            let other = Calibration.apply(Float(hundredth) / 100, to: weights)
            #expect(best <= loss(other, text), "\(factor) against \(hundredth) hundredths")
        }
        #expect(best < loss(Calibration.apply(factor + 0.03, to: weights), text))
        #expect(best < loss(Calibration.apply(factor - 0.03, to: weights), text))
        #expect(TinyTraining.bits(weights) == before)
    }

    /// What was made too sure, or not sure enough, comes back.
    @Test(arguments: [Float(0.9), 1.25]) func aFactorIsUndone(_ wrong: Float) throws {
        let (weights, text) = try trained()
        let factor = Calibration.factor(of: weights, on: text, threads: 1)
        #expect((0.8...1.3).contains(factor))
        let found = Calibration.factor(
            of: Calibration.apply(wrong, to: weights), on: text, threads: 1)
        #expect(abs(found * wrong - factor) < 0.012)
    }

    /// A logit is a sum over the last norm's outputs: nothing else may change.
    @Test func onlyTheLastNormChanges() throws {
        let (weights, _) = try trained()
        let calibrated = Calibration.apply(0.5, to: weights)
        for parameter in weights.layout.parameters {
            let scale: Float = parameter.name.hasPrefix("final_norm") ? 0.5 : 1
            #expect(
                calibrated.floats(parameter) == weights.floats(parameter).map { $0 * scale },
                "\(parameter.name)")
        }
    }
}
