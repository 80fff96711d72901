import PoeCore
import PoeModel
import PoeNumerics

/// The model that is measured: one of a file, or random weights of a named shape.
struct Subject {
    /// Shapes that can be measured without a file.
    enum Shape: String, CaseIterable {
        /// The committed models' shape.
        case reference
        /// GPT-2's smallest model, 124 million parameters.
        case gpt2Small = "gpt2-small"

        /// The sizes of the shape.
        var configuration: ModelConfiguration {
            switch self {
            case .reference: ModelConfiguration(vocabularySize: 512)
            case .gpt2Small:
                ModelConfiguration(
                    vocabularySize: 50_257, contextLength: 1_024, layerCount: 12, headCount: 12,
                    modelDimension: 768)
            }
        }

        fileprivate var workload: Workload { self == .reference ? .small : .large }
    }

    let weights: PackedWeights
    let workload: Workload
    var configuration: ModelConfiguration { weights.configuration }
    var arithmetic: Arithmetic { weights.arithmetic }
    var cost: TokenCost { TokenCost(configuration, arithmetic) }

    /// The model of a file, in the arithmetic that it is stored for unless another is named.
    init(path: String, arithmetic: Arithmetic?, threads: Int) throws {
        let reader = try Model.reader(of: path)
        self.init(
            try PackedWeights.load(reader, arithmetic: arithmetic, threads: threads), .small)
    }

    /// Random weights, always the same ones: how fast a model is does not depend on what it learnt.
    init(_ shape: Shape, arithmetic: Arithmetic) {
        let weights = ModelWeights(shape.configuration)
        let random = CounterRandom(seed: 1)
        for (stream, parameter) in weights.layout.parameters.enumerated() {
            let view = weights.vector(parameter)
            for i in 0..<view.count {
                let u = random.uniform(stream: UInt64(stream), index: UInt64(i))
                view[i] = parameter.kind == .gain ? 1 : (u - 0.5) * 0.07
            }
        }
        self.init(
            PackedWeights(weights, arithmetic: arithmetic, compute: Compute(threads: 1)),
            shape.workload)
    }

    private init(_ weights: PackedWeights, _ workload: Workload) {
        self.weights = weights
        self.workload = workload.fitted(to: weights.configuration)
    }
}
