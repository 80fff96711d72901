package import PoeCore

/// Text from tokens as they come, never with half a character.
///
/// Bytes that may still become a character are held back; bytes that cannot are given out as
/// U+FFFD, one for each maximal part of a well-formed sequence, as the Unicode Standard recommends
/// (section 3.9) and `String(decoding:as:)` does. All pieces joined, ``finish()``'s included, are
/// byte for byte what ``Tokenizer/decode(_:)`` gives for all tokens.
package struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private var pending: [UInt8] = []

    /// A decoder at the beginning of a text.
    package init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
    }

    /// The text that `token` completes; often empty while a character is unfinished.
    package mutating func append(_ token: TokenID) -> String {
        tokenizer.appendBytes(of: token, to: &pending)
        let whole = pending.count - unfinishedCount
        let text = String(decoding: pending[..<whole], as: UTF8.self)
        pending.removeFirst(whole)
        return text
    }

    /// What is left when no token follows: an unfinished character becomes U+FFFD.
    package mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }

    /// Bytes at the end that begin a character without finishing it: 0 to 3.
    private var unfinishedCount: Int {
        for length in 1...3 where length <= pending.count {
            let start = pending.count - length
            let lead = pending[start]
            if lead & 0xC0 == 0x80 { continue }
            guard sequenceLength(lead: lead) > length else { return 0 }
            guard length == 1 || secondByteRange(lead: lead).contains(pending[start + 1])
            else { return 0 }
            return length
        }
        return 0
    }
}
