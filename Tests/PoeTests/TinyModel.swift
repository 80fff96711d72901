import Poe
import PoeCore
import PoeModel
import PoeTokenizer

/// Models of a few thousand seeded random weights: nothing is downloaded, nothing is trained.
enum TinyModel {
    static let alphabet: [Unicode.Scalar] = Array("\n abcdefghijklmnop—é".unicodeScalars).sorted()

    /// Characters, and merges that make "ab", "abc" and "no".
    static func description() throws -> TokenizerDescription {
        func token(_ scalar: Unicode.Scalar) throws -> TokenID {
            guard let index = alphabet.firstIndex(of: scalar) else { throw NotInAlphabet() }
            return TokenID(index)
        }
        let first = TokenID(alphabet.count)
        return TokenizerDescription(
            base: .characters(alphabet),
            merges: [
                Merge(try token("a"), try token("b")), Merge(first, try token("c")),
                Merge(try token("n"), try token("o")),
            ],
            unknownPolicy: .replace, replacement: try token(" "), folds: [.lineEnds, .dashes])
    }

    static func model(contextLength: Int = 16) throws -> Model {
        try model(description(), contextLength: contextLength)
    }

    /// A model over the 256 bytes, so that characters are split over tokens.
    static func byteModel() throws -> Model {
        try model(TokenizerDescription(base: .bytes), contextLength: 16)
    }

    private static func model(
        _ description: TokenizerDescription, contextLength: Int
    ) throws -> Model {
        let weights = ModelWeights(
            ModelConfiguration(
                vocabularySize: description.vocabularySize, contextLength: contextLength,
                layerCount: 2, headCount: 2, modelDimension: 16))
        let random = CounterRandom(seed: 4)
        for (stream, parameter) in weights.layout.parameters.enumerated() {
            let centre: Float = parameter.kind == .gain ? 1 : 0
            let values = (0..<parameter.count).map {
                centre + random.uniform(stream: UInt64(stream), index: UInt64($0)) - 0.5
            }
            weights.set(parameter, to: values)
        }
        return Model(
            tokenizer: try Tokenizer(description), weights: weights, card: "# A tiny model\n")
    }

    /// A generator with a fixed seed.
    static func generator(
        _ model: Model? = nil, _ change: (inout GenerationOptions) -> Void = { _ in }
    ) throws -> TextGenerator {
        var options = GenerationOptions()
        options.seed = 1
        options.maxNewTokens = 40
        change(&options)
        return TextGenerator(LanguageModel(try model ?? Self.model()), options: options, threads: 1)
    }
}

/// A character that a test needs is not in its alphabet.
struct NotInAlphabet: Error {}
