public import PoeCore
public import PoeInference
import PoeTokenizer

/// What became of one prompt.
public struct Completion: Sendable, Hashable {
    /// The prompt as it was given.
    public let prompt: String
    /// What was generated, without the prompt, a stop string, and the token that ends a text.
    ///
    /// Where the caller ended it, without what might have become a stop string, or the rest of a character.
    public internal(set) var text = ""
    /// The generated tokens, those of a stop string and the one that ends the text included.
    public internal(set) var tokens: [TokenID] = []
    /// The seed that gives this text again, as this ``sample``.
    public let seed: UInt64
    /// Which of several samples of the prompt it is, from 0.
    public let sample: Int
    /// Why the text ends; `stop` is for a stop string, and for the token that ends a text.
    public internal(set) var finishReason = FinishReason.interrupt
    /// Tokens of the prompt that the model read: none where it did not come to that.
    public internal(set) var promptTokens = 0
    /// What was done to the prompt that its author may want to know.
    public let warnings: [PromptWarning]
    /// For each token its probability and the likeliest ones, where the options ask for them.
    public internal(set) var logProbabilities: [LogProbabilities] = []
    /// Work and time of the whole call, which other completions may share.
    public internal(set) var statistics = GenerationStatistics()
}

/// Something that was done to a prompt.
public enum PromptWarning: Sendable, Hashable, CustomStringConvertible {
    /// The model does not know these characters; they were left out, or replaced.
    case unknownCharacters([Unicode.Scalar], skipped: Bool)
    /// The prompt was longer than the context: this many tokens were cut from its beginning.
    case cutPrompt(cutTokens: Int, keptTokens: Int)

    /// Unknown characters that are named; a prompt in another script has hundreds.
    private static let namedCharacters = 8

    /// One clause, to follow "warning:".
    public var description: String {
        switch self {
        case .unknownCharacters(let scalars, let skipped):
            "the model does not know \(Self.names(of: scalars)); "
                + (skipped ? "left out" : "replaced")
        case .cutPrompt(let cut, let kept):
            "the prompt is longer than the model's context: its first \(cut) tokens were cut, "
                + "\(kept) are used"
        }
    }

    private static func names(of scalars: [Unicode.Scalar]) -> String {
        let names = scalars.prefix(namedCharacters).map(TokenizerError.name(of:))
            .joined(separator: ", ")
        let rest = scalars.count - namedCharacters
        return rest > 0 ? "\(names) and \(rest) more" : names
    }
}

/// A piece of a text in progress.
public struct TextPiece: Sendable, Hashable {
    /// Index of the prompt.
    public let prompt: Int
    /// Which sample of the prompt, from 0.
    public let sample: Int
    /// Whole characters; empty while a character, or what may become a stop string, is unfinished.
    public let text: String
    /// Whether no piece of this text follows.
    public let isLast: Bool
}
