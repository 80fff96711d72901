import PoeCore

/// Writes `.poem` files; equal contents give equal bytes, for a given libzstd.
package enum PoemWriter {
    /// Writes `contents` to `path`, atomically: whatever happens, the path holds either what it held
    /// before or the whole new file.
    ///
    /// The file is written beside its target, flushed to disk, read back and verified, and then
    /// renamed. A reader that has the old file mapped is not disturbed.
    ///
    /// - Parameters:
    ///   - contents: What to write.
    ///   - path: The file to create or to replace; a symbolic link is followed.
    ///   - threads: Threads that compress; the bytes do not depend on them.
    /// - Throws: ``PoemError``.
    package static func write(
        _ contents: PoemContents, to path: String, threads: Int = 1
    ) throws(PoemError) {
        let encoded = try EncodedFile(contents, threads: threads)
        try AtomicFile.replace(path) { (file) throws(PoemError) in
            unsafe try encoded.write { (bytes) throws(PoemError) in
                unsafe try file.append(bytes)
            }
        } verify: { (temporary) throws(PoemError) in
            try PoemReader(path: temporary, limits: .trusting).verify(threads: threads)
        }
    }

    /// The bytes of the file that `write` would make, not verified.
    package static func bytes(
        _ contents: PoemContents, threads: Int = 1
    ) throws(PoemError) -> [UInt8] {
        let encoded = try EncodedFile(contents, threads: threads)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.length)
        unsafe try encoded.write { (more) throws(PoemError) in
            unsafe bytes.append(contentsOf: more)
        }
        return bytes
    }
}

/// One section, ready to be written.
struct EncodedSection {
    /// What stands in the file between the section's offset and its end.
    enum Payload {
        case bytes([UInt8])
        case chunks(EncodedTensors)
    }

    let kind: SectionKind
    let isRequired: Bool
    let codec: Codec
    let alignmentLog2: UInt8
    let decodedLength: Int
    let storedHash: UInt64
    let decodedHash: UInt64
    let payload: Payload

    var storedLength: Int {
        switch payload {
        case .bytes(let bytes): bytes.count
        case .chunks(let tensors): tensors.length
        }
    }

    /// A section of `bytes`, compressed if that makes it smaller.
    init(_ kind: SectionKind, _ bytes: [UInt8]) throws(PoemError) {
        if let limit = kind.lengthLimit, bytes.count > limit {
            throw .unencodable("\(kind) has \(bytes.count) bytes, more than \(limit)")
        }
        var stored = bytes
        if bytes.count >= PoemFormat.smallestCompressedSection {
            let encoder = ZstdEncoder()
            let frame = unsafe bytes.withUnsafeBytes { unsafe encoder.encode($0, level: 19) }
            if let frame, frame.count < bytes.count { stored = frame }
        }
        self.kind = kind
        isRequired = SectionKind.required.contains(kind)
        codec = stored.count < bytes.count ? .zstd : .raw
        alignmentLog2 = 6
        decodedLength = bytes.count
        decodedHash = XXH64.hash(bytes)
        storedHash = codec == .raw ? decodedHash : XXH64.hash(stored)
        payload = .bytes(stored)
    }

    /// A section of chunks.
    init(_ kind: SectionKind, chunksOf tensors: EncodedTensors) {
        self.kind = kind
        isRequired = SectionKind.required.contains(kind)
        codec = .raw
        alignmentLog2 = 6
        decodedLength = tensors.length
        (storedHash, decodedHash) = (0, 0)
        payload = .chunks(tensors)
    }

    /// An unknown section, as it was.
    init(_ extra: ExtraSection) throws(PoemError) {
        guard !SectionKind.known.contains(extra.kind), extra.kind.isWellFormed,
            !extra.stored.isEmpty, (6...16).contains(extra.alignmentLog2)
        else {
            throw .unencodable(
                "\(extra.kind) is not an extra section of a well-formed, unknown kind")
        }
        kind = extra.kind
        isRequired = false
        codec = extra.codec
        alignmentLog2 = extra.alignmentLog2
        decodedLength = extra.decodedLength
        decodedHash = extra.decodedHash
        storedHash = XXH64.hash(extra.stored)
        payload = .bytes(extra.stored)
    }
}

/// A whole file, compressed and laid out, but not yet in one piece.
struct EncodedFile {
    private let sections: [(offset: Int, section: EncodedSection)]
    private let preamble: [UInt8]
    /// Bytes of the file.
    let length: Int

