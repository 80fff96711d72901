/// A JSON value to be written; objects keep the order of their members.
package enum JSON: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A whole number.
    case integer(Int)
    /// A whole number that may not fit into `Int`, such as a seed.
    case unsigned(UInt64)
    /// A number, written with the fewest digits that read back as the same `Double`.
    case number(Double)
    /// A number, written with the fewest digits that read back as the same `Float`.
    case float(Float)
    /// A string.
    case string(String)
    /// A list of numbers, compact in memory.
    case floats([Float])
    /// A list.
    case array([JSON])
    /// An object.
    case object([(String, JSON)])

    /// A number that JSON cannot express.
    package struct NotFinite: Error, Equatable, CustomStringConvertible {
        /// The members and indices that lead to the number.
        package let place: String

        /// Makes the error.
        package init(place: String) { self.place = place }

        package var description: String { "\(place) is not a finite number" }
    }

    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }

    /// The value as text without blanks, on one line.
    package func encoded() throws(NotFinite) -> String {
        var text = ""
        try write(to: &text, place: "the value")
        return text
    }

    package static func == (a: JSON, b: JSON) -> Bool {
        (try? a.encoded()) == (try? b.encoded())
    }

    private func write(to text: inout String, place: @autoclosure () -> String) throws(NotFinite) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .unsigned(let value): text += String(value)
        case .number(let value):
            guard value.isFinite else { throw NotFinite(place: place()) }
            text += "\(value)"
        case .float(let value):
            guard value.isFinite else { throw NotFinite(place: place()) }
            text += "\(value)"
        case .string(let value): Self.write(value, to: &text)
        case .floats(let values):
            text += "["
            for (index, value) in values.enumerated() {
                guard value.isFinite else { throw NotFinite(place: "\(place())[\(index)]") }
                if index > 0 { text += "," }
                text += "\(value)"
            }
            text += "]"
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                try value.write(to: &text, place: "\(place())[\(index)]")
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, (key, value)) in members.enumerated() {
                if index > 0 { text += "," }
                Self.write(key, to: &text)
                text += ":"
                try value.write(to: &text, place: "\(place()).\(key)")
            }
            text += "}"
        }
    }

    /// Escapes what RFC 8259 requires, and nothing else.
    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{00}"..."\u{1F}":
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
