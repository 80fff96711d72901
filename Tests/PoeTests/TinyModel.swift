import Poe
import PoeCore
import PoeModel
import PoeTokenizer

/// Models of a few thousand seeded random weights: nothing is downloaded, nothing is trained.
enum TinyModel {
    static let alphabet: [Unicode.Scalar] = Array("\n abcdefghijklmnop—é".unicodeScalars).sorted()

    /// Characters, and merges that make "ab", "abc" and "no".
    static func description() throws -> TokenizerDescription {
        let first = TokenID(alphabet.count)
        return TokenizerDescription(
            base: .characters(alphabet),
            merges: [
                Merge(try token("a"), try token("b")), Merge(first, try token("c")),
                Merge(try token("n"), try token("o")),
            ],
            unknownPolicy: .replace, replacement: try token(" "), folds: [.lineEnds, .dashes])
    }

    private static func token(_ scalar: Unicode.Scalar) throws -> TokenID {
        guard let index = alphabet.firstIndex(of: scalar) else { throw NotInAlphabet() }
        return TokenID(index)
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

    /// A model that goes from "a" to "b", to "c" and to the end of the text, and from "d" to "d" for ever.
    static func endingModel() throws -> Model {
        let (a, b, c, d) = (try token("a"), try token("b"), try token("c"), try token("d"))
        var vocabulary = try description()
        let end = TokenID(vocabulary.vocabularySize)
        vocabulary.specialTokens = [
            SpecialToken(id: end, bytes: Array("<end>".utf8), role: .endOfText)
        ]
        return try model(vocabulary, steps: [(a, b), (b, c), (c, end), (d, d)])
    }

    /// A model over bytes that goes from "a" to the first byte of two, and to the end of the text.
    static func breakingModel() throws -> Model {
        let end = SpecialToken(id: 256, bytes: Array("<end>".utf8), role: .endOfText)
        return try model(
            TokenizerDescription(base: .bytes, specialTokens: [end]),
            steps: [(97, 0xC3), (0xC3, 256)])
    }

    /// A model whose blocks add nothing, so that the last token alone says which is the likeliest next
    /// one: each step has a dimension of its own, where its first token is read and its second written.
    private static func model(
        _ description: TokenizerDescription, steps: [(from: TokenID, to: TokenID)]
    ) throws -> Model {
        let width = 16
        let weights = ModelWeights(
            ModelConfiguration(
                vocabularySize: description.vocabularySize, contextLength: 16, layerCount: 1,
                headCount: 2, modelDimension: width, tiesOutputHead: false))
        let layout = weights.layout
        var read = [Float](repeating: 0, count: layout.tokenEmbedding.count)
        var written = read
        for (dimension, step) in steps.enumerated() {
            read[Int(step.from) * width + dimension] = 1
            written[Int(step.to) * width + dimension] = 1
        }
        weights.set(layout.tokenEmbedding, to: read)
        weights.set(layout.headWeight, to: written)
        weights.set(layout.finalNormGain, to: Array(repeating: 1, count: width))
        return Model(tokenizer: try Tokenizer(description), weights: weights)
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
