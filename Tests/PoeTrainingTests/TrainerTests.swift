import Foundation
import PoeCore
import PoeModel
import PoeNumerics
import PoeTokenizer
import PoeTraining
import Testing

@Suite struct TrainerTests {
    @Test func threadsDoNotChangeABit() throws {
        let expected = try weightsAfter(4, threads: 1)
        for threads in [2, 3] {
            #expect(try weightsAfter(4, threads: threads) == expected, "\(threads) threads")
        }
    }

    private func weightsAfter(_ steps: Int, threads: Int) throws -> [UInt32] {
        let trainer = try TinyTraining.trainer(threads: threads)
        for _ in 0..<steps { _ = try trainer.takeStep() }
        return TinyTraining.bits(trainer.weights)
    }

    /// Merges are undone by draws of their own, and products rounded to bfloat16 have kernels of their own.
    @Test(arguments: Precision.allCases)
    func threadsDoNotChangeABitWhereMergesAreUndone(_ precision: Precision) throws {
        let description = try TokenizerTrainer.bpe(texts: [TinyTraining.text], vocabularySize: 60)
        let tokenizer = try Tokenizer(description)
        func weights(mergeDropout: Float, threads: Int) throws -> [UInt32] {
            var recipe = TinyTraining.recipe
            recipe.mergeDropout = mergeDropout
            recipe.precision = precision
            let trainer = try Trainer(
                recipe: recipe, configuration: TinyTraining.configuration(tokenizer),
                tokens: try tokenizer.encode(TinyTraining.text), tokenizer: description,
                threads: threads)
            for _ in 0..<4 { _ = try trainer.takeStep() }
            return TinyTraining.bits(trainer.weights)
        }
        let expected = try weights(mergeDropout: 0.5, threads: 1)
        #expect(try weights(mergeDropout: 0, threads: 1) != expected)
        for threads in [2, 3] {
            #expect(try weights(mergeDropout: 0.5, threads: threads) == expected, "\(threads)")
        }
    }

    @Test func theSeedChangesTheModel() throws {
        var recipe = TinyTraining.recipe
        let first = TinyTraining.bits(try TinyTraining.trainer(recipe: recipe).weights)
        recipe.seed = 2
        #expect(TinyTraining.bits(try TinyTraining.trainer(recipe: recipe).weights) != first)
    }

    /// The mean of the weights begins with them too.
    @Test func aTrainingBeginsWithItsBase() throws {
        var recipe = TinyTraining.recipe
        recipe.halfDepth = 0
        let base = try TinyTraining.trainer(recipe: recipe)
        for _ in 0..<5 { _ = try base.takeStep() }
        let tokenizer = try TinyTraining.tokenizer()
        recipe.learningRate = 1e-6
        recipe.matrixLearningRate = 1e-6
        let trainer = try Trainer(
            recipe: recipe, configuration: base.configuration,
            tokens: try tokenizer.encode(TinyTraining.text), base: base.modelWeights, threads: 1)
        #expect(TinyTraining.bits(trainer.weights) == TinyTraining.bits(base.modelWeights))
        #expect(TinyTraining.bits(trainer.modelWeights) == TinyTraining.bits(base.modelWeights))
        let before = TinyTraining.bits(base.modelWeights)
        _ = try trainer.takeStep()
        #expect(TinyTraining.bits(trainer.weights) != before)
        #expect(TinyTraining.bits(base.modelWeights) == before)
    }

