import PoeCore

/// How the bytes of a section or a chunk are stored.
package enum Codec: UInt16, Sendable {
    /// As they are.
    case raw = 0
    /// One zstd frame.
    case zstd = 1
}

/// One row of the section table, checked.
package struct SectionEntry: Sendable, Equatable {
    /// What the section holds.
    package let kind: SectionKind
    /// Whether a reader that does not know the kind must refuse the file.
    package let isRequired: Bool
    /// Where the stored bytes lie in the file.
    package let range: Range<Int>
    /// Bytes after decompression.
    package let decodedLength: Int
    /// How the bytes are stored.
    package let codec: Codec
    /// Base-2 logarithm of the alignment of the first byte.
    package let alignmentLog2: UInt8
    /// XXH64 of the stored bytes; zero for a section of chunks.
    package let storedHash: UInt64
    /// XXH64 of the decoded bytes; zero for a section of chunks.
    package let decodedHash: UInt64
}

/// The header and the section table of a file: rules 1 to 27.
struct Container {
    /// The sections in the order of their offsets.
    let sections: [SectionEntry]
    /// The minor version that the header names.
    let minorVersion: Int

    /// Reads and checks everything that stands before the first section, and the gaps between
    /// sections.
    ///
    /// The sections themselves are not read.
    init(_ file: FileBytes, _ limits: Limits) throws(PoemError) {
        try Self.checkFileLength(file.count, limits)
        let header = try Self.header(file)
        minorVersion = header.minorVersion
        let tableEnd = PoemFormat.headerLength + header.sections * PoemFormat.sectionEntryLength
        let origin = Place(offset: PoemFormat.headerLength)
        guard tableEnd <= file.count else {
            throw .malformed(
                .tableBounds, origin, expected: "within the file of \(file.count) bytes",
                found: "at byte \(tableEnd)")
        }
        let table = PoemFormat.headerLength..<tableEnd
        let hash = file.hash(table)
        guard hash == header.tableHash else {
            throw .malformed(
                .tableHash, origin, expected: header.tableHash.hexadecimal, found: hash.hexadecimal)
        }
        var reader = ByteReader(file.copy(table), origin: origin)
        var end = tableEnd
        var sections: [SectionEntry] = []
        for _ in 0..<header.sections {
            let section = try Self.entry(from: &reader, after: end, in: file)
            end = section.range.upperBound
            sections.append(section)
        }
        guard end == file.count else {
            throw .malformed(
                .fileEnd, Place(offset: end), expected: "at the file's end, byte \(file.count)",
                found: "at byte \(end)")
        }
        self.sections = sections
        try checkKinds()
    }

    /// Rules 1 and 2.
    static func checkFileLength(_ length: Int, _ limits: Limits) throws(PoemError) {
        let smallest = PoemFormat.headerLength + PoemFormat.sectionEntryLength
        guard length >= smallest else {
            throw .malformed(
                .fileTooShort, Place(offset: 0), expected: "\(smallest) bytes or more",
                found: "\(length) bytes")
        }
        guard length <= limits.maxFileLength else {
            throw .malformed(
                .fileTooLong, Place(offset: 0), expected: "at most \(limits.maxFileLength) bytes",
                found: "\(length) bytes")
        }
    }

    private struct Header {
        let minorVersion: Int
        let sections: Int
        let tableHash: UInt64
    }

    /// Rules 3 to 9.
    private static func header(_ file: FileBytes) throws(PoemError) -> Header {
        var reader = ByteReader(
            file.copy(0..<PoemFormat.headerLength), origin: Place(offset: 0))
        let magic = Array(try reader.take(8))
        try reader.require(
            magic == PoemFormat.magic, .magic, at: 0,
            expected: hexDump(PoemFormat.magic), found: hexDump(magic))
        let (major, minor) = (Int(try reader.u16()), Int(try reader.u16()))
        try reader.require(
            major == PoemFormat.majorVersion, .majorVersion, at: 8,
            expected: "\(PoemFormat.majorVersion)", found: "\(major)")
        let headerLength = try reader.count()
        let fileLength = try reader.u64()
        let required = try reader.u32()
        _ = try reader.u32()  // optional features: ignored
        let tableOffset = try reader.u64()
        let (sections, entryLength) = (try reader.count(), try reader.count())
        let tableHash = try reader.u64()
        let storedHash = try reader.u64()
        let hash = file.hash(0..<PoemFormat.headerLength - 8)
        try reader.require(
            hash == storedHash, .headerHash, at: 56, expected: storedHash.hexadecimal,
            found: hash.hexadecimal)
        let layout = (headerLength, tableOffset, entryLength)
        try reader.require(
            layout == (PoemFormat.headerLength, 64, PoemFormat.sectionEntryLength),
            .headerLayout, at: 12,
            expected: "header length 64, table at 64, entries of 64",
            found: "\(headerLength), \(tableOffset) and \(entryLength)")
        try reader.require(
            required == 0, .requiredFeatures, at: 24, expected: "empty",
            found: "0x" + String(required, radix: 16))
        try reader.require(
            fileLength == UInt64(file.count), .fileLength, at: 16,
            expected: "\(file.count), the file's size", found: "\(fileLength)")
        try reader.require(
            (1...PoemFormat.sectionLimit).contains(sections), .sectionCount, at: 40,
            expected: "1 to \(PoemFormat.sectionLimit)", found: "\(sections)")
        return Header(minorVersion: minor, sections: sections, tableHash: tableHash)
    }

