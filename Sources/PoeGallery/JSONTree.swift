/// Any JSON value, read to be compared.
enum JSONTree: Decodable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([String: JSONTree].self) {
            self = .object(value)
        } else if let value = try? container.decode([JSONTree].self) {
            self = .array(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    /// One clause about the first place where another value is not this one.
    func difference(from found: JSONTree, at place: String) -> String? {
        switch (self, found) {
        case (.object(let expected), .object(let found)):
            for key in Set(expected.keys).union(found.keys).sorted() {
                let inner = place.isEmpty ? key : "\(place).\(key)"
                guard let value = expected[key] else { return "\(inner): should not be there" }
                guard let other = found[key] else { return "\(inner): is missing" }
                if let difference = value.difference(from: other, at: inner) { return difference }
            }
            return nil
        case (.array(let expected), .array(let found)):
            for (index, (value, other)) in zip(expected, found).enumerated() {
                if let difference = value.difference(from: other, at: "\(place)[\(index)]") {
                    return difference
                }
            }
            guard expected.count != found.count else { return nil }
            return "\(place): expected \(expected.count) elements, found \(found.count)"
        default:
            return self == found
                ? nil : "\(place): expected \(brief), found \(found.brief)"
        }
    }

    /// The value in a few words.
    private var brief: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let text):
            "“\(text.prefix(60).replacing("\n", with: "↵"))\(text.count > 60 ? "…" : "")”"
        case .array(let values): "a list of \(values.count)"
        case .object: "an object"
        }
    }
}