    /// At half depth, every second block of the base would be lost.
    @Test func aBaseIsTrainedWhole() throws {
        let base = try TinyTraining.trainer()
        let tokens = try TinyTraining.tokenizer().encode(TinyTraining.text)
        let error = #expect(throws: TrainingError.self) {
            try Trainer(
                recipe: TinyTraining.recipe, configuration: base.configuration, tokens: tokens,
                base: base.modelWeights, threads: 1)
        }
        #expect(try #require(error).description.contains("half depth is 0.5; expected 0"))
    }

    /// A teacher has its weights, one packed form and activations; Muon has two matrices and two squares on each
    /// thread that gets a matrix.
    @Test func memoryCountsWhatIsHeld() throws {
        let configuration = TinyTraining.configuration(try TinyTraining.tokenizer())
        func memory(
            _ optimizer: MatrixOptimizer = .adamW, threads: Int = 1, teachers: Int = 0,
            tunes: Bool = false
        ) -> Int {
            Trainer.memory(
                configuration, optimizer: optimizer, threads: threads, teachers: teachers,
                tunes: tunes)
        }
        let least = memory()
        let teacher = memory(teachers: 1) - least
        #expect(memory(teachers: 3) - least == 3 * teacher)
        #expect(memory(tunes: true) - least - teacher == 4 * 4 * configuration.parameterCount)
        let scratch = 4 * 2 * (72 * 24 + 24 * 24)
        #expect(memory(threads: 64) == least)
        #expect(memory(.muon) - least == scratch)
        #expect(memory(.norMuon, threads: 3) - least == 3 * scratch)
        // Of two blocks: queries, keys, values, their output, up and down; of two heads, twice the first two.
        #expect(memory(.muon, threads: 64) - least == 12 * scratch)
        #expect(memory(.muonHeads, threads: 64) - least == 16 * scratch)
    }

    @Test(arguments: MatrixOptimizer.allCases) func oneBatchIsLearntByHeart(
        _ optimizer: MatrixOptimizer
    ) throws {
        var recipe = TinyTraining.recipe
        recipe.matrixOptimizer = optimizer
        recipe.dropout = 0
        recipe.attentionDropout = 0
        recipe.tokenNoise = 0
        recipe.learningRate = 1e-2
        recipe.epochs = 400
        let tokenizer = try TinyTraining.tokenizer()
        let tokens = Array(try tokenizer.encode(TinyTraining.text).prefix(60))
        let trainer = try Trainer(
            recipe: recipe, configuration: TinyTraining.configuration(tokenizer), tokens: tokens,
            threads: 1)
        let first = try trainer.takeStep().loss
        var last = first
        while !trainer.isFinished { last = try trainer.takeStep().loss }
        #expect(first > 2.5)
        #expect(last < 0.3)
    }

    /// Noise is in what is read and not in what is to be predicted: with all of it noise, what can be
    /// learnt is how frequent the tokens are.
    @Test func noiseHidesTheTextAndNotTheTargets() throws {
        var recipe = TinyTraining.recipe
        recipe.dropout = 0
        recipe.attentionDropout = 0
        recipe.epochs = 150
        var last: [Float: Double] = [:]
        for noise: Float in [0, 0.3, 0.999] {
            recipe.tokenNoise = noise
            let trainer = try TinyTraining.trainer(recipe: recipe)
            var losses: [Double] = []
            while !trainer.isFinished { losses.append(try trainer.takeStep().loss) }
            last[noise] = losses.suffix(20).reduce(0, +) / 20
        }
        let tokens = try TinyTraining.tokenizer().encode(TinyTraining.text)
        let shares = Dictionary(grouping: tokens, by: \.self).values.map {
            Double($0.count) / Double(tokens.count)
        }
        let entropy = -shares.reduce(0) { $0 + $1 * log($1) }
        #expect(abs(last[0.999]! - entropy) < 0.2)
        #expect(last[0]! < last[0.3]! && last[0.3]! < last[0.999]!)
    }

    @Test func aFreshModelGuessesEvenly() throws {
        let trainer = try TinyTraining.trainer()
        let size = Double(trainer.configuration.vocabularySize)
        #expect(abs(try trainer.takeStep().loss - log(size)) < 0.1)
    }

    @Test func divergenceIsReported() throws {
        let trainer = try TinyTraining.trainer()
        let before = TinyTraining.bits(trainer.weights)
        trainer.weights.flat[0] = .nan
        #expect(throws: TrainingError.self) { try trainer.takeStep() }
        #expect(TinyTraining.bits(trainer.weights).dropFirst() == before.dropFirst())
    }

    @Test func badRecipesAreRefused() {
        var recipe = Recipe()
        recipe.dropout = 1
        #expect(
            throws: TrainingError.invalidRecipe(
                "the dropout is 1.0; expected from 0 to below 1")
        ) { try recipe.validate() }
        #expect(throws: TrainingError.textTooShort(tokens: 3, needed: 9)) {
            try WindowSampler(recipe: Recipe(), contextLength: 8, tokenCount: 3)
        }
    }

    @Test func evaluationScoresEveryTokenButTheFirst() throws {
        let trainer = try TinyTraining.trainer()
        let tokenizer = try TinyTraining.tokenizer()
        let model = Model(tokenizer: tokenizer, weights: trainer.modelWeights)
        for count in [2, 24, 25, 26, 24 * 9 + 1, 400] {
            let tokens = Array(try tokenizer.encode(TinyTraining.text).prefix(count))
            let text = EvaluationText(tokens: tokens, characters: count)
            let result = text.loss(of: model.weights, threads: 2)
            #expect(result.tokens == count - 1)
            let expected = referenceLoss(model, tokens)
            #expect(abs(result.natsPerToken - expected / Double(count - 1)) < 1e-5)
            #expect(abs(result.natsPerCharacter - expected / Double(count)) < 1e-5)
            let unknown = EvaluationText(tokens: tokens, characters: count, unknownCharacters: 2)
            let more = unknown.loss(of: model.weights, threads: 1)
            #expect(more.natsPerToken == result.natsPerToken)
            let each = (more.natsPerCharacter - result.natsPerCharacter) * Double(count) / 2
            #expect(abs(each - LossProtocol.unknownCharacterNats) < 1e-9)
        }
    }

    @Test func aMeasurementCanBeBrokenOff() throws {
        let tokens = try TinyTraining.tokenizer().encode(TinyTraining.text)
        let text = EvaluationText(tokens: Array(tokens), characters: 1)
        let weights = try TinyTraining.trainer().modelWeights
        var shards = 0
        #expect(throws: CancellationError.self) {
            try text.loss(of: weights, threads: 1) {
                shards += 1
                if shards == 2 { throw CancellationError() }
            }
        }
        #expect(shards == 2)
    }

    /// Total nats by the protocol, window by window, through the plain forward pass.
    private func referenceLoss(_ model: Model, _ tokens: [TokenID]) -> Double {
        var nats = 0.0
        for start in stride(from: 0, to: tokens.count - 1, by: 24) {
            let inputs = Array(tokens[start..<min(start + 24, tokens.count - 1)])
            let logits = ReferenceModel(model.weights).logits(inputs)
            for (t, row) in logits.enumerated() {
                let sum = row.reduce(0.0) { $0 + exp(Double($1)) }
                nats += log(sum) - Double(row[Int(tokens[start + t + 1])])
            }
        }
        return nats
    }
}
