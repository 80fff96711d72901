/// A short word as two numbers and a length, so that words are compared without touching text.
///
/// Words of up to 16 bytes are told apart exactly: `head` holds the first 8 bytes and `tail` the
/// last 8 (0 for a word of up to 8 bytes, zeros above a shorter word's bytes in `head`).
struct WordKey: Equatable {
    /// The longest word that a key determines.
    static let exactLength = 16

    var head: UInt64
    var tail: UInt64
    var length: Int

    /// A key from its parts.
    init(head: UInt64, tail: UInt64, length: Int) {
        self.head = head
        self.tail = tail
        self.length = length
    }

    /// The key of `bytes[range]`; for a word longer than ``exactLength`` it is only a fingerprint.
    @inline(__always)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        length = range.count
        let count = bytes.count
        if range.lowerBound + 8 <= count {
            let word = bytes.word(at: range.lowerBound)
            head = length >= 8 ? word : word & ((1 << UInt64(8 * length)) &- 1)
        } else {
            head = 0
            for i in 0..<Swift.min(8, length) {
                head |= UInt64(bytes[range.lowerBound + i]) << UInt64(8 * i)
            }
        }
        tail = length > 8 ? bytes.word(at: range.upperBound - 8) : 0
    }

    /// A number whose upper bits are well mixed.
    @inline(__always)
    var hash: UInt64 {
        var h = (head ^ UInt64(truncatingIfNeeded: length) << 56) &* 0x9E37_79B9_7F4A_7C15
        h = (h ^ (h >> 32) ^ tail) &* 0xD6E8_FEB8_6659_FD93
        return h ^ (h >> 32)
    }
}

extension Span where Element == UInt8 {
    /// The 8 bytes at `i`, little-endian.
    @inline(__always)
    func word(at i: Int) -> UInt64 {
        // The raw load checks no type, but it does check bounds; any 8 bytes are a UInt64.
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self))
    }
}
