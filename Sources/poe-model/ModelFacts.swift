import PoeCommand
import PoeCore
import PoemFile

/// What a file says about its model, in words and numbers, for people and for programs.
struct ModelFacts {
    let path: String
    let reader: PoemReader

    private var configuration: ModelConfiguration { reader.configuration }
    private var tokenizer: TokenizerDescription { reader.tokenizer }

    /// Bytes of the file that hold weights.
    var weightBytes: Int { reader.tensors.reduce(0) { $0 + $1.storedByteCount } }

    /// Stored bits of the weights for each parameter.
    var bitsPerWeight: Double { Double(weightBytes * 8) / Double(configuration.parameterCount) }

    /// What kind of tokenizer it is.
    var tokenizerKind: String {
        switch tokenizer.base {
        case .bytes: "byte-bpe"
        case .characters: tokenizer.merges.isEmpty ? "char" : "bpe"
        }
    }

    /// The rewritings of prompts, by name.
    var folds: [String] {
        let names: [(TokenizerDescription.Folds, String)] = [
            (.lineEnds, "line_ends"), (.canonicalComposition, "nfc"), (.quotes, "quotes"),
            (.dashes, "dashes"), (.ellipses, "ellipses"),
        ]
        return names.filter { tokenizer.folds.contains($0.0) }.map(\.1)
    }

    /// The object of `show --json`; see `formats/jsonl.md`.
    var json: JSON {
        .object([
            ("file", .string(path)), ("file_bytes", .integer(reader.fileLength)),
            ("format", .string("\(PoemFormat.majorVersion).\(reader.minorVersion)")),
            ("is_checkpoint", .bool(reader.isCheckpoint)),
            ("architecture", .object(configuration.members)),
            ("parameters", .integer(configuration.parameterCount)),
            ("weight_bytes", .integer(weightBytes)), ("bits_per_weight", .number(bitsPerWeight)),
            ("tokenizer", tokenizerJSON), ("tensors", .array(reader.tensors.map(Self.json))),
            (
                "sections",
                .array(
                    reader.sections.map {
                        .object([
                            ("kind", .string("\($0.kind)")),
                            ("offset", .integer($0.range.lowerBound)),
                            ("bytes", .integer($0.range.count)),
                            ("decoded_bytes", .integer($0.decodedLength)),
                        ])
                    })
            ),
            ("losses", reader.evaluation.json), ("training", reader.training.json),
            ("metadata", reader.metadata.json),
            ("card", reader.card.map { .string($0) } ?? .null),
        ])
    }

    private var tokenizerJSON: JSON {
        .object([
            ("kind", .string(tokenizerKind)), ("size", .integer(tokenizer.vocabularySize)),
            ("base_tokens", .integer(tokenizer.baseCount)),
            ("merges", .integer(tokenizer.merges.count)),
            ("special_tokens", .integer(tokenizer.specialTokens.count)),
            ("pretokenizer", .string("\(tokenizer.pretokenizer)")),
            ("unknown", .string("\(tokenizer.unknownPolicy)")),
            ("folds", .array(folds.map { .string($0) })),
        ])
    }

    private static func json(_ tensor: TensorEntry) -> JSON {
        var members: [(String, JSON)] = [
            ("name", .string(tensor.name)), ("shape", .array(tensor.shape.map { .integer($0) })),
            ("type", .string("\(tensor.elementType)")),
            ("stored_bytes", .integer(tensor.storedByteCount)),
            ("bits_per_weight", .number(tensor.bitsPerWeight)),
        ]
        if case .perTensor(let step) = tensor.grid { members.append(("step", .float(step))) }
        return .object(members)
    }
}

extension ModelConfiguration {
    /// Sizes and choices by the names that files and programs use.
    var members: [(String, JSON)] {
        [
            ("layer_count", .integer(layerCount)), ("head_count", .integer(headCount)),
            ("model_dimension", .integer(modelDimension)),
            ("feed_forward_dimension", .integer(feedForwardDimension)),
            ("context_length", .integer(contextLength)),
            ("vocabulary_size", .integer(vocabularySize)),
            ("activation", .string(activation.name)), ("norm_epsilon", .float(normEpsilon)),
            ("has_biases", .bool(hasBiases)), ("ties_output_head", .bool(tiesOutputHead)),
        ]
    }
}

extension Activation {
    /// The name that files and programs use.
    var name: String {
        switch self {
        case .gelu: "gelu"
        case .geluTanh: "gelu_tanh"
        }
    }
}

extension TensorEntry {
    /// Stored bits for each element.
    var bitsPerWeight: Double { Double(storedByteCount * 8) / Double(max(1, count)) }
}

extension Metadata {
    /// The keys and values, in the order of the keys.
    var json: JSON {
        .object(entries.map { ($0.key, $0.value.json) })
    }
}

extension MetadataValue {
    /// The value; a number that JSON cannot express becomes its name.
    var json: JSON {
        switch self {
        case .string(let text): .string(text)
        case .integer(let value): .integer(value)
        case .double(let value): value.isFinite ? .number(value) : .string("\(value)")
        case .boolean(let value): .bool(value)
        case .strings(let texts): .array(texts.map { .string($0) })
        }
    }

    /// The value in full, on one line.
    var text: String { lines.joined(separator: ", ") }

    /// The value in full; a list has a line for each of its texts.
    var lines: [String] {
        switch self {
        case .string(let text): [text]
        case .integer(let value): ["\(value)"]
        case .double(let value): ["\(value)"]
        case .boolean(let value): [value ? "yes" : "no"]
        case .strings(let texts): texts.isEmpty ? ["none"] : texts
        }
    }
}
