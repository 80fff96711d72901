import PoeModel
import PoeTokenizer
import PoeTraining
import Testing

@Suite struct WeightAverageTests {
    /// A trainer whose mean is over 0.3 of the steps, after `steps` of them; `see` gets the weights after each.
    private func trained(_ steps: Int, see: ([Float]) -> Void = { _ in }) throws -> Trainer {
        var recipe = TinyTraining.recipe
        recipe.averaging = 0.3
        recipe.epochs = 20
        let trainer = try TinyTraining.trainer(recipe: recipe)
        for _ in 0..<steps {
            _ = try trainer.takeStep()
            see(floats(trainer.weights))
        }
        return trainer
    }

    private func floats(_ weights: ModelWeights) -> [Float] {
        TinyTraining.bits(weights).map(Float.init(bitPattern:))
    }

    @Test(arguments: [1, 3, 4, 17]) func eachStepWeighsAsItsShareSays(_ steps: Int) throws {
        var seen: [[Float]] = []
        let mean = floats(try trained(steps) { seen.append($0) }.modelWeights)
        // The part of each step, less what later steps take from it.
        let parts = (1...steps).map { min(1, 1 / (0.3 * Double($0))) }
        let shares = (0..<steps).map { step in
            parts[step + 1..<steps].reduce(parts[step]) { $0 * (1 - $1) }
        }
        #expect(abs(shares.reduce(0, +) - 1) < 1e-6)
        for i in stride(from: 0, to: mean.count, by: 37) {
            let expected = zip(shares, seen).reduce(0) { $0 + $1.0 * Double($1.1[i]) }
            #expect(abs(Double(mean[i]) - expected) < 1e-5)
        }
        #expect((mean == seen.last) == (steps <= 3), "up to 1 / 0.3 steps the mean is the latest")
    }

    @Test func withoutAveragingTheLatestWeightsAreTheModel() throws {
        var recipe = TinyTraining.recipe
        recipe.averaging = 0
        let trainer = try TinyTraining.trainer(recipe: recipe)
        for _ in 0..<4 { _ = try trainer.takeStep() }
        #expect(trainer.modelWeights === trainer.weights)
    }
}
