internal import Foundation

/// Turns bytes of unknown encoding into text.
///
/// What is valid UTF-8 is UTF-8, whatever was declared: other encodings hardly ever look like it.
/// Else the declared encoding holds, of those that old pages have; else Windows-1252, which is what
/// pages mean that say Latin-1 or nothing.
package enum TextDecoding {
    /// The text of some bytes.
    ///
    /// - Parameter declared: A charset's name, from the server or the page.
    package static func text(_ bytes: [UInt8], declared: String?) -> String {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            return String(decoding: bytes.dropFirst(3), as: UTF8.self)
        }
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]),
            let text = String(data: Data(bytes), encoding: .utf16)
        {
            return text
        }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        switch declared?.lowercased() {
        case "macintosh", "x-mac-roman":
            if let text = String(data: Data(bytes), encoding: .macOSRoman) { return text }
        case "utf-16le", "utf-16":
            if let text = String(data: Data(bytes), encoding: .utf16LittleEndian) { return text }
        case "utf-16be":
            if let text = String(data: Data(bytes), encoding: .utf16BigEndian) { return text }
        default: break
        }
        var scalars = String.UnicodeScalarView()
        for byte in bytes { scalars.append(windows1252(byte)) }
        return String(scalars)
    }

    /// The charset of a `Content-Type`, or of the `meta` elements at a page's beginning.
    package static func declared(contentType: String?, page: [UInt8] = []) -> String? {
        if let contentType, let name = charset(in: contentType) { return name }
        return charset(in: String(decoding: page.prefix(2_048), as: UTF8.self))
    }

    private static func charset(in text: String) -> String? {
        guard let range = text.range(of: "charset=", options: .caseInsensitive) else { return nil }
        let rest = text[range.upperBound...].drop { $0 == "\"" || $0 == "'" || $0 == " " }
        let name = rest.prefix { $0.isLetter || $0.isNumber || "-_.:".contains($0) }
        return name.isEmpty ? nil : String(name)
    }

    private static func windows1252(_ byte: UInt8) -> Unicode.Scalar {
        guard (0x80...0x9F).contains(byte) else { return Unicode.Scalar(byte) }
        return upper[Int(byte) - 0x80]
    }

    /// Windows-1252 from 0x80 to 0x9F; the five bytes without a meaning become U+FFFD.
    private static let upper: [Unicode.Scalar] = Array(
        "€\u{FFFD}‚ƒ„…†‡ˆ‰Š‹Œ\u{FFFD}Ž\u{FFFD}\u{FFFD}‘’“”•–—˜™š›œ\u{FFFD}žŸ".unicodeScalars)
}
