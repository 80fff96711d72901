package import PoeCore

/// An open `.poem` file: everything but the weights read and checked, the weights ready to decode.
///
/// Opening checks rules 1 to 76, cheap before costly (`formats/poem.md`, "Order of checking"), and
/// allocates no more than the caps of the small sections. Decoding checks the rest, chunk by chunk.
/// The file stays mapped while this object lives; let go of it once the weights are decoded.
package final class PoemReader: Sendable {
    /// The model's sizes and choices.
    package let configuration: ModelConfiguration
    /// The tokenizer.
    package let tokenizer: TokenizerDescription
    /// The weights, ascending by name: exactly those of `ParameterLayout(configuration)`.
    package let tensors: [TensorEntry]
    /// Facts about the model.
    package let metadata: Metadata
    /// Losses, with their protocol.
    package let evaluation: Metadata
    /// The recipe of the training.
    package let training: Metadata
    /// The model card, Markdown.
    package let card: String?
    /// In a checkpoint, the optimizer's tensors, ascending by name.
    package let optimizerTensors: [TensorEntry]
    /// In a checkpoint, the state of the random numbers.
    package let random: Metadata
    /// In a checkpoint, the position in the data.
    package let cursor: Metadata
    /// The section table.
    package let sections: [SectionEntry]
    /// The minor version of the format that the file names.
    package let minorVersion: Int
    /// Bytes of the file.
    package var fileLength: Int { file.count }
    /// Whether the file has sections that only checkpoints have.
    package var isCheckpoint: Bool {
        !optimizerTensors.isEmpty || !random.isEmpty || !cursor.isEmpty
    }

    /// The time that mapping and verifying took; the other parts are whoever does them's to add.
    package let timings: LoadTimings

    let file: FileBytes
    let limits: Limits

    /// Opens and checks a file.
    ///
    /// - Throws: ``PoemError``, the first rule that is broken.
    package convenience init(
        path: String, limits: Limits = .default, access: FileAccess = .mapped
    ) throws(PoemError) {
        let start = ContinuousClock.now
        try self.init(FileBytes(path: path, access: access, limits: limits), limits, since: start)
    }

    /// Checks a file that is already in memory, of which a copy is kept.
    package convenience init(bytes: [UInt8], limits: Limits = .default) throws(PoemError) {
        try self.init(FileBytes(bytes), limits, since: .now)
    }

    private init(
        _ file: FileBytes, _ limits: Limits, since start: ContinuousClock.Instant
    ) throws(PoemError) {
        let mapped = ContinuousClock.now
        let container = try Container(file, limits)
        self.file = file
        self.limits = limits
        sections = container.sections
        minorVersion = container.minorVersion
        for section in sections where !SectionKind.known.contains(section.kind) {
            try file.checkStoredHash(section)
        }
        let sectionReader = SectionReader(container: container, file: file)
        metadata = try sectionReader.keys(.metadata)
        evaluation = try sectionReader.keys(.evaluation)
        training = try sectionReader.keys(.training)
        random = try sectionReader.keys(.random)
        cursor = try sectionReader.keys(.cursor)
        card = try sectionReader.text(.card)
        let configuration = try sectionReader.read(.configuration) { (r) throws(PoemError) in
            try ModelConfiguration(from: &r)
        }
        let tokenizer = try sectionReader.read(.tokenizer) { (r) throws(PoemError) in
            try TokenizerDescription(from: &r, vocabularySize: configuration.vocabularySize)
        }
        self.configuration = configuration
        self.tokenizer = tokenizer
        tensors = try sectionReader.directory(.tensors, .weights)
        try Self.check(tensors, against: configuration, sectionReader.place(.tensors))
        optimizerTensors =
            container.section(.optimizer) == nil
            ? [] : try sectionReader.directory(.optimizer, .optimizerData)
        try Self.checkMemory(tensors, limits, sectionReader.place(.weights))
        try Self.checkMemory(optimizerTensors, limits, sectionReader.place(.optimizerData))
        var timings = LoadTimings()
        (timings.map, timings.verify) = (mapped - start, .now - mapped)
        self.timings = timings
    }

    /// Rule 67, then 66 and 68 for one tensor after another: names and shapes are what the
    /// configuration implies.
    private static func check(
        _ tensors: [TensorEntry], against configuration: ModelConfiguration, _ place: Place
    ) throws(PoemError) {
        let layout = ParameterLayout(configuration)
        // These names are ASCII, which sorts by its bytes.
        let expected = layout.parameters.sorted { $0.name < $1.name }
        let names = Set(expected.map(\.name))
        for tensor in tensors where !names.contains(tensor.name) {
            throw .malformed(
                .tensorUnexpected, place, expected: "what ARCH implies",
                found: "with \(tensor.name) in it")
        }
        // Both lists ascend and `tensors` is a subset, so the first difference is what is missing.
        for (i, parameter) in expected.enumerated() {
            guard i < tensors.count, tensors[i].name == parameter.name else {
                throw .malformed(
                    .tensorMissing, place, expected: "what ARCH implies",
                    found: "without \(parameter.name)")
            }
            guard tensors[i].shape == parameter.shape else {
                var place = place
                place.tensor = parameter.name
                throw .malformed(
                    .tensorDimensions, place, expected: "\(parameter.shape), as ARCH implies",
                    found: "\(tensors[i].shape)")
            }
        }
    }

    /// Rule 76, before anything is allocated for tensors.
    private static func checkMemory(
        _ tensors: [TensorEntry], _ limits: Limits, _ place: Place
    ) throws(PoemError) {
        // At most 65,536 tensors of 2^42 bytes: no overflow.
        let needed = tensors.reduce(0) { $0 + $1.memory }
        guard needed <= limits.maxMemory else {
            throw .malformed(
                .memoryBudget, place, expected: "at most \(limits.maxMemory) bytes",
                found: "\(needed) bytes")
        }
    }

    /// The place of `name` in `tensors`, by bisection.
    package func tensorIndex(named name: String) -> Int? {
        var (low, high) = (0, tensors.count)
        while low < high {
            let middle = (low + high) / 2
            if tensors[middle].name.utf8.lexicographicallyPrecedes(name.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < tensors.count && tensors[low].name == name ? low : nil
    }

    /// The weight of this name.
    package func tensor(named name: String) -> TensorEntry? {
        tensorIndex(named: name).map { tensors[$0] }
    }
}

/// Reads whole sections, all with one decompressor.
private struct SectionReader: ~Copyable {
    let container: Container
    let file: FileBytes
    let decoder = ZstdDecoder()

    init(container: Container, file: FileBytes) {
        self.container = container
        self.file = file
    }

    func place(_ kind: SectionKind) -> Place {
        Place(
            section: kind.description, offset: container.section(kind)?.range.lowerBound ?? 0)
    }

    /// Parses a section that `Container` found present, to its last byte.
    func read<Value>(
        _ kind: SectionKind, _ parse: (inout ByteReader) throws(PoemError) -> Value
    ) throws(PoemError) -> Value {
        guard let section = container.section(kind) else {
            throw .malformed(
                .sectionMissing, place(kind), expected: "complete", found: "without \(kind)")
        }
        var reader = try file.decode(section, with: decoder)
        let value = try parse(&reader)
        try reader.finish()
        return value
    }

    func keys(_ kind: SectionKind) throws(PoemError) -> Metadata {
        guard container.section(kind) != nil else { return Metadata() }
        return try read(kind) { (reader) throws(PoemError) in try Metadata(from: &reader) }
    }

    func text(_ kind: SectionKind) throws(PoemError) -> String? {
        guard container.section(kind) != nil else { return nil }
        return try read(kind) { (reader) throws(PoemError) in try reader.text(reader.remaining) }
    }

    func directory(
        _ kind: SectionKind, _ dataKind: SectionKind
    ) throws(PoemError) -> [TensorEntry] {
        guard let data = container.section(dataKind) else {
            throw .malformed(
                .sectionMissing, place(dataKind), expected: "complete",
                found: "without \(dataKind)")
        }
        return try read(kind) { (reader) throws(PoemError) in
            try TensorEntry.directory(from: &reader, data: data, file: file)
        }
    }
}