    init(_ contents: PoemContents, threads: Int) throws(PoemError) {
        let sections = try Self.sections(contents, threads: threads)
        guard sections.count <= PoemFormat.sectionLimit else {
            throw .unencodable(
                "\(sections.count) sections are more than \(PoemFormat.sectionLimit)")
        }
        var table = ByteWriter()
        var placed: [(Int, EncodedSection)] = []
        var end =
            PoemFormat.headerLength + sections.count * PoemFormat.sectionEntryLength
        for section in sections {
            let offset = alignUp(end, 1 << Int(section.alignmentLog2))
            placed.append((offset, section))
            end = offset + section.storedLength
            table.u32(section.kind.rawValue)
            table.u32(section.isRequired ? 1 : 0)
            for size in [offset, section.storedLength, section.decodedLength] {
                table.u64(UInt64(size))
            }
            table.u16(section.codec.rawValue)
            table.u8(section.alignmentLog2)
            table.zeros(5)
            table.u64(section.storedHash)
            table.u64(section.decodedHash)
            table.zeros(8)
        }
        self.sections = placed
        length = end
        preamble =
            Self.header(
                fileLength: end, sections: sections.count, tableHash: XXH64.hash(table.bytes))
            + table.bytes
    }

    private static func header(fileLength: Int, sections: Int, tableHash: UInt64) -> [UInt8] {
        var header = ByteWriter()
        header.append(PoemFormat.magic)
        header.u16(UInt16(PoemFormat.majorVersion))
        header.u16(UInt16(PoemFormat.minorVersion))
        header.count(PoemFormat.headerLength)
        header.u64(UInt64(fileLength))
        header.zeros(8)  // required and optional features
        header.u64(UInt64(PoemFormat.headerLength))
        header.count(sections)
        header.count(PoemFormat.sectionEntryLength)
        header.u64(tableHash)
        header.u64(XXH64.hash(header.bytes))
        return header.bytes
    }

    private static func sections(
        _ contents: PoemContents, threads: Int
    ) throws(PoemError) -> [EncodedSection] {
        var sections = [
            try EncodedSection(.configuration, contents.configuration.encoded()),
            try EncodedSection(.tokenizer, contents.tokenizer.encoded()),
        ]
        let keys: [(SectionKind, Metadata)] = [
            (.metadata, contents.metadata), (.evaluation, contents.evaluation),
            (.training, contents.training),
        ]
        for (kind, keys) in keys where !keys.isEmpty {
            sections.append(try EncodedSection(kind, keys.encoded(as: kind)))
        }
        if let card = contents.card, !card.isEmpty {
            sections.append(try EncodedSection(.card, Array(card.utf8)))
        }
        let state = contents.checkpoint ?? CheckpointState()
        for (kind, keys) in [(SectionKind.random, state.random), (.cursor, state.cursor)]
        where !keys.isEmpty {
            sections.append(try EncodedSection(kind, keys.encoded(as: kind)))
        }
        let weights = try EncodedTensors(contents.tensors, threads: threads)
        sections.append(try EncodedSection(.tensors, weights.directory()))
        sections.append(EncodedSection(.weights, chunksOf: weights))
        if !state.optimizer.isEmpty {
            let optimizer = try EncodedTensors(state.optimizer, threads: threads)
            sections.append(try EncodedSection(.optimizer, optimizer.directory()))
            sections.append(EncodedSection(.optimizerData, chunksOf: optimizer))
        }
        for extra in contents.extraSections { sections.append(try EncodedSection(extra)) }
        return sections
    }

    /// Hands the file's bytes to `sink`, from the first to the last.
    func write(
        _ sink: (UnsafeRawBufferPointer) throws(PoemError) -> Void
    ) throws(PoemError) {
        unsafe try Self.emit(preamble, sink)
        var end = preamble.count
        for (offset, section) in sections {
            unsafe try Self.emit([UInt8](repeating: 0, count: offset - end), sink)
            switch section.payload {
            case .bytes(let bytes): unsafe try Self.emit(bytes, sink)
            case .chunks(let tensors): unsafe try tensors.write(sink)
            }
            end = offset + section.storedLength
        }
    }

    static func emit(
        _ bytes: [UInt8], _ sink: (UnsafeRawBufferPointer) throws(PoemError) -> Void
    ) throws(PoemError) {
        guard !bytes.isEmpty else { return }
        unsafe try bytes.withStoredBytes { (bytes) throws(PoemError) in unsafe try sink(bytes) }
    }
}
