package import PoeCore

/// One run of bytes of a tensor: a record of the directory, and where it lies.
struct Chunk: Sendable, Equatable {
    /// Where the stored bytes lie in the file.
    var range: Range<Int>
    /// Bytes after decompression.
    var decodedLength: Int
    /// XXH64 of the decoded bytes.
    var hash: UInt64
    /// How the bytes are stored.
    var codec: Codec
}

/// How a directory says what symbols are worth.
package enum Grid: Sendable, Equatable {
    /// Elements are numbers themselves.
    case none
    /// One step, in the directory.
    case perTensor(step: Float)
    /// The steps of the rows stand before the symbols.
    case perRow
}

/// One tensor of a file, as its directory describes it.
package struct TensorEntry: Sendable, Equatable {
    /// The name.
    package let name: String
    /// Dimensions, slowest first.
    package let shape: [Int]
    /// How one element is stored.
    package let elementType: ElementType
    /// What an i8 symbol is worth.
    package let grid: Grid
    /// Whether the bytes of a chunk's elements are stored plane by plane.
    package let separatesBytePlanes: Bool
    /// The section that holds the chunks.
    let section: SectionKind
    /// The chunks in order.
    var chunks: [Chunk] = []

    /// Number of elements.
    package var count: Int { shape.reduce(1, *) }
    /// Bytes before the first element: the steps of the rows, padded to 64 bytes.
    package var prefixLength: Int {
        grid == .perRow ? alignUp(shape[0] * 4, PoemFormat.chunkAlignment) : 0
    }
    /// Bytes after decompression, prefix included.
    package var byteCount: Int { prefixLength + count * elementType.byteCount }
    /// Bytes in the file.
    package var storedByteCount: Int { chunks.reduce(0) { $0 + $1.range.count } }
    /// Bytes that a reader may have to hold: the decoded bytes, or four for each element.
    var memory: Int { max(byteCount, count * 4) }

    /// Whether no symbol can be worth more than a float holds, as weights must be; an optimizer's
    /// tensor may hold what it likes.
    func allows(step: Float) -> Bool { section != .weights || (step * 128).isFinite }
}

extension TensorEntry {
    /// Reads `TNSR` or `OPTM` (rules 57 to 65 and 69 to 75); `data` is the section of its chunks.
    static func directory(
        from reader: inout ByteReader, data: SectionEntry, file: FileBytes
    ) throws(PoemError) -> [TensorEntry] {
        let tensorCount = try reader.count()
        let chunkCount = try reader.count()
        let nameBytes = try reader.count()
        try reader.require(
            (1...PoemFormat.tensorLimit).contains(tensorCount)
                && (1...PoemFormat.chunkLimit).contains(chunkCount)
                && nameBytes <= PoemFormat.directoryLimit,
            .directoryCounts, at: 0,
            expected:
                "1 to \(PoemFormat.tensorLimit) tensors, 1 to \(PoemFormat.chunkLimit) chunks",
            found: "\(tensorCount) tensors, \(chunkCount) chunks, \(nameBytes) bytes of names")
        try reader.zeros(4, .directoryReserved)
        // Arrays grow by what is there, not by what the counts promise.
        var records: [Record] = []
        for _ in 0..<tensorCount { records.append(try Record(from: &reader)) }
        var chunks = ChunkCursor(data: data, file: file)
        let chunksAt = reader.position
        for _ in 0..<chunkCount { try chunks.append(from: &reader) }
        let remaining = reader.remaining
        try reader.require(
            nameBytes <= remaining, .sectionTooShort, at: reader.position,
            expected: "\(nameBytes) bytes of names", found: "at its end after \(remaining)")
        var names = NameCursor(end: reader.position + nameBytes)
        var entries: [TensorEntry] = []
        var used = 0
        for record in records {
            let name = try names.next(record.nameLength, from: &reader)
            reader.tensor = name
            var entry = TensorEntry(
                name: name, shape: record.shape, elementType: record.elementType,
                grid: record.grid, separatesBytePlanes: record.separatesBytePlanes,
                section: data.kind)
            try reader.require(
                record.chunkCount > 0 && record.chunkCount <= chunkCount - used, .chunkCount,
                at: record.position + 24,
                expected: "above 0 and at most \(chunkCount - used), what is left",
                found: "\(record.chunkCount)")
            entry.chunks = Array(chunks.chunks[used..<used + record.chunkCount])
            try entry.checkCover(reader, chunksAt + used * ChunkCursor.recordLength)
            used += record.chunkCount
            entries.append(entry)
            reader.tensor = nil
        }
        try reader.require(
            used == chunkCount, .chunkCount, at: 4, expected: "\(used), the sum over the tensors",
            found: "\(chunkCount)")
        try chunks.finish(reader)
        try reader.finish()
        return entries
    }

