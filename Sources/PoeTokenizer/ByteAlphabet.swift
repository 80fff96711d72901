/// GPT-2's spelling of bytes as visible characters, for its published vocabulary files.
///
/// Bytes that are visible in Latin-1 stand for themselves (`!` to `~`, `¡` to `¬`, `®` to `ÿ`); the
/// other 68 become U+0100 and up, in order of value. So a blank is spelt `Ġ`.
package enum ByteAlphabet {
    /// The character of each byte.
    package static let scalars: [Unicode.Scalar] = {
        var free: UInt8 = 0
        return (UInt8.min...UInt8.max).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF:
                return Unicode.Scalar(byte)
            default:
                defer { free += 1 }
                // U+0100 to U+0143 are no surrogates: the fallback is never taken.
                return Unicode.Scalar(0x100 + UInt16(free)) ?? Unicode.Scalar(byte)
            }
        }
    }()

    private static let bytes = Dictionary(
        uniqueKeysWithValues: zip(scalars, UInt8.min...UInt8.max))

    /// The byte that a character spells, or `nil` for a character that spells none.
    package static func byte(of scalar: Unicode.Scalar) -> UInt8? { bytes[scalar] }

    /// The visible spelling of `token`'s bytes.
    package static func spelling(of bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(scalars[Int(byte)]) }
        return String(text)
    }
}
