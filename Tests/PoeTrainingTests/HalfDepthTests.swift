import PoeCore
import PoeModel
import PoeNumerics
import PoeTraining
import Testing

@Suite struct HalfDepthTests {
    private static func configuration(layers: Int) -> ModelConfiguration {
        ModelConfiguration(
            vocabularySize: 19, contextLength: 7, layerCount: layers, headCount: 2,
            modelDimension: 12, feedForwardDimension: 20)
    }

    /// Weights that are all of some size, biases too.
    private func randomWeights(layers: Int) -> ModelWeights {
        let weights = ModelWeights(Self.configuration(layers: layers))
        let random = CounterRandom(seed: 8)
        for parameter in weights.layout.parameters {
            let values = weights.vector(parameter)
            for i in 0..<values.count {
                values[i] =
                    0.8 * (random.uniform(stream: 0, index: UInt64(parameter.offset + i)) - 0.5)
            }
        }
        return weights
    }

    private static let tokens = (0...14).map { TokenID(($0 * 7 + 3) % 19) }

    /// The logits of some blocks of a model, and the gradient that they leave in `gradients`.
    private func logits(
        _ weights: ModelWeights, blocks: [Int]? = nil, gradients: ModelWeights? = nil
    ) -> [Float] {
        let network = Network(weights: weights, shardWindows: 2, compute: Compute(threads: 2))
        if let blocks { network.blocks = blocks }
        let (inputs, targets) = (Array(Self.tokens.dropLast()), Array(Self.tokens.dropFirst()))
        return network.withWeightsFixed {
            if let gradients {
                _ = network.loss(inputs: inputs, targets: targets, gradients: gradients)
            }
            _ = network.loss(inputs: inputs, targets: targets)
            let rows = network.lastLogits(rows: inputs.count)
            return (0..<inputs.count).flatMap { r in (0..<19).map { rows[r, $0] } }
        }
    }

    @Test func everySecondBlockSitsOutForItsShareOfTheSteps() {
        func blocks(_ layers: Int, at step: Int) -> [Int] {
            HalfDepth(share: 0.4, of: 11, layers: layers).blocks(at: step)
        }
        #expect(HalfDepth(share: 0.4, of: 11, layers: 6).steps == 4)
        #expect(blocks(6, at: 3) == [0, 2, 4] && blocks(6, at: 4) == [0, 1, 2, 3, 4, 5])
        #expect(blocks(5, at: 0) == [0, 2, 4] && blocks(5, at: 10) == [0, 1, 2, 3, 4])
        #expect(blocks(1, at: 0) == [0] && blocks(1, at: 4) == [0])
        #expect(HalfDepth(share: 0, of: 11, layers: 3).blocks(at: 0) == [0, 1, 2])
    }

    /// The first and third of three blocks are a model of two.
    @Test func blocksThatSitOutArePassedBy() {
        let three = randomWeights(layers: 3)
        let two = ModelWeights(Self.configuration(layers: 2))
        let (gradients, expected) = (
            ModelWeights(three.configuration), ModelWeights(two.configuration)
        )
        func same(_ parameter: Parameter) -> Parameter {
            let name = parameter.name.replacing("block.1.", with: "block.2.")
            return three.layout.parameters.first { $0.name == name }!
        }
        for parameter in two.layout.parameters {
            two.vector(parameter).copy(from: three.vector(same(parameter)))
        }
        let found = logits(three, blocks: [0, 2], gradients: gradients)
        #expect(found == logits(two, gradients: expected))
        for parameter in two.layout.parameters {
            #expect(
                gradients.floats(same(parameter)) == expected.floats(parameter), "\(parameter.name)"
            )
        }
        for parameter in three.layout.parameters where parameter.name.hasPrefix("block.1.") {
            #expect(gradients.floats(parameter).allSatisfy { $0 == 0 }, "\(parameter.name)")
        }
    }

    @Test func aBlockThatSitsOutIsTheIdentity() {
        let weights = randomWeights(layers: 5)
        HalfDepth(share: 0.5, of: 10, layers: 5).begin(weights)
        #expect(logits(weights) == logits(weights, blocks: [0, 2, 4]))
    }

    /// To first order: what a quarter of the branches' size changes is a sixteenth.
    @Test func twinsDoTogetherWhatOneDid() {
        func change(_ size: Float) -> Double {
            let weights = randomWeights(layers: 5)
            for parameter in weights.layout.parameters
            where parameter.name.contains("attention.output") || parameter.name.contains(".down.") {
                let values = weights.vector(parameter)
                for i in 0..<values.count { values[i] *= size }
            }
            let halfDepth = HalfDepth(share: 0.5, of: 10, layers: 5)
            halfDepth.begin(weights)
            let before = logits(weights)
            halfDepth.copyTwins(in: weights)
            halfDepth.shareOutputs(in: weights)
            return relativeError(logits(weights), before)
        }
        #expect(change(0.4) > 1e-4, "two blocks in a row are not one")
        #expect(change(0.1) < change(0.4) / 10)
    }

    /// Until half of the steps are taken a block and its mean stay silent; then it is the block before it,
    /// and then itself.
    @Test func aTrainingGoesToFullDepth() throws {
        let trainer = try TinyTraining.trainer()
        let half = trainer.sampler.stepCount / 2
        func block(_ index: Int, of weights: ModelWeights, _ part: String = "") -> [[Float]] {
            weights.layout.parameters.filter { $0.name.hasPrefix("block.\(index).\(part)") }
                .map(weights.floats)
        }
        var outputs: [[Float]] = []
        while trainer.step < half {
            let silent = block(1, of: trainer.modelWeights, "feed_forward.down").joined()
            #expect(silent.allSatisfy { $0 == 0 })
            outputs = block(0, of: trainer.modelWeights, "feed_forward.down")
            _ = try trainer.takeStep()
        }
        for weights in [trainer.weights, trainer.modelWeights] {
            #expect(block(0, of: weights) == block(1, of: weights))
        }
        // What the optimizer remembers is inherited, too.
        for state in [trainer.optimizer.firstMoment, trainer.optimizer.secondMoment] {
            #expect(block(0, of: state) == block(1, of: state))
            #expect(block(0, of: state).allSatisfy { $0.contains { $0 != 0 } })
        }
        let halved = block(0, of: trainer.modelWeights, "feed_forward.down")
        #expect(relativeError(halved[0].map { 2 * $0 }, outputs[0]) < 0.2)
        _ = try trainer.takeStep()
        #expect(block(0, of: trainer.weights) != block(1, of: trainer.weights))
    }
}
