import PoeCore
import PoeModel
import PoeNumerics
import PoeTokenizer
import PoeTraining
import Testing

@Suite struct GridTuningTests {
    /// Weights that were tuned to a coarse grid lose less by being rounded to it.
    @Test func tunedWeightsRoundBetter() throws {
        var recipe = TinyTraining.recipe
        recipe.epochs = 40
        recipe.dropout = 0
        let trainer = try TinyTraining.trainer(recipe: recipe)
        while !trainer.isFinished { _ = try trainer.takeStep() }
        let exact = trainer.modelWeights
        let before = TinyTraining.bits(exact)

        let settings = CompactSettings(k: 1.5, embeddingK: 2)
        let tokens = try TinyTraining.tokenizer().encode(TinyTraining.text)
        var tuning = recipe
        tuning.stride = 2
        tuning.batchWindows = 4
        var steps = 0
        let tuned = try GridTuning(
            exact, settings: settings, recipe: tuning, tokens: tokens, threads: 1
        ).run { step, _ in steps = step }
        #expect(steps > 500)

        let text = EvaluationText(tokens: Array(tokens.prefix(1_500)), characters: 1_500)
        func loss(_ weights: ModelWeights) -> Double {
            text.loss(of: weights, threads: 1).natsPerToken
        }
        let cost = loss(settings.rounded(exact)) - loss(exact)
        #expect(cost > 0.01, "coarse enough to tell")
        #expect(loss(settings.rounded(tuned)) - loss(exact) < cost / 2)
        #expect(TinyTraining.bits(exact) == before)
    }

    /// The training itself went well: there is no reason to begin again with other rates.
    @Test func divergenceTellsThatTheWeightsAreKept() throws {
        var recipe = TinyTraining.recipe
        recipe.halfDepth = 0
        let weights = try TinyTraining.trainer(recipe: recipe).modelWeights
        weights.vector(weights.layout.finalNormGain).fill(.nan)
        let tokens = try TinyTraining.tokenizer().encode(TinyTraining.text)
        let tuning = try GridTuning(
            weights, settings: CompactSettings(), recipe: recipe, tokens: tokens, threads: 1)
        let error = #expect(throws: TrainingError.tuningDiverged(step: 1)) {
            try tuning.run { _, _ in }
        }
        #expect(try #require(error).description.contains("--resume --profile lossless"))
    }
}