    /// One entry and the gap before its section: rules 12 to 21.
    private static func entry(
        from reader: inout ByteReader, after end: Int, in file: FileBytes
    ) throws(PoemError) -> SectionEntry {
        let start = reader.position
        let kind = SectionKind(rawValue: try reader.u32())
        try reader.require(
            kind.isWellFormed, .sectionKind, at: start, expected: "four of A-Z and 0-9",
            found: kind.description)
        let flags = try reader.u32()
        let (offset, stored, decoded) = (try reader.size(), try reader.size(), try reader.size())
        let codecCode = try reader.u16()
        let alignmentLog2 = try reader.u8()
        try reader.require(
            flags <= 1, .sectionFlags, at: start + 4, expected: "0 or 1", found: "\(flags)")
        guard let codec = Codec(rawValue: codecCode) else {
            throw reader.error(
                .sectionCodec, at: start + 32, expected: "0 (raw) or 1 (zstd)",
                found: "\(codecCode)")
        }
        try reader.require(
            (6...16).contains(alignmentLog2), .sectionAlignment, at: start + 34,
            expected: "6 to 16 (log2)", found: "\(alignmentLog2)")
        try reader.zeros(5, .sectionReserved)
        let (storedHash, decodedHash) = (try reader.u64(), try reader.u64())
        try reader.zeros(8, .sectionReserved)
        let begin = alignUp(end, 1 << Int(alignmentLog2))
        try reader.require(
            offset == begin, .sectionOffset, at: start + 8,
            expected: "\(begin), where the one before ends", found: "\(offset)")
        // Subtracted, not added: the sum could wrap.
        try reader.require(
            offset <= file.count && stored <= file.count - offset, .sectionBounds, at: start + 16,
            expected: "within the file of \(file.count) bytes",
            found: "\(stored) bytes after byte \(offset)")
        let lengthsFit =
            codec == .raw ? stored > 0 && stored == decoded : stored > 0 && stored < decoded
        try reader.require(
            lengthsFit && !(kind.isChunked && codec != .raw), .sectionLengths, at: start + 16,
            expected:
                "above 0, equal if raw and smaller stored if zstd; raw for \(kind) if chunked",
            found: "\(stored) stored and \(decoded) decoded")
        let hashesFit =
            kind.isChunked
            ? storedHash == 0 && decodedHash == 0 : codec == .zstd || storedHash == decodedHash
        try reader.require(
            hashesFit, .sectionHashes, at: start + 40,
            expected: "equal if raw, zero for a section of chunks",
            found: "\(storedHash.hexadecimal) and \(decodedHash.hexadecimal)")
        if let (at, byte) = file.firstNonZero(end..<offset) {
            throw .malformed(
                .sectionPadding, Place(offset: at), expected: "0", found: "\(byte)")
        }
        return SectionEntry(
            kind: kind, isRequired: flags == 1, range: offset..<offset + stored,
            decodedLength: decoded, codec: codec, alignmentLog2: alignmentLog2,
            storedHash: storedHash, decodedHash: decodedHash)
    }

    /// Rules 23, 24, 25 and 27 for one section after another, then rule 26.
    private func checkKinds() throws(PoemError) {
        var seen: Set<SectionKind> = []
        for (i, section) in sections.enumerated() {
            let place = Place(
                section: section.kind.description,
                offset: PoemFormat.headerLength + i * PoemFormat.sectionEntryLength)
            guard seen.insert(section.kind).inserted else {
                throw .malformed(
                    .sectionDuplicate, place, expected: "without duplicates",
                    found: "with \(section.kind) twice")
            }
            guard SectionKind.known.contains(section.kind) || !section.isRequired else {
                throw .malformed(
                    .sectionUnknown, place, expected: "known",
                    found: "with \(section.kind), which is required and unknown")
            }
            guard section.isRequired || !SectionKind.required.contains(section.kind) else {
                throw .malformed(
                    .sectionRequiredFlag, place, expected: "set", found: "clear")
            }
            if let limit = section.kind.lengthLimit, section.decodedLength > limit {
                throw .malformed(
                    .sectionTooLarge, place, expected: "at most \(limit) bytes",
                    found: "\(section.decodedLength) bytes")
            }
        }
        var needed = SectionKind.required
        if seen.contains(.optimizer) { needed.append(.optimizerData) }
        if seen.contains(.optimizerData) { needed.append(.optimizer) }
        for kind in needed where !seen.contains(kind) {
            throw .malformed(
                .sectionMissing, Place(section: kind.description, offset: 64),
                expected: "complete", found: "without \(kind)")
        }
    }

    func section(_ kind: SectionKind) -> SectionEntry? { sections.first { $0.kind == kind } }
}

/// Bytes as pairs of digits.
func hexDump(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
