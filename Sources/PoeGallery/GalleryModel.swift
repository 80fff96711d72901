import Poe
import PoeCommand
import PoeCore
import PoeCorpus
import PoeTraining
import PoemFile

/// A model of a gallery and what its file says of it.
struct GalleryModel {
    /// Its file as it was named.
    let path: String
    /// What it is called in the gallery; no other model is called so.
    let id: String
    let model: LanguageModel
    /// Bytes of the file.
    let byteCount: Int
    /// XXH64 of the file.
    let hash: UInt64

    /// The epoch whose weights it has, if its file says so.
    var epoch: Int? { model.evaluation.integer("epoch") }

    /// What people call it: its file's own name.
    var name: String { Self.stem(path) }

    /// The file of its texts.
    var fileName: String { "model-\(id).json" }

    /// What all models of one training have in common; nil for models without a record of it.
    var trainingKey: TrainingKey? {
        guard !model.training.isEmpty, epoch != nil else { return nil }
        var training = model.training
        training["epochs"] = nil
        return TrainingKey(
            training: training, configuration: model.configuration,
            tokenizer: model.tokenizer.description)
    }

    /// Names one training.
    struct TrainingKey: Hashable {
        var training: Metadata
        var configuration: ModelConfiguration
        var tokenizer: TokenizerDescription
    }

    /// Ids for files in order: the files' own names in ASCII, numbered where they repeat.
    static func ids(_ paths: [String]) -> [String] {
        var taken: Set<String> = []
        return paths.map { path in
            let safe = String(
                stem(path).map {
                    $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "-"
                })
            let base = safe.isEmpty ? "model" : safe
            var (id, number) = (base, 1)
            // Ids become names of files, and some disks take `A` for `a`.
            while !taken.insert(id.lowercased()).inserted {
                number += 1
                id = "\(base)-\(number)"
            }
            return id
        }
    }

    /// A file's own name, without folder and ending.
    private static func stem(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(".poem") ? String(name.dropLast(5)) : name
    }
}

extension GalleryModel {
    /// The model's entry in the index.
    func json(_ overlap: OverlapTotals?) -> JSON {
        let tokenizer = model.tokenizer.description
        var kind = "byte-bpe"
        if case .characters = tokenizer.base { kind = tokenizer.merges.isEmpty ? "char" : "bpe" }
        return .sorted([
            "arithmetic": .string(model.arithmetic.rawValue),
            "bytes": .integer(byteCount),
            "card": model.card.map { .string($0) } ?? .null,
            "context_length": .integer(model.configuration.contextLength),
            "curve": curve,
            "epoch": epoch.map { .integer($0) } ?? .null,
            "file": .string(fileName),
            "id": .string(id),
            "losses": .sorted(
                Dictionary(
                    model.evaluation.entries.map { ($0.key, JSON($0.value)) }
                ) { first, _ in first }),
            "overlap": overlap?.json ?? .null,
            "parameters": .integer(model.configuration.parameterCount),
            "path": .string(path),
            "tokenizer": .sorted([
                "kind": .string(kind), "size": .integer(model.vocabularySize),
            ]),
            "xxh64": .string(hash.hexadecimal),
        ])
    }

    /// The losses by epoch as columns; null where the file has none.
    private var curve: JSON {
        let records = (model.training.strings("epochs") ?? []).compactMap(EpochRecord.init(line:))
        guard !records.isEmpty else { return .null }
        func column(_ values: [Double?]) -> JSON {
            .array(values.map { value in value.map { .rounded($0) } ?? .null })
        }
        return .sorted([
            "epoch": .array(records.map { .integer($0.epoch) }),
            "training": column(records.map(\.trainingLoss)),
            "validation": column(records.map(\.validationLoss)),
            "validation_per_character": column(records.map(\.validationNatsPerCharacter)),
        ])
    }
}

extension JSON {
    /// An object with its keys in the order of their bytes.
    static func sorted(_ members: [String: JSON]) -> JSON {
        .object(
            members.map { ($0.key, $0.value) }
                .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) })
    }

    /// A number of nats, to four digits behind the point; null for one that JSON cannot express.
    static func rounded(_ value: Double) -> JSON {
        // The sum turns -0 into 0.
        value.isFinite ? .number((value * 10_000).rounded() / 10_000 + 0) : .null
    }

    init(_ value: MetadataValue) {
        self =
            switch value {
            case .string(let text): .string(text)
            case .integer(let number): .integer(number)
            case .double(let number): number.isFinite ? .number(number) : .null
            case .boolean(let flag): .bool(flag)
            case .strings(let texts): .array(texts.map { .string($0) })
            }
    }
}
