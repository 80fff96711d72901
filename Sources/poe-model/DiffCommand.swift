import ArgumentParser
import PoeArguments
import PoeCommand
import PoeCore
import PoeModel
import PoeTokenizer
import PoemFile

/// The subcommand `diff`.
struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two models: architecture, tokenizer, weights, records.",
        discussion: """
            Weights are compared as numbers, whatever the files store: the largest difference, and \
            the root mean square of the differences as a share of that of the first model's weights.
            """)

    @Argument(help: "The first model.", completion: .file(extensions: ["poem"]))
    var first: String

    @Argument(help: "The second model.", completion: .file(extensions: ["poem"]))
    var second: String

    @Flag(help: "One JSON object.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    func run() throws {
        let a = try naming(first) { try Model.load(first, threads: threads.count) }
        let b = try naming(second) { try Model.load(second, threads: threads.count) }
        let difference = ModelDifference(a, b)
        try Output.write(json ? difference.json.encoded() + "\n" : difference.text)
    }
}

/// Where two models differ.
struct ModelDifference {
    /// A fact and its two values.
    struct Fact {
        var name: String
        var first: String
        var second: String
    }

    /// How far two tensors are apart.
    struct Tensor {
        var name: String
        var maximum: Double
        /// Root mean square of the differences over that of the first tensor.
        var relative: Double
    }

    private(set) var architecture: [Fact] = []
    private(set) var tokenizer: [Fact] = []
    private(set) var records: [Fact] = []
    /// The tensors that differ; empty where the architectures do, since nothing corresponds.
    private(set) var tensors: [Tensor] = []

    var isEmpty: Bool {
        architecture.isEmpty && tokenizer.isEmpty && records.isEmpty && tensors.isEmpty
    }

    init(_ a: Model, _ b: Model) {
        architecture = Self.facts(Self.facts(of: a.configuration), Self.facts(of: b.configuration))
        tokenizer = Self.facts(
            Self.facts(of: a.tokenizer.description), Self.facts(of: b.tokenizer.description))
        for (name, x, y) in [
            ("losses", a.evaluation, b.evaluation), ("training", a.training, b.training),
            ("metadata", a.metadata, b.metadata),
        ] {
            for key in Set(x.keys + y.keys).sorted() where x[key] != y[key] {
                records.append(
                    Fact(
                        name: "\(name) \(key)", first: x[key]?.text ?? "-",
                        second: y[key]?.text ?? "-"))
            }
        }
        if a.card != b.card {
            records.append(
                Fact(name: "card", first: Self.length(a.card), second: Self.length(b.card)))
        }
        records += Self.sections(a.extraSections, b.extraSections)
        guard architecture.isEmpty else { return }
        tensors = a.weights.layout.parameters.compactMap { Self.compare($0, a, b) }
    }

    private static func length(_ card: String?) -> String {
        card.map { Format.count($0.unicodeScalars.count, "character") } ?? "-"
    }

    /// Sections of unknown kinds are compared by what they hold, however it is stored.
    private static func sections(_ a: [ExtraSection], _ b: [ExtraSection]) -> [Fact] {
        let kinds = Set((a + b).map(\.kind.description)).sorted()
        return kinds.compactMap { kind in
            let (x, y) = (content(of: kind, a), content(of: kind, b))
            return x == y ? nil : Fact(name: "section \(kind)", first: x, second: y)
        }
    }

    private static func content(of kind: String, _ sections: [ExtraSection]) -> String {
        guard let section = sections.first(where: { $0.kind.description == kind }) else {
            return "-"
        }
        return "\(Format.count(section.decodedLength, "byte")), "
            + "hash \(String(section.decodedHash, radix: 16))"
    }

