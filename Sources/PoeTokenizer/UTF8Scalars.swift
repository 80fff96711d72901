/// One step through bytes that are meant to be UTF-8.
///
/// `value` is the scalar, or ``UTF8Step/invalid`` where no well-formed sequence begins; `length` is
/// the number of bytes of the step, 1 for an invalid one.
struct UTF8Step {
    static let invalid = UInt32.max

    var value: UInt32
    var length: Int
}

extension Span where Element == UInt8 {
    /// Reads the scalar that begins at `i`; any bytes are accepted.
    ///
    /// Well-formed sequences are those of the Unicode Standard, table 3-7.
    @inline(__always)
    func scalar(at i: Int) -> UTF8Step {
        let lead = self[i]
        guard lead >= 0x80 else { return UTF8Step(value: UInt32(lead), length: 1) }
        return multiByteScalar(lead: lead, at: i)
    }

    private func multiByteScalar(lead: UInt8, at i: Int) -> UTF8Step {
        let bad = UTF8Step(value: UTF8Step.invalid, length: 1)
        let length = sequenceLength(lead: lead)
        guard length > 1, i + length <= count, secondByteRange(lead: lead).contains(self[i + 1])
        else { return bad }
        var value = (UInt32(lead) & (0x7F >> UInt32(length))) << 6 | UInt32(self[i + 1] & 0x3F)
        for j in 2..<Swift.max(2, length) {
            guard self[i + j] & 0xC0 == 0x80 else { return bad }
            value = value << 6 | UInt32(self[i + j] & 0x3F)
        }
        return UTF8Step(value: value, length: length)
    }
}

/// Bytes of the sequence that `lead` begins, or 0 where it can begin none.
func sequenceLength(lead: UInt8) -> Int {
    switch lead {
    case 0x00...0x7F: 1
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 0
    }
}

/// The second bytes that may follow `lead`: they rule out overlong forms, surrogates and numbers
/// above U+10FFFF.
func secondByteRange(lead: UInt8) -> ClosedRange<UInt8> {
    switch lead {
    case 0xE0: 0xA0...0xBF
    case 0xED: 0x80...0x9F
    case 0xF0: 0x90...0xBF
    case 0xF4: 0x80...0x8F
    default: 0x80...0xBF
    }
}
