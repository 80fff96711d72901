/// What the pre-tokenizers need to know of a character.
enum CharacterClass: UInt8 {
    /// General category L.
    case letter
    /// General category N.
    case number
    /// The property White_Space.
    case blank
    /// Everything else, bytes that are not UTF-8 included.
    case other

    /// Looks the scalar up in the standard library's Unicode data.
    init(_ scalar: Unicode.Scalar) {
        if scalar.properties.isWhitespace {
            self = .blank
            return
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            self = .letter
        case .decimalNumber, .letterNumber, .otherNumber:
            self = .number
        default:
            self = .other
        }
    }
}

/// The classes of the scalars that a text mostly consists of, ready to be read; other scalars ask the
/// standard library each time.
struct CharacterClasses: Sendable {
    /// For long texts in European scripts: all up to the end of General Punctuation (U+206F), which
    /// takes half a millisecond to look up.
    static let european = CharacterClasses(end: 0x2070)
    /// For short ones, which are through before that.
    static let ascii = CharacterClasses(end: 0x80)

    private let table: [CharacterClass]

    private init(end: UInt32) {
        table = (0..<end).map { value in
            Unicode.Scalar(value).map(CharacterClass.init) ?? .other
        }
    }

    /// The table to encode a text of this length with.
    static func table(forBytes count: Int) -> CharacterClasses {
        count < 1 << 14 ? .ascii : .european
    }

    @inline(__always)
    subscript(ascii byte: UInt8) -> CharacterClass { table[Int(byte)] }

    /// The class of a scalar, or of ``UTF8Step/invalid``.
    @inline(__always)
    subscript(value: UInt32) -> CharacterClass {
        guard value >= table.count else { return table[Int(value)] }
        return Unicode.Scalar(value).map(CharacterClass.init) ?? .other
    }
}