    /// Rule 72, and the multiples of rule 71; the first chunk's record is at `position`.
    private func checkCover(_ reader: ByteReader, _ position: Int) throws(PoemError) {
        for (i, chunk) in chunks.dropLast().enumerated() {
            try reader.require(
                chunk.decodedLength % PoemFormat.chunkAlignment == 0, .chunkLengths,
                at: position + i * ChunkCursor.recordLength + 12,
                expected: "a multiple of 64 in every chunk of a tensor but its last",
                found: "\(chunk.decodedLength)")
        }
        let total = chunks.reduce(0) { $0 + $1.decodedLength }
        try reader.require(
            total == byteCount, .chunkCover, at: position,
            expected: "\(byteCount), as the shape and type say", found: "\(total)")
    }

    /// The fixed part of one tensor's record, 32 bytes.
    private struct Record {
        let position: Int
        let nameLength: Int
        let elementType: ElementType
        let shape: [Int]
        let grid: Grid
        let separatesBytePlanes: Bool
        let chunkCount: Int

        init(from reader: inout ByteReader) throws(PoemError) {
            position = reader.position
            nameLength = Int(try reader.u16())
            let typeCode = try reader.u8()
            let rank = Int(try reader.u8())
            let quantization = try reader.u8()
            let transform = try reader.u8()
            try reader.zeros(2, .directoryReserved)
            guard let type = ElementType(rawValue: typeCode) else {
                throw reader.error(
                    .elementType, at: position + 2, expected: "0 to 3 (f32, f16, bf16, i8)",
                    found: "\(typeCode)")
            }
            elementType = type
            shape = try Self.shape(rank: rank, from: &reader)
            chunkCount = try reader.count()
            let step = try reader.f32()
            grid = try Self.grid(quantization, step, type, reader, position)
            try reader.require(
                transform == 0 || (transform == 1 && type.byteCount > 1), .transform,
                at: position + 5,
                expected: "0 (none), or 1 (byte planes) for elements of several bytes",
                found: "\(transform)")
            separatesBytePlanes = transform == 1
        }

        private static func shape(
            rank: Int, from reader: inout ByteReader
        ) throws(PoemError) -> [Int] {
            let start = reader.position
            var dimensions: [Int] = []
            for _ in 0..<PoemFormat.rankLimit { dimensions.append(try reader.count()) }
            let rankFits = (1...PoemFormat.rankLimit).contains(rank)
            let used = dimensions.prefix(rank)
            var product = 1
            for dimension in used {
                let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
                product = overflow ? .max : next
            }
            let fits =
                rankFits && used.allSatisfy { $0 > 0 }
                && dimensions.dropFirst(rank).allSatisfy { $0 == 0 }
                && product <= PoemFormat.elementLimit
            try reader.require(
                fits, .tensorShape, at: start,
                expected: "1 to 4 dimensions above 0, zeros after them, 2^40 elements at most",
                found: "\(dimensions) of rank \(rank)")
            return Array(used)
        }

        private static func grid(
            _ code: UInt8, _ step: Float, _ type: ElementType, _ reader: ByteReader,
            _ position: Int
        ) throws(PoemError) -> Grid {
            let allowed: ClosedRange<UInt8> = type == .i8 ? 1...2 : 0...0
            try reader.require(
                allowed.contains(code), .quantization, at: position + 4,
                expected: type == .i8 ? "1 (per tensor) or 2 (per row)" : "0 (none) for floats",
                found: "\(code)")
            let stepFits = code == 1 ? step.isFinite && step > 0 : step.bitPattern == 0
            try reader.require(
                stepFits, .tensorStep, at: position + 28,
                expected: code == 1 ? "finite and above 0" : "0, being unused", found: "\(step)")
            switch code {
            case 0: return .none
            case 1: return .perTensor(step: step)
            default: return .perRow
            }
        }
    }
}

