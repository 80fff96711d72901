public import PoeCore
import PoeInference
import PoeTokenizer

/// How well a model predicts a text.
public struct TextScore: Sendable, Hashable {
    /// Unicode scalars of the text.
    public let characters: Int
    /// Those of them that the tokenizer lacks; each costs ``unknownCharacterNats``.
    public let unknownCharacters: Int
    /// The text's tokens, without unknown characters.
    public let tokens: [TokenID]
    /// For each token but the first, the natural logarithm of its probability.
    public let logProbabilities: [Double]

    /// What an unknown character costs: one of 1,114,112 code points, `log(1_114_112)` nats.
    public static let unknownCharacterNats = LossProtocol.unknownCharacterNats

    /// Nats of the whole text.
    public var totalNats: Double {
        logProbabilities.reduce(Double(unknownCharacters) * Self.unknownCharacterNats) { $0 - $1 }
    }

    /// Mean cross-entropy: nats per token that was scored, unknown characters counting as tokens.
    public var natsPerToken: Double { mean(over: logProbabilities.count + unknownCharacters) }

    /// Nats per character, which compares models of different tokenizers.
    public var natsPerCharacter: Double { mean(over: characters) }

    /// Bits per character.
    public var bitsPerCharacter: Double { natsPerCharacter / 0.693_147_180_559_945_3 }

    private func mean(over count: Int) -> Double { count == 0 ? 0 : totalNats / Double(count) }
}

extension LanguageModel {
    /// Scores a text: its tokens in windows of the context length that do not overlap, every token but
    /// the first scored once.
    ///
    /// The text is encoded exactly as written. Characters that the tokenizer lacks are left out for
    /// the model, and cost ``TextScore/unknownCharacterNats`` each.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - stride: Tokens from the start of a window to the next, 1 to the context length; less than
    ///     that gives most tokens a longer history, at a higher cost.
    ///   - threads: One for each processor if nil.
    /// - Throws: ``PoeError`` for a stride or threads out of range, for a context that takes more memory
    ///   than the model may take, and for a model whose numbers are not finite.
    public func score(_ text: String, stride: Int? = nil, threads: Int? = nil) throws(PoeError)
        -> TextScore
    {
        guard stride ?? 1 >= 1, stride ?? 1 <= configuration.contextLength else {
            throw PoeError(
                .invalidOption,
                "stride is \(stride ?? 0); expected 1 to \(configuration.contextLength)")
        }
        let tokens = try encode(text, unknown: .skip)
        _ = try cacheBytes(tokens: tokens.count)
        let logProbabilities = try engine(threads: threads).score(tokens, stride: stride)
        if let place = logProbabilities.firstIndex(where: { !$0.isFinite }) {
            throw PoeError(
                .notFinite,
                """
                the model's probability of token \(place + 2) of the text is no finite number: its \
                weights are too large, or were not trained; take another model
                """)
        }
        return TextScore(
            characters: text.unicodeScalars.count,
            unknownCharacters: text.unicodeScalars.count { !tokenizer.knows($0) },
            tokens: tokens, logProbabilities: logProbabilities)
    }
}
