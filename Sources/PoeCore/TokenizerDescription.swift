/// How text is cut into pieces before merges are applied; no merge crosses a cut.
public enum Pretokenizer: UInt8, Sendable, CaseIterable {
    /// GPT-2's: a word keeps its leading blank; letters, digits, other signs and blanks apart.
    case gpt2 = 0
    /// Runs of non-blank characters, and runs of blanks, apart.
    case words = 1
}

/// What an encoder does with a character that the vocabulary lacks.
public enum UnknownPolicy: UInt8, Sendable, CaseIterable {
    /// Another character stands in for it.
    case replace = 0
    /// It is left out.
    case skip = 1
    /// Encoding throws.
    case error = 2
}

/// What a special token is for.
public enum SpecialTokenRole: UInt8, Sendable, CaseIterable {
    /// Ends a text.
    case endOfText = 0
    /// Any other use.
    case other = 1
}

/// A token with a meaning of its own, never produced from ordinary text.
public struct SpecialToken: Sendable, Hashable {
    /// The token.
    public var id: TokenID
    /// Its spelling.
    public var bytes: [UInt8]
    /// Its use.
    public var role: SpecialTokenRole

    /// Makes a special token.
    public init(id: TokenID, bytes: [UInt8], role: SpecialTokenRole) {
        self.id = id
        self.bytes = bytes
        self.role = role
    }
}

/// Two adjacent tokens that become one.
public struct Merge: Sendable, Hashable {
    /// The first token.
    public var left: TokenID
    /// The second token.
    public var right: TokenID

    /// Makes a merge.
    public init(_ left: TokenID, _ right: TokenID) {
        self.left = left
        self.right = right
    }
}

/// Everything that determines a tokenizer, as plain data: what the trainer makes, the model file
/// stores, and a tokenizer is built from.
///
/// Identifiers: base tokens first (a character's rank among `characters`, or a byte's value), then
/// one for each merge in order (merge `i` makes token `baseCount + i` from two smaller tokens), then
/// the special tokens.
public struct TokenizerDescription: Sendable, Hashable {
    /// What the base tokens are.
    public enum Base: Sendable, Hashable {
        /// Unicode scalars, strictly ascending.
        case characters([Unicode.Scalar])
        /// The 256 bytes, in order of value.
        case bytes
    }

    /// A rewriting of prompts into the spelling that the corpus uses.
    public struct Folds: OptionSet, Sendable, Hashable {
        /// The bits, as stored.
        public let rawValue: UInt32
        /// Makes a set from stored bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        /// CR LF, and CR alone, become LF.
        public static let lineEnds = Folds(rawValue: 1)
        /// Unicode normal form C.
        public static let canonicalComposition = Folds(rawValue: 2)
        /// Straight quotation marks become typographic ones.
        public static let quotes = Folds(rawValue: 4)
        /// `--` becomes an em dash.
        public static let dashes = Folds(rawValue: 8)
        /// `...` becomes one character.
        public static let ellipses = Folds(rawValue: 16)
    }

    /// The base tokens.
    public var base: Base
    /// Merges in order of rank; empty for a character tokenizer.
    public var merges: [Merge]
    /// How text is cut before merges are applied.
    public var pretokenizer: Pretokenizer
    /// What to do with unknown characters unless the user says otherwise.
    public var unknownPolicy: UnknownPolicy
    /// What stands in for an unknown character under `.replace`: a base token.
    public var replacement: TokenID
    /// Rewritings applied to prompts; each is applied only where it leads to known characters.
    public var folds: Folds
    /// Special tokens, ascending and following the merges' tokens without a gap.
    public var specialTokens: [SpecialToken]

    /// Makes a description; nothing is checked here.
    public init(
        base: Base, merges: [Merge] = [], pretokenizer: Pretokenizer = .gpt2,
        unknownPolicy: UnknownPolicy = .replace, replacement: TokenID = 0, folds: Folds = [],
        specialTokens: [SpecialToken] = []
    ) {
        self.base = base
        self.merges = merges
        self.pretokenizer = pretokenizer
        self.unknownPolicy = unknownPolicy
        self.replacement = replacement
        self.folds = folds
        self.specialTokens = specialTokens
    }

    /// Number of base tokens.
    public var baseCount: Int {
        switch base {
        case .characters(let scalars): scalars.count
        case .bytes: 256
        }
    }

    /// Number of tokens of all kinds.
    public var vocabularySize: Int { baseCount + merges.count + specialTokens.count }
}