/// Places one chunk after another in the data section (rules 70, 71, 73, 74, 75).
private struct ChunkCursor {
    static let recordLength = 24
    let data: SectionEntry
    let file: FileBytes
    var chunks: [Chunk] = []
    private var end: Int

    init(data: SectionEntry, file: FileBytes) {
        self.data = data
        self.file = file
        end = data.range.lowerBound
    }

    mutating func append(from reader: inout ByteReader) throws(PoemError) {
        let start = reader.position
        let hash = try reader.u64()
        let (stored, decoded) = (try reader.count(), try reader.count())
        let code = UInt16(try reader.u8())
        try reader.zeros(7, .directoryReserved)
        guard let codec = Codec(rawValue: code) else {
            throw reader.error(
                .chunkCodec, at: start + 16, expected: "0 (raw) or 1 (zstd)", found: "\(code)")
        }
        let fits = codec == .raw ? stored == decoded : stored > 0 && stored < decoded
        try reader.require(
            fits && (1...PoemFormat.chunkLengthLimit).contains(decoded), .chunkLengths,
            at: start + 8,
            expected: "equal if raw, smaller stored if zstd, 1 to 4194304 decoded",
            found: "\(stored) stored and \(decoded) decoded")
        let begin = codec == .raw ? alignUp(end, PoemFormat.chunkAlignment) : end
        let limit = data.range.upperBound
        try reader.require(
            begin <= limit && stored <= limit - begin, .chunkBounds, at: start + 8,
            expected: "within \(data.kind), which ends at byte \(limit)",
            found: "\(stored) bytes after byte \(begin)")
        if let (at, byte) = file.firstNonZero(end..<begin) {
            throw .malformed(
                .chunkPadding, Place(section: data.kind.description, offset: at), expected: "0",
                found: "\(byte)")
        }
        end = begin + stored
        chunks.append(
            Chunk(range: begin..<end, decodedLength: decoded, hash: hash, codec: codec))
    }

    func finish(_ reader: ByteReader) throws(PoemError) {
        guard end == data.range.upperBound else {
            throw .malformed(
                .chunkEnd, Place(section: data.kind.description, offset: end),
                expected: "at the section's end, byte \(data.range.upperBound)",
                found: "at byte \(end)")
        }
    }
}

/// Cuts the names, which stand one after another without separators (rules 64 and 65).
private struct NameCursor {
    let end: Int
    var previous: String?

    init(end: Int) { self.end = end }

    mutating func next(
        _ length: Int, from reader: inout ByteReader
    ) throws(PoemError) -> String {
        let start = reader.position
        try reader.require(
            length <= end - start, .tensorName, at: start,
            expected: "within the \(max(0, end - start)) bytes of names that are left",
            found: "\(length) bytes long")
        let bytes = try reader.take(length)
        try reader.require(
            TensorEntry.isName(bytes), .tensorName, at: start,
            expected: "1 to 255 characters of A-Z, a-z, 0-9, '.', '_' and '-'",
            found: length == 0 ? "empty" : "\(length) characters, others among them")
        let name = String(decoding: bytes, as: UTF8.self)
        if let previous {
            try reader.require(
                previous.utf8.lexicographicallyPrecedes(name.utf8), .tensorOrder, at: start,
                expected: "strictly ascending by name", found: "\(previous) before \(name)")
        }
        previous = name
        return name
    }
}

extension TensorEntry {
    static func isName(_ bytes: some Collection<UInt8>) -> Bool {
        (1...255).contains(bytes.count)
            && bytes.allSatisfy {
                (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0)
                    || (0x30...0x39).contains($0) || [0x2E, 0x5F, 0x2D].contains($0)
            }
    }
}
