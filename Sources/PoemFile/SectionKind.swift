/// Four characters that say what a section holds.
package struct SectionKind: Sendable, Hashable, CustomStringConvertible {
    /// The characters, the first in the lowest byte.
    package let rawValue: UInt32

    /// Makes a kind from its stored form.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Makes a kind from four characters of `A-Z` and `0-9`, or nil.
    package init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard bytes.count == 4 else { return nil }
        let value = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        self.init(rawValue: value)
        guard isWellFormed else { return nil }
    }

    private init(_ a: Character, _ b: Character, _ c: Character, _ d: Character) {
        rawValue = [d, c, b, a].reduce(0) { $0 << 8 | UInt32($1.asciiValue ?? 0) }
    }

    var bytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> (8 * $0)) } }

    var isWellFormed: Bool {
        bytes.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) }
    }

    package var description: String {
        isWellFormed
            ? String(decoding: bytes, as: UTF8.self)
            : "0x" + String(rawValue, radix: 16)
    }

    /// The model's configuration.
    package static let configuration = SectionKind("A", "R", "C", "H")
    /// The tokenizer.
    package static let tokenizer = SectionKind("T", "O", "K", "N")
    /// Typed keys: title, licence, anything else about the model.
    package static let metadata = SectionKind("M", "E", "T", "A")
    /// Typed keys: losses with their protocol.
    package static let evaluation = SectionKind("E", "V", "A", "L")
    /// Typed keys: the recipe of the training.
    package static let training = SectionKind("T", "R", "A", "N")
    /// The model card, Markdown.
    package static let card = SectionKind("C", "A", "R", "D")
    /// Checkpoints: typed keys, the state of the random numbers.
    package static let random = SectionKind("R", "N", "G", "S")
    /// Checkpoints: typed keys, the position in the data.
    package static let cursor = SectionKind("C", "U", "R", "S")
    /// The directory of the weights.
    package static let tensors = SectionKind("T", "N", "S", "R")
    /// The chunks of the weights.
    package static let weights = SectionKind("W", "G", "T", "S")
    /// Checkpoints: the directory of the optimizer's tensors.
    package static let optimizer = SectionKind("O", "P", "T", "M")
    /// Checkpoints: the chunks of the optimizer's tensors.
    package static let optimizerData = SectionKind("O", "P", "T", "W")

    /// The kinds that every file has.
    static let required: [SectionKind] = [.configuration, .tokenizer, .tensors, .weights]
    /// All kinds of this version, in the order in which they are written.
    package static let known: [SectionKind] = [
        .configuration, .tokenizer, .metadata, .evaluation, .training, .card, .random, .cursor,
        .tensors, .weights, .optimizer, .optimizerData,
    ]

    /// Whether the section is a run of chunks, which carry the hashes themselves.
    var isChunked: Bool { self == .weights || self == .optimizerData }

    /// Decoded bytes at most; nil for chunks, which are stored as they are and end with the file.
    var lengthLimit: Int? {
        switch self {
        case .configuration: PoemFormat.configurationLength
        case .tokenizer: PoemFormat.tokenizerLimit
        case .metadata, .evaluation, .training, .random, .cursor: PoemFormat.keysLimit
        case .card: PoemFormat.cardLimit
        case .tensors, .optimizer: PoemFormat.directoryLimit
        case .weights, .optimizerData: nil
        default: PoemFormat.unknownLimit
        }
    }
}
