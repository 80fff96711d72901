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

/// The classes of the scalars that texts in European scripts consist of, ready to be read.
///
/// The table ends where General Punctuation does (U+206F); looking all of it up once takes a
/// fraction of a millisecond, and other scalars ask the standard library each time.
struct CharacterClasses: Sendable {
    static let shared = CharacterClasses()

    private static let end: UInt32 = 0x2070
    private let table: [CharacterClass]

    private init() {
        table = (0..<Self.end).map { value in
            Unicode.Scalar(value).map(CharacterClass.init) ?? .other
        }
    }

    @inline(__always)
    subscript(ascii byte: UInt8) -> CharacterClass { table[Int(byte)] }

    /// The class of a scalar, or of ``UTF8Step/invalid``.
    @inline(__always)
    subscript(value: UInt32) -> CharacterClass {
        guard value >= Self.end else { return table[Int(value)] }
        return Unicode.Scalar(value).map(CharacterClass.init) ?? .other
    }
}
