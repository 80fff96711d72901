import PoeCore
import PoeModel
import PoeNumerics
import PoeTraining
import Testing

/// The hand-written backward pass against differences of the loss itself, dropout included.
@Suite struct GradientTests {
    static let configuration = ModelConfiguration(
        vocabularySize: 19, contextLength: 7, layerCount: 2, headCount: 2, modelDimension: 12,
        feedForwardDimension: 20, activation: .gelu)

    /// Parts of a tensor that are moved one at a time: queries, keys and values share one tensor,
    /// in which the values would drown the others.
    private func parts(of parameter: Parameter) -> [Range<Int>] {
        let count = parameter.name.contains(".qkv.") ? parameter.count / 3 : parameter.count
        return stride(from: 0, to: parameter.count, by: count).map { $0..<$0 + count }
    }

    /// The slope of the loss along random directions.
    ///
    /// Weights are so large that attention is far from even: along those of queries and keys the
    /// loss has slopes of 0.04 to 15, ten times the tolerance and more. (It has none along the
    /// keys' biases, which a softmax does not see.) The 14 tokens lose 58 nats in f32, off by some
    /// 1e-6; over 2h that is 2e-4 to 4e-4 at most where a slope is small, 1.5e-3 where it is large.
    /// Steps of h are off by a quarter of a percent at most, of 2h by four times as much.
    @Test(arguments: [Float(0), 0.2])
    func finiteDifferences(_ dropout: Float) {
        var recipe = Recipe()
        recipe.dropout = dropout
        recipe.attentionDropout = dropout
        let weights = ModelWeights(Self.configuration)
        let random = CounterRandom(seed: 5)
        for parameter in weights.layout.parameters {
            let values = weights.vector(parameter)
            let (middle, width): (Float, Float) = parameter.kind == .gain ? (1, 0.6) : (0, 1.8)
            for i in 0..<values.count {
                let place = UInt64(parameter.offset + i)
                values[i] = middle + width * (random.uniform(stream: 1, index: place) - 0.5)
            }
        }
        let length = 2 * Self.configuration.contextLength
        let tokens = (0...length).map {
            TokenID(random.integer(below: 19, stream: 2, index: UInt64($0)))
        }
        let (inputs, targets) = (Array(tokens.dropLast()), Array(tokens.dropFirst()))
        let network = Network(weights: weights, shardWindows: 2, compute: Compute(threads: 1))
        let keys = DropoutKeys(recipe: recipe, step: 3, shard: 1)
        let gradients = ModelWeights(Self.configuration)
        _ = network.withWeightsFixed {
            network.loss(inputs: inputs, targets: targets, dropout: keys, gradients: gradients)
        }

        for parameter in weights.layout.parameters {
            let (values, gradient) = (weights.vector(parameter), gradients.vector(parameter))
            // A random direction tests every element of the part at once.
            let direction = (0..<values.count).map {
                random.uniform(stream: 3, index: UInt64(parameter.offset + $0)) < 0.5
                    ? Float(-1) : 1
            }
            let original = weights.floats(parameter)
            for part in parts(of: parameter) {
                let h: Float = 2e-3
                var loss: [Double] = []
                for sign in [h, -h] {
                    for i in part { values[i] = original[i] + sign * direction[i] }
                    loss.append(network.loss(inputs: inputs, targets: targets, dropout: keys))
                }
                for i in part { values[i] = original[i] }
                let expected = (loss[0] - loss[1]) / Double(2 * h)
                let found = part.reduce(0.0) {
                    $0 + Double(gradient[$1]) * Double(direction[$1])
                }
                #expect(
                    abs(found - expected) < 2e-2 * abs(expected) + 2e-3,
                    "\(parameter.name) \(part): \(found), expected \(expected)")
            }
        }
    }

    /// A model that is its own teacher has nothing to learn from it, so what is left is the text's
    /// part; several teachers count as their mean.
    @Test(arguments: [Float(0), 0.25, 1]) func teachersTakeTheirShare(_ share: Float) {
        let weights = ModelWeights(Self.configuration)
        weights.initialize(seed: 3)
        let other = ModelWeights(Self.configuration)
        other.initialize(seed: 4)
        for i in 0..<other.flat.count { other.flat[i] *= 5 }
        let tokens = (0...14).map { TokenID(($0 * 7 + 3) % 19) }
        let (inputs, targets) = (Array(tokens.dropLast()), Array(tokens.dropFirst()))
        let network = Network(weights: weights, shardWindows: 2, compute: Compute(threads: 2))
        func gradient(_ teachers: [ModelWeights]) -> [Float] {
            let gradients = ModelWeights(Self.configuration)
            let taught =
                teachers.isEmpty
                ? nil : Teachers(teachers, share: share, shardWindows: 2, of: network)
            _ = network.loss(
                inputs: inputs, targets: targets, gradients: gradients, teachers: taught)
            return (0..<gradients.flat.count).map { gradients.flat[$0] }
        }
        let plain = gradient([])
        let own = gradient([weights])
        let whole = zip(own, plain).map { $0 + share * $1 }
        #expect(relativeError(whole, plain) < 1e-4)
        let others = gradient([other])
        let both = gradient([weights, other])
        let mean = zip(own, others).map { ($0 + $1) / 2 }
        #expect(relativeError(both, mean) < 1e-4)
        if share > 0 { #expect(relativeError(own, others) > 1e-2) }
    }
}
