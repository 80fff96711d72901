import Foundation
import PoeCore
import PoeModel
import PoeTokenizer
import PoemFile

/// Models of a few thousand seeded random weights.
enum TinyModel {
    static let alphabet = "\n abcdefghijklmnop—é"

    /// A model as a training would leave it after an epoch.
    static func model(
        epoch: Int? = nil, of recipe: String = "1", bytes: Bool = false, seed: UInt64 = 4
    ) throws -> Model {
        let characters = TokenizerDescription(
            base: .characters(Array(alphabet.unicodeScalars).sorted()), merges: [Merge(2, 3)],
            unknownPolicy: .replace, replacement: 1)
        let description = bytes ? TokenizerDescription(base: .bytes) : characters
        let weights = ModelWeights(
            ModelConfiguration(
                vocabularySize: description.vocabularySize, contextLength: 16, layerCount: 2,
                headCount: 2, modelDimension: 16))
        let random = CounterRandom(seed: seed)
        for (stream, parameter) in weights.layout.parameters.enumerated() {
            let centre: Float = parameter.kind == .gain ? 1 : 0
            weights.set(
                parameter,
                to: (0..<parameter.count).map {
                    centre + random.uniform(stream: UInt64(stream), index: UInt64($0)) - 0.5
                })
        }
        var model = Model(tokenizer: try Tokenizer(description), weights: weights, card: "# Tiny\n")
        if let epoch {
            model.evaluation = ["epoch": .integer(epoch)]
            model.training = [
                "recipe.seed": .string(recipe),
                "epochs": .strings((1...epoch).map { "\($0) \($0 * 10) 2.5 2.25 -" }),
            ]
        }
        return model
    }
}

/// A folder that goes when the test ends.
final class Folder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/poe-gallery-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a model; returns its path.
    func write(_ model: Model, to name: String) throws -> String {
        try model.write(to: path + "/" + name, profile: .lossless)
        return path + "/" + name
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
    }
}
