/// A value of a typed key.
package enum MetadataValue: Sendable, Hashable {
    /// Text of at most 64 KiB.
    case string(String)
    /// A 64-bit integer.
    case integer(Int)
    /// A number, never NaN.
    case double(Double)
    /// True or false.
    case boolean(Bool)
    /// A list of texts.
    case strings([String])
}

extension MetadataValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(arrayLiteral elements: String...) { self = .strings(elements) }
}

/// Typed keys, in ascending order: what META, TRAN, EVAL, RNGS and CURS hold.
///
/// Keys are 1 to 255 characters of `[a-z0-9._]`; the writer refuses others.
package struct Metadata: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    private var values: [String: MetadataValue] = [:]

    /// No keys.
    package init() {}

    package init(dictionaryLiteral elements: (String, MetadataValue)...) {
        for (key, value) in elements { values[key] = value }
    }

    /// The value of a key, or nil; assigning nil removes the key.
    package subscript(key: String) -> MetadataValue? {
        get { values[key] }
        set { values[key] = newValue }
    }

    /// Whether there are no keys, in which case no section is written.
    package var isEmpty: Bool { values.isEmpty }
    /// Number of keys.
    package var count: Int { values.count }
    /// The keys in the order of their bytes, as they are stored.
    package var keys: [String] { values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    /// Keys and values in the order of the keys.
    package var entries: [(key: String, value: MetadataValue)] {
        keys.compactMap { key in values[key].map { (key, $0) } }
    }

    /// The text at `key`, or nil if it is absent or of another type.
    package func string(_ key: String) -> String? {
        if case .string(let value) = values[key] { value } else { nil }
    }

    /// The integer at `key`, or nil if it is absent or of another type.
    package func integer(_ key: String) -> Int? {
        if case .integer(let value) = values[key] { value } else { nil }
    }

    /// The number at `key`, an integer included, or nil if it is absent or of another type.
    package func double(_ key: String) -> Double? {
        switch values[key] {
        case .double(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    /// The list at `key`, or nil if it is absent or of another type.
    package func strings(_ key: String) -> [String]? {
        if case .strings(let value) = values[key] { value } else { nil }
    }
}

extension Metadata {
    /// Reads a section of typed keys (rules 36 to 42).
    init(from reader: inout ByteReader) throws(PoemError) {
        let count = try reader.count()
        try reader.require(
            (1...PoemFormat.keyLimit).contains(count), .keyCount, at: 0,
            expected: "1 to \(PoemFormat.keyLimit)", found: "\(count)")
        var previous: String?
        for _ in 0..<count {
            let start = reader.position
            let key = try Self.key(from: &reader)
            if let previous {
                try reader.require(
                    previous.utf8.lexicographicallyPrecedes(key.utf8), .keyOrder, at: start,
                    expected: "strictly ascending", found: "\(previous) before \(key)")
            }
            previous = key
            values[key] = try Self.value(from: &reader)
        }
    }

    private static func key(from reader: inout ByteReader) throws(PoemError) -> String {
        let start = reader.position
        let length = Int(try reader.u16())
        let bytes = try reader.take(length)
        try reader.require(
            isKey(bytes), .keyName, at: start,
            expected: "1 to \(PoemFormat.keyLengthLimit) characters of a-z, 0-9, '.' and '_'",
            found: length == 0 ? "empty" : "\(length) characters, others among them")
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isKey(_ bytes: some Collection<UInt8>) -> Bool {
        (1...PoemFormat.keyLengthLimit).contains(bytes.count)
            && bytes.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2E
                    || $0 == 0x5F
            }
    }

    private static func value(from reader: inout ByteReader) throws(PoemError) -> MetadataValue {
        let start = reader.position
        switch try reader.u8() {
        case 0: return .string(try string(from: &reader))
        case 1: return .integer(Int(Int64(bitPattern: try reader.u64())))
        case 2:
            let value = try reader.f64()
            try reader.require(
                !value.isNaN, .valueNumber, at: start + 1, expected: "a number", found: "NaN")
            return .double(value)
        case 3:
            let value = try reader.u8()
            try reader.require(
                value <= 1, .valueBoolean, at: start + 1, expected: "0 or 1", found: "\(value)")
            return .boolean(value == 1)
        case 4:
            // Each text takes four bytes or more, so the section's length bounds the list.
            var list: [String] = []
            for _ in 0..<(try reader.count()) { list.append(try string(from: &reader)) }
            return .strings(list)
        case let type:
            throw reader.error(
                .valueType, at: start, expected: "0 to 4 (text, i64, f64, bool, texts)",
                found: "\(type)")
        }
    }

    private static func string(from reader: inout ByteReader) throws(PoemError) -> String {
        let start = reader.position
        let length = try reader.count()
        try reader.require(
            length <= PoemFormat.stringLimit, .stringLength, at: start,
            expected: "at most \(PoemFormat.stringLimit) bytes", found: "\(length)")
        return try reader.text(length)
    }

    /// The bytes of a section; `section` names it in errors.
    func encoded(as section: SectionKind) throws(PoemError) -> [UInt8] {
        guard count <= PoemFormat.keyLimit else {
            throw .unencodable("\(section) has \(count) keys, more than \(PoemFormat.keyLimit)")
        }
        var writer = ByteWriter()
        writer.count(count)
        for (key, value) in entries {
            guard Self.isKey(Array(key.utf8)) else {
                throw .unencodable("\(section) has the key \"\(key)\", which is not of [a-z0-9._]")
            }
            writer.u16(UInt16(key.utf8.count))
            writer.append(key.utf8)
            switch value {
            case .string(let text):
                writer.u8(0)
                try Self.append(text, key, to: &writer)
            case .integer(let integer):
                writer.u8(1)
                writer.u64(UInt64(bitPattern: Int64(integer)))
            case .double(let number):
                guard !number.isNaN else {
                    throw .unencodable("the value of \(key) in \(section) is not a number")
                }
                writer.u8(2)
                writer.f64(number)
            case .boolean(let truth):
                writer.u8(3)
                writer.u8(truth ? 1 : 0)
            case .strings(let list):
                writer.u8(4)
                writer.count(list.count)
                for text in list { try Self.append(text, key, to: &writer) }
            }
        }
        return writer.bytes
    }

    private static func append(
        _ text: String, _ key: String, to writer: inout ByteWriter
    ) throws(PoemError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= PoemFormat.stringLimit else {
            throw .unencodable(
                "the text at \(key) has \(bytes.count) bytes, more than \(PoemFormat.stringLimit)")
        }
        writer.count(bytes.count)
        writer.append(bytes)
    }
}
