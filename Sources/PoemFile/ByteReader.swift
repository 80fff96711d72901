import PoeCore

/// Reads little-endian fields one after another from a copy of a section, in safe code.
///
/// Every multi-byte field of a file is loaded here and nowhere else. Running past the end throws
/// ``Rule/sectionTooShort``; nothing traps.
struct ByteReader {
    private let bytes: [UInt8]
    /// The next byte to be read.
    private(set) var position = 0
    /// The place of byte 0.
    let origin: Place
    /// The tensor that errors name from now on.
    var tensor: String?

    init(_ bytes: [UInt8], origin: Place) {
        self.bytes = bytes
        self.origin = origin
    }

    var remaining: Int { bytes.count - position }

    /// The error of `rule` at byte `start` of the section (the last field read starts there).
    func error(
        _ rule: Rule, at start: Int, expected: String, found: String
    ) -> PoemError {
        var place = origin
        place.offset += start
        place.tensor = tensor ?? origin.tensor
        return .malformed(rule, place, expected: expected, found: found)
    }

    /// Throws `rule` unless `condition` holds.
    func require(
        _ condition: Bool, _ rule: Rule, at start: Int, expected: @autoclosure () -> String,
        found: @autoclosure () -> String
    ) throws(PoemError) {
        guard condition else {
            throw error(rule, at: start, expected: expected(), found: found())
        }
    }

    mutating func take(_ count: Int) throws(PoemError) -> ArraySlice<UInt8> {
        guard count <= remaining else {
            throw error(
                .sectionTooShort, at: position, expected: "\(count) more bytes",
                found: "at its end after \(remaining)")
        }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func u8() throws(PoemError) -> UInt8 { UInt8(try integer(1)) }
    mutating func u16() throws(PoemError) -> UInt16 { UInt16(try integer(2)) }
    mutating func u32() throws(PoemError) -> UInt32 { UInt32(try integer(4)) }
    mutating func u64() throws(PoemError) -> UInt64 { try integer(8) }
    mutating func f32() throws(PoemError) -> Float { Float(bitPattern: try u32()) }
    mutating func f64() throws(PoemError) -> Double { Double(bitPattern: try u64()) }
    /// A `u32` as an `Int`.
    mutating func count() throws(PoemError) -> Int { Int(try u32()) }

    /// A `u64` that must be a size or an offset; anything above 2^62 is returned as 2^62, which every
    /// limit refuses.
    mutating func size() throws(PoemError) -> Int { Int(min(try u64(), 1 << 62)) }

    private mutating func integer(_ count: Int) throws(PoemError) -> UInt64 {
        try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// `count` bytes that must be UTF-8.
    mutating func text(_ count: Int) throws(PoemError) -> String {
        let start = position
        let bytes = try take(count)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let invalid = start + (UTF8Validation.firstInvalidOffset(in: Array(bytes)) ?? 0)
            throw error(
                .utf8, at: invalid, expected: "valid UTF-8",
                found: "broken at the byte " + hexDump([bytes[invalid]]))
        }
        return text
    }

    /// `count` bytes that must be zero.
    mutating func zeros(_ count: Int, _ rule: Rule) throws(PoemError) {
        let start = position
        for (i, byte) in try take(count).enumerated() where byte != 0 {
            throw error(rule, at: start + i, expected: "0", found: "\(byte)")
        }
    }

    /// Requires that nothing is left.
    func finish() throws(PoemError) {
        try require(
            remaining == 0, .sectionTooLong, at: position, expected: "at its end",
            found: "followed by \(remaining) more bytes")
    }
}

/// Appends little-endian fields.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }
    mutating func u8(_ value: UInt8) { bytes.append(value) }
    mutating func u16(_ value: UInt16) { integer(value) }
    mutating func u32(_ value: UInt32) { integer(value) }
    mutating func u64(_ value: UInt64) { integer(value) }
    mutating func f32(_ value: Float) { integer(value.bitPattern) }
    mutating func f64(_ value: Double) { integer(value.bitPattern) }
    mutating func zeros(_ count: Int) { bytes.append(contentsOf: repeatElement(0, count: count)) }
    /// A count that the caller has checked against a limit below 2^32.
    mutating func count(_ value: Int) { u32(UInt32(clamping: value)) }

    private mutating func integer(_ value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