    private static func compare(_ parameter: Parameter, _ a: Model, _ b: Model) -> Tensor? {
        let (x, y) = (a.weights.floats(parameter), b.weights.floats(parameter))
        guard x != y else { return nil }
        var (maximum, difference, size) = (0.0, 0.0, 0.0)
        for (p, q) in zip(x, y) {
            let d = Double(p) - Double(q)
            maximum = max(maximum, d.magnitude)
            difference += d * d
            size += Double(p) * Double(p)
        }
        return Tensor(
            name: parameter.name, maximum: maximum,
            relative: size > 0 ? (difference / size).squareRoot() : difference > 0 ? .infinity : 0)
    }

    private static func facts(_ a: [(String, String)], _ b: [(String, String)]) -> [Fact] {
        zip(a, b).compactMap { x, y in
            x.1 == y.1 ? nil : Fact(name: x.0, first: x.1, second: y.1)
        }
    }

    private static func facts(of configuration: ModelConfiguration) -> [(String, String)] {
        configuration.members.map { ($0.0, (try? $0.1.encoded()) ?? "") }
    }

    private static func facts(of tokenizer: TokenizerDescription) -> [(String, String)] {
        var base = "bytes"
        if case .characters(let scalars) = tokenizer.base {
            base = "\(scalars.count) characters, \(hash(scalars.map(\.value)))"
        }
        let merges = hash(tokenizer.merges.flatMap { [$0.left, $0.right] })
        let specials = hash(
            tokenizer.specialTokens.flatMap { special in
                [UInt32(special.role.rawValue), UInt32(special.bytes.count)]
                    + special.bytes.map { UInt32($0) }
            })
        return [
            ("base", base), ("merges", "\(tokenizer.merges.count) merges, \(merges)"),
            ("pretokenizer", "\(tokenizer.pretokenizer)"),
            ("unknown", "\(tokenizer.unknownPolicy)"),
            ("replacement", "\(tokenizer.replacement)"), ("folds", "\(tokenizer.folds.rawValue)"),
            (
                "special_tokens",
                "\(Format.count(tokenizer.specialTokens.count, "token")), \(specials)"
            ),
        ]
    }

    /// A short name for a list of numbers.
    private static func hash(_ values: [UInt32]) -> String {
        "hash " + String(XXH64.hash(of: values) >> 32, radix: 16)
    }
}

extension ModelDifference {
    /// The differences as people read them.
    var text: String {
        guard !isEmpty else { return "The models are the same.\n" }
        var parts: [String] = []
        for (title, facts) in [
            ("Architecture", architecture), ("Tokenizer", tokenizer), ("Records", records),
        ] where !facts.isEmpty {
            parts.append(
                title + "\n" + Columns.text(facts.map { ["  " + $0.name, $0.first, $0.second] }))
        }
        if !tensors.isEmpty {
            let rows = tensors.map {
                [
                    "  " + $0.name, Format.scientific($0.maximum, 2),
                    Format.scientific($0.relative, 2),
                ]
            }
            parts.append(
                "Weights\n"
                    + Columns.text(
                        [["  tensor", "largest", "relative"]] + rows, alignRight: [1, 2]))
        } else if architecture.isEmpty {
            parts.append("The weights are the same.\n")
        }
        return parts.joined(separator: "\n")
    }

    /// The object of `diff --json`; see `formats/jsonl.md`.
    var json: JSON {
        .object([
            ("identical", .bool(isEmpty)), ("architecture", .array(architecture.map(Self.json))),
            ("tokenizer", .array(tokenizer.map(Self.json))),
            ("records", .array(records.map(Self.json))),
            (
                "tensors",
                .array(
                    tensors.map {
                        .object([
                            ("name", .string($0.name)), ("maximum", Self.json($0.maximum)),
                            ("relative", Self.json($0.relative)),
                        ])
                    })
            ),
        ])
    }

    private static func json(_ fact: Fact) -> JSON {
        .object([
            ("name", .string(fact.name)), ("first", .string(fact.first)),
            ("second", .string(fact.second)),
        ])
    }

    /// JSON has no infinity.
    private static func json(_ value: Double) -> JSON { value.isFinite ? .number(value) : .null }
}
