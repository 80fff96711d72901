import PoeCore
import PoeInference
import PoeModel
import PoeNumerics

/// Models of a few thousand seeded random weights: nothing is downloaded, nothing is trained.
enum TinyModel {
    /// Two blocks, sizes that are no multiples of a vector's width.
    static let configuration = ModelConfiguration(
        vocabularySize: 37, contextLength: 24, layerCount: 2, headCount: 3, modelDimension: 24,
        feedForwardDimension: 52)

    /// Every choice that changes the forward pass, once each.
    static let variants: [ModelConfiguration] = {
        var exact = configuration
        exact.activation = .gelu
        var bare = configuration
        bare.hasBiases = false
        var untied = configuration
        untied.tiesOutputHead = false
        return [configuration, exact, bare, untied]
    }()

    /// Weights in [-0.5, 0.5), gains around 1: large enough for attention to be uneven.
    static func weights(
        _ configuration: ModelConfiguration = configuration, seed: UInt64 = 1
    ) -> ModelWeights {
        let weights = ModelWeights(configuration)
        let random = CounterRandom(seed: seed)
        for (stream, parameter) in weights.layout.parameters.enumerated() {
            let centre: Float = parameter.kind == .gain ? 1 : 0
            let values = (0..<parameter.count).map {
                centre + random.uniform(stream: UInt64(stream), index: UInt64($0)) - 0.5
            }
            weights.set(parameter, to: values)
        }
        return weights
    }

    /// Seeded random tokens.
    static func tokens(_ count: Int, seed: UInt64 = 7) -> [TokenID] {
        (0..<count).map {
            TokenID(
                CounterRandom(seed: seed).integer(
                    below: configuration.vocabularySize, stream: 0, index: UInt64($0)))
        }
    }

    static func engine(
        _ configuration: ModelConfiguration = configuration, _ arithmetic: Arithmetic = .f32,
        threads: Int = 1, kernels: KernelSet = .best
    ) -> Engine {
        Engine(
            weights(configuration), arithmetic: arithmetic, threads: threads, kernels: kernels)
    }
}

/// The bits of floats, so that equality means the same bits.
func bits(_ rows: [[Float]]) -> [[UInt32]] { rows.map { $0.map(\.bitPattern) } }

/// A copy of the rows of a matrix.
func rows(_ matrix: Matrix) -> [[Float]] {
    (0..<matrix.rows).map { r in (0..<matrix.columns).map { matrix[r, $0] } }
}
