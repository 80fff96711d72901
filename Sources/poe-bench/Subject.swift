import PoeCore
import PoeInference
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

    /// The model of a file.
    init(path: String, threads: Int) throws {
        self.init(try Model.load(path, threads: threads).weights, .small)
    }

    /// Random weights, always the same ones: how fast a model is does not depend on what it learnt.
    init(_ shape: Shape) {
        let weights = ModelWeights(shape.configuration)
        let random = CounterRandom(seed: 1)
        for (stream, parameter) in weights.layout.parameters.enumerated() {
            let view = weights.vector(parameter)
            for i in 0..<view.count {
                let u = random.uniform(stream: UInt64(stream), index: UInt64(i))
                view[i] = parameter.kind == .gain ? 1 : (u - 0.5) * 0.07
            }
        }
        self.init(weights, shape.workload)
    }

    private init(_ weights: ModelWeights, _ workload: Workload) {
        self.weights = PackedWeights(weights, compute: Compute(threads: 1))
        self.workload = workload.fitted(to: weights.configuration)
    }

    /// Bytes of the matrices as the engine reads them.
    static func weightBytes(_ configuration: ModelConfiguration) -> Int {
        TokenCost(configuration).weightCount * MemoryLayout<Float>.size
    }
}
