import Foundation
import PoeCore
import PoeModel
import PoeNumerics

/// What PyTorch computed for a small model in f64, written by scripts/reference/make_goldens.py.
struct TwinGolden {
    /// Where a tensor's values begin in the file, in bytes, before and after training.
    struct Tensor: Decodable {
        let name: String
        let shape: [Int]
        let initial: Int
        let gradient: Int
        let afterAdamw: Int
        let afterMuon: Int
        let afterMuonHeads: Int
        let afterNormuon: Int
    }
    /// Elements whose true gradient is zero, so that an optimizer follows rounding there.
    struct Range: Decodable {
        let name: String
        let first: Int
        let count: Int
    }
    struct Run: Decodable {
        let rate: Float
        let weightDecay: Float
        let clip: Float
        let losses: [Double]
        let gradientNorms: [Double]
    }
    struct Place: Decodable {
        let shape: [Int]
        let offset: Int
    }
    struct Configuration: Decodable {
        let vocabularySize, contextLength, layerCount, headCount, modelDimension: Int
        let feedForwardDimension: Int
        let activation: String
        let normEpsilon: Float
        let hasBiases, tiesOutputHead: Bool
    }
    struct Index: Decodable {
        let configuration: Configuration
        let batch: Int
        let tokens, targets: [[TokenID]]
        let loss: Double
        let gradientNorm: Double
        let logits: Place
        let zeroGradient: [Range]
        let adamw, muon, muonHeads, normuon: Run
        let tensors: [Tensor]
    }

    static let names = ["tied-tanh", "untied-exact", "no-biases"]

    let index: Index
    let configuration: ModelConfiguration
    private let data: Data

    init(_ name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Goldens")
        let json = try Data(contentsOf: folder.appendingPathComponent("twin-\(name).json"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        index = try decoder.decode(Index.self, from: json)
        data = try Data(contentsOf: folder.appendingPathComponent("twin-\(name).bin"))
        let c = index.configuration
        configuration = ModelConfiguration(
            vocabularySize: c.vocabularySize, contextLength: c.contextLength,
            layerCount: c.layerCount, headCount: c.headCount,
            modelDimension: c.modelDimension, feedForwardDimension: c.feedForwardDimension,
            activation: c.activation == "gelu" ? .gelu : .geluTanh, normEpsilon: c.normEpsilon,
            hasBiases: c.hasBiases, tiesOutputHead: c.tiesOutputHead)
    }

    var inputs: [TokenID] { index.tokens.flatMap { $0 } }
    var targets: [TokenID] { index.targets.flatMap { $0 } }

    func floats(at offset: Int, count: Int) -> [Float] {
        (0..<count).map { i in
            let start = data.startIndex + offset + 4 * i
            let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(data[start + $1]) << (8 * $1) }
            return Float(bitPattern: word)
        }
    }

    func values(_ parameter: Parameter, _ place: KeyPath<Tensor, Int>) throws -> [Float] {
        guard let tensor = index.tensors.first(where: { $0.name == parameter.name }),
            tensor.shape == parameter.shape
        else { throw MissingTensor(name: parameter.name) }
        return floats(at: tensor[keyPath: place], count: parameter.count)
    }

    /// The model's initial weights.
    func weights() throws -> ModelWeights {
        let weights = ModelWeights(configuration)
        for parameter in weights.layout.parameters {
            let target = weights.vector(parameter)
            for (i, value) in try values(parameter, \.initial).enumerated() { target[i] = value }
        }
        return weights
    }

    /// Whether the true gradient of an element is zero.
    func hasZeroGradient(_ parameter: Parameter, _ element: Int) -> Bool {
        index.zeroGradient.contains {
            $0.name == parameter.name && ($0.first..<$0.first + $0.count).contains(element)
        }
    }

    struct MissingTensor: Error {
        let name: String
    }
}

/// Largest difference of two equally long lists, relative to the largest magnitude of the second;
/// infinite where a difference is not a number.
func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
    precondition(found.count == expected.count)
    let scale = expected.map { Double($0.magnitude) }.max() ?? 0
    let differences = zip(found, expected).map { Double(($0 - $1).magnitude) }
    // `max` passes over what is not a number.
    guard !differences.contains(where: \.isNaN) else { return .infinity }
    return (differences.max() ?? 0) / max(scale, 1e-12)
}
