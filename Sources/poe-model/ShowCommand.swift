import ArgumentParser
import PoeCommand
import PoeCore
import PoemFile

/// The subcommand `show`.
struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what a model file holds: card, architecture, tokenizer, sizes, losses.")

    @Argument(
        help: "The model (default: as poe-run finds it).", completion: .file(extensions: ["poem"]))
    var model: String?

    @Flag(help: "List the tensors of every block, not those of all blocks together.")
    var tensors = false

    @Flag(help: "One JSON object with everything.")
    var json = false

    func validate() throws {
        guard !json || !tensors else {
            throw ValidationError("--json and --tensors exclude each other; --json has all tensors")
        }
    }

    func run() throws {
        let path = try ModelLocation.find(model)
        let facts = try naming(path) { ModelFacts(path: path, reader: try PoemReader(path: path)) }
        if json {
            try Output.write(facts.json.encoded() + "\n")
        } else {
            try Output.write(facts.text(listsTensors: tensors))
        }
    }
}

extension ModelFacts {
    /// The facts as a page of text.
    func text(listsTensors: Bool) -> String {
        var parts = [table(overview)]
        for (title, keys) in [
            ("Losses", reader.evaluation), ("Training", reader.training),
            ("Facts", reader.metadata),
        ] where !keys.isEmpty {
            let rows = keys.entries.flatMap { key, value in
                value.lines.enumerated().map { ($0 == 0 ? "  " + key : "", Self.rounded($1)) }
            }
            parts.append(heading(title) + table(rows))
        }
        parts.append(heading("Tensors") + tensorTable(isFolded: !listsTensors))
        if let card = reader.card, !card.isEmpty {
            parts.append(heading("Card") + card + (card.hasSuffix("\n") ? "" : "\n"))
        }
        return parts.joined(separator: "\n")
    }

    private var overview: [(String, String)] {
        let configuration = reader.configuration
        let kind = reader.isCheckpoint ? ", a checkpoint" : ""
        let types = Dictionary(grouping: reader.tensors, by: { "\($0.elementType)" })
            .mapValues { $0.reduce(0) { $0 + $1.count } }
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\(Format.count($0.value)) as \($0.key)" }
        return [
            ("file", path),
            (
                "size",
                "\(Format.bytes(reader.fileLength)) (\(Format.count(reader.fileLength)) bytes), "
                    + "format \(PoemFormat.majorVersion).\(reader.minorVersion)\(kind)"
            ),
            (
                "model",
                "\(Format.count(configuration.layerCount, "layer")), "
                    + "\(Format.count(configuration.headCount, "head")), "
                    + "width \(Format.count(configuration.modelDimension)), "
                    + "feed-forward \(Format.count(configuration.feedForwardDimension)), "
                    + "context \(Format.count(configuration.contextLength))"
            ),
            (
                "",
                "\(configuration.activation.name), norm epsilon \(configuration.normEpsilon), "
                    + (configuration.hasBiases ? "biases" : "no biases") + ", "
                    + (configuration.tiesOutputHead ? "tied output head" : "its own output head")
            ),
            ("parameters", Format.count(configuration.parameterCount)),
            (
                "weights",
                "\(Format.bytes(weightBytes)), \(Format.fixed(bitsPerWeight, 2)) bits per weight: "
                    + types.joined(separator: ", ")
            ),
            ("tokenizer", tokenizerText),
            ("", promptText),
        ]
    }

    private var tokenizerText: String {
        let tokenizer = reader.tokenizer
        var parts = [
            "\(Format.count(tokenizer.baseCount)) \(tokenizer.base == .bytes ? "bytes" : "characters")"
        ]
        if !tokenizer.merges.isEmpty {
            parts.append(
                "\(Format.count(tokenizer.merges.count, "merge")) (\(tokenizer.pretokenizer))")
        }
        if !tokenizer.specialTokens.isEmpty {
            parts.append("\(Format.count(tokenizer.specialTokens.count)) special")
        }
        return "\(tokenizerKind), \(Format.count(tokenizer.vocabularySize, "token")): "
            + parts.joined(separator: ", ")
    }

    private var promptText: String {
        "unknown characters: \(reader.tokenizer.unknownPolicy); folds: "
            + (folds.isEmpty ? "none" : folds.joined(separator: ", "))
    }

    private func tensorTable(isFolded: Bool) -> String {
        var rows: [TensorRow] = []
        for tensor in reader.tensors {
            let row = TensorRow(tensor, isFolded: isFolded)
            if let index = rows.firstIndex(where: { $0.isLike(row) }) {
                rows[index].add(row)
            } else {
                rows.append(row)
            }
        }
        return Columns.text(
            [["  name", "", "shape", "type", "bytes", "bits per weight"]] + rows.map(\.cells),
            alignRight: [1, 4, 5])
    }

    /// Long numbers within a text, with six decimals; `--json` has all of them.
    private static func rounded(_ text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false).map { word in
            guard word.utf8.count > 10, !word.contains("e"), let value = Double(word),
                value.magnitude < 1e6, word.contains(".")
            else { return String(word) }
            return Format.fixed(value, 6)
        }.joined(separator: " ")
    }

    private func heading(_ title: String) -> String {
        Terminal(.output).styled(title, .bold) + "\n"
    }

    private func table(_ rows: [(String, String)]) -> String {
        Columns.text(rows.map { [$0.0, $0.1] })
    }
}

/// One line of the table of tensors: a tensor, or the same one of all blocks.
private struct TensorRow {
    let name: String
    let shape: [Int]
    let type: ElementType
    var tensors = 1
    var elements: Int
    var bytes: Int

    init(_ tensor: TensorEntry, isFolded: Bool) {
        var parts = tensor.name.split(separator: ".")
        if isFolded, parts.count > 2, parts[0] == "block" { parts[1] = "*" }
        name = parts.joined(separator: ".")
        shape = tensor.shape
        type = tensor.elementType
        elements = tensor.count
        bytes = tensor.storedByteCount
    }

    func isLike(_ other: TensorRow) -> Bool {
        name == other.name && shape == other.shape && type == other.type
    }

    mutating func add(_ other: TensorRow) {
        tensors += other.tensors
        elements += other.elements
        bytes += other.bytes
    }

    var cells: [String] {
        [
            "  " + name, tensors > 1 ? "\(tensors) of" : "",
            shape.map(String.init).joined(separator: " x "), "\(type)", Format.count(bytes),
            Format.fixed(Double(bytes * 8) / Double(max(1, elements)), 2),
        ]
    }
}
