import PoeCore
import PoeModel
import PoeNumerics
import PoeTraining
import Testing

/// Forward, backward and optimizers against PyTorch in f64.
@Suite struct TwinTests {
    @Test(arguments: TwinGolden.names)
    func logitsAndLoss(_ name: String) throws {
        let golden = try TwinGolden(name)
        let network = Network(
            weights: try golden.weights(), shardWindows: golden.index.batch,
            compute: Compute(threads: 2))
        let sum = network.loss(inputs: golden.inputs, targets: golden.targets)
        #expect(abs(sum / Double(golden.inputs.count) - golden.index.loss) < 1e-5)

        let rows = golden.inputs.count
        let logits = network.lastLogits(rows: rows)
        let vocabulary = golden.configuration.vocabularySize
        let found = (0..<rows).flatMap { r in (0..<vocabulary).map { logits[r, $0] } }
        let expected = golden.floats(at: golden.index.logits.offset, count: rows * vocabulary)
        #expect(relativeError(found, expected) < 1e-4)
    }

    /// As a training takes them: with the weights packed for a whole step, which changes no bit,
    /// and in either precision.
    @Test(arguments: TwinGolden.names, Precision.allCases)
    func gradients(_ name: String, _ precision: Precision) throws {
        let golden = try TwinGolden(name)
        let network = Network(
            weights: try golden.weights(), shardWindows: golden.index.batch,
            compute: Compute(threads: 2), precision: precision)
        func calculate() -> ModelWeights {
            let gradients = ModelWeights(golden.configuration)
            _ = network.loss(
                inputs: golden.inputs, targets: golden.targets, gradients: gradients,
                gradientScale: 1 / Float(golden.inputs.count))
            return gradients
        }
        let found = network.withWeightsFixed { calculate() }
        #expect(TinyTraining.bits(found) == TinyTraining.bits(calculate()))
        // Operands of 8 bits put a tensor off by 0.002 to 0.02; one that is closer was not rounded.
        let errors: Range<Double> = precision == .f32 ? 0..<1e-3 : 1e-4..<4e-2
        for parameter in found.layout.parameters {
            let expected = try golden.values(parameter, \.gradient)
            let error = relativeError(found.floats(parameter), expected)
            #expect(errors.contains(error), "\(parameter.name): \(error)")
        }
    }

    /// What the twin's run of an optimizer gave, and where the parameters after it are.
    private func run(
        _ optimizer: MatrixOptimizer, _ index: TwinGolden.Index
    ) -> (TwinGolden.Run, KeyPath<TwinGolden.Tensor, Int>) {
        switch optimizer {
        case .adamW: (index.adamw, \.afterAdamw)
        case .muon: (index.muon, \.afterMuon)
        case .muonHeads: (index.muonHeads, \.afterMuonHeads)
        case .norMuon: (index.normuon, \.afterNormuon)
        }
    }

    @Test(arguments: TwinGolden.names, MatrixOptimizer.allCases)
    func tenSteps(_ name: String, _ optimizer: MatrixOptimizer) throws {
        let golden = try TwinGolden(name)
        let (run, after) = run(optimizer, golden.index)
        var recipe = Recipe()
        recipe.warmupSteps = 0
        recipe.finalLearningRate = 1
        recipe.learningRate = optimizer == .adamW ? run.rate : 1.5e-3
        recipe.matrixLearningRate = run.rate
        recipe.matrixOptimizer = optimizer
        recipe.weightDecay = run.weightDecay
        recipe.gradientClip = run.clip
        recipe.precision = .f32

        let compute = Compute(threads: 2)
        let weights = try golden.weights()
        let gradients = ModelWeights(golden.configuration)
        let network = Network(
            weights: weights, shardWindows: golden.index.batch, compute: compute)
        let mover = Optimizer(
            configuration: golden.configuration, recipe: recipe, stepCount: 10, compute: compute)
        for step in 0..<10 {
            gradients.flat.fill(0)
            // Packed anew for each step: panels of the step before would be of other weights.
            let sum = network.withWeightsFixed {
                network.loss(
                    inputs: golden.inputs, targets: golden.targets, gradients: gradients,
                    gradientScale: 1 / Float(golden.inputs.count))
            }
            #expect(abs(sum / Double(golden.inputs.count) - run.losses[step]) < 1e-4)
            let report = try #require(mover.step(step, weights: weights, gradients: gradients))
            #expect(abs(report.gradientNorm - run.gradientNorms[step]) < 1e-3)
        }
        for parameter in weights.layout.parameters {
            let expected = try golden.values(parameter, after)
            let found = weights.floats(parameter)
            let kept = found.indices.filter { !golden.hasZeroGradient(parameter, $0) }
            #expect(
                relativeError(kept.map { found[$0] }, kept.map { expected[$0] }) < 1e-4,
                "\(parameter.name)")
        }
    }
}
