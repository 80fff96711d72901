public import PoeCore

/// Why a tokenizer cannot be built, trained, or applied to a text.
public enum TokenizerError: Error, Equatable, CustomStringConvertible {
    /// There is no base token: the alphabet, or the text it was gathered from, is empty.
    case emptyAlphabet
    /// More tokens than ``TokenizerLimits/vocabularySize`` allows.
    case vocabularyTooLarge(count: Int)
    /// A vocabulary was asked for that has no room for the base tokens.
    case vocabularyTooSmall(requested: Int, baseCount: Int)
    /// The distinct words of a training text have more characters than can be counted.
    case textTooLarge(symbols: Int, limit: Int)
    /// The characters of the alphabet do not ascend at `index`.
    case charactersNotAscending(index: Int)
    /// A merge names a token that does not come before the one it makes.
    case mergeOutOfOrder(index: Int, token: TokenID, limit: TokenID)
    /// Two merges name the same pair.
    case duplicateMerge(index: Int, pair: Merge)
    /// A token stands for more bytes than ``TokenizerLimits/expansionBytes``.
    case expansionTooLong(token: TokenID, bytes: Int)
    /// The stand-in for unknown characters is not a base token.
    case replacementOutOfRange(token: TokenID, baseCount: Int)
    /// A special token's identifier does not follow the one before it.
    case specialTokenOutOfOrder(index: Int, found: TokenID, expected: TokenID)
    /// A special token has no spelling.
    case specialTokenEmpty(token: TokenID)
    /// A text has a character that the vocabulary lacks, and the policy is `.error`.
    ///
    /// `offset` counts the characters (Unicode scalars) before it; `line` and `column` count from 1.
    case unknownCharacter(Unicode.Scalar, offset: Int, line: Int, column: Int)

    /// One sentence: what is wrong, where, and what was expected.
    public var description: String {
        switch self {
        case .emptyAlphabet:
            "the alphabet is empty: a tokenizer needs at least one character"
        case .vocabularyTooLarge(let count):
            "the vocabulary has \(count) tokens; at most \(TokenizerLimits.vocabularySize) are allowed"
        case .vocabularyTooSmall(let requested, let baseCount):
            "a vocabulary of \(requested) tokens has no room for the \(baseCount) base tokens; "
                + "ask for \(baseCount) or more"
        case .textTooLarge(let symbols, let limit):
            "the distinct words of the text have \(symbols) characters; "
                + "merges can be counted over \(limit) at most: train on a part of it"
        case .charactersNotAscending(let index):
            "character \(index) of the alphabet does not come after the one before it; "
                + "characters must ascend strictly"
        case .mergeOutOfOrder(let index, let token, let limit):
            "merge \(index) uses token \(token); expected a token below \(limit), the one it makes"
        case .duplicateMerge(let index, let pair):
            "merge \(index) repeats the pair (\(pair.left), \(pair.right)) of an earlier merge; "
                + "pairs must be distinct"
        case .expansionTooLong(let token, let bytes):
            "token \(token) stands for \(bytes) bytes; "
                + "at most \(TokenizerLimits.expansionBytes) are allowed"
        case .replacementOutOfRange(let token, let baseCount):
            "token \(token) cannot stand in for unknown characters; "
                + "expected a base token, below \(baseCount)"
        case .specialTokenOutOfOrder(let index, let found, let expected):
            "special token \(index) has the identifier \(found); expected \(expected)"
        case .specialTokenEmpty(let token):
            "special token \(token) has no spelling; expected at least one byte"
        case .unknownCharacter(let scalar, let offset, let line, let column):
            "the character \(TokenizerError.name(of: scalar)) at offset \(offset) "
                + "(line \(line), column \(column)) is not in the vocabulary; "
                + "remove it, or let unknown characters be replaced or skipped"
        }
    }

    /// A scalar as people can read it: the sign where it can be shown by itself, and its number.
    ///
    /// For example `“ж” (U+0436)`, and `U+000D` alone for a control character.
    public static func name(of scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let number = "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator, .nonspacingMark, .spacingMark, .enclosingMark:
            return number
        default:
            return "“\(scalar)” (\(number))"
        }
    }
}

/// The largest tokenizer that is accepted, whether it was trained or read from a file.
public enum TokenizerLimits {
    /// Tokens of all kinds.
    public static let vocabularySize = 262_144
    /// Bytes that one token stands for; merges that double would otherwise be a bomb of 2^n bytes.
    public static let expansionBytes = 256
}
