import PoeCore
import PoeModel
import PoeNumerics
import PoeTokenizer
import PoemFile

/// A model that is small enough to be made by every test, with random weights.
enum TinyModel {
    /// What its tokenizer was made from; no other character is known.
    static let alphabetText =
        "The quick brown fox jumps over the lazy dog, and so on.\n"
        + "“Pack my box,” said ABCDEFGHIJKLMNOPQRSTUVWXYZ; ‘with five dozen liquor jugs’—…!?\n"

    /// Makes a model whose words are no words, but always the same ones.
    ///
    /// - Parameter scale: Size of the random weights; the larger, the surer the model.
    static func make(seed: UInt64 = 1, vocabularySize: Int = 96, scale: Float = 0.4) throws -> Model
    {
        let tokenizer = try Tokenizer(
            TokenizerTrainer.bpe(
                texts: [alphabetText], alphabetTexts: [alphabetText],
                vocabularySize: vocabularySize))
        let weights = ModelWeights(
            ModelConfiguration(
                vocabularySize: tokenizer.vocabularySize, contextLength: 32, layerCount: 2,
                headCount: 2, modelDimension: 32))
        let random = CounterRandom(seed: seed)
        for (index, parameter) in weights.layout.parameters.enumerated() {
            let values = (0..<parameter.count).map { place -> Float in
                let u = random.uniform(stream: UInt64(index), index: UInt64(place))
                return parameter.kind == .gain ? 1 : (u - 0.5) * scale
            }
            weights.set(parameter, to: values)
        }
        return Model(
            tokenizer: tokenizer, weights: weights, card: "# Tiny\n\nMade by a test.\n",
            metadata: ["model.name": "tiny"])
    }
}
