import PoeCore
import PoemFile

/// A valid file taken apart, so that a test can break one thing and put right every hash that
/// stands before it.
///
/// Written against `formats/poem.md`, not against the writer.
struct HostileFile {
    struct Section {
        var kind: String
        var flags: UInt32
        var codec: UInt16 = 0
        var alignmentLog2: UInt8 = 6
        var bytes: [UInt8]
        /// Length and hash after decompression; nil: those of `bytes`.
        var decodedLength: Int?
        var decodedHash: UInt64?

        var isChunked: Bool { kind == "WGTS" || kind == "OPTW" }
    }

    var sections: [Section]

    /// Takes a file apart that is known to be good.
    init(_ bytes: [UInt8]) {
        sections = (0..<Int(bytes.u32(at: 40))).map { i in
            let entry = 64 + 64 * i
            let offset = Int(bytes.u64(at: entry + 8))
            let length = Int(bytes.u64(at: entry + 16))
            let codec = UInt16(bytes[entry + 32])
            return Section(
                kind: String(decoding: bytes[entry..<entry + 4], as: UTF8.self),
                flags: bytes.u32(at: entry + 4), codec: codec,
                bytes: Array(bytes[offset..<offset + length]),
                decodedLength: codec == 0 ? nil : Int(bytes.u64(at: entry + 24)),
                decodedHash: codec == 0 ? nil : bytes.u64(at: entry + 48))
        }
    }

    init(_ contents: PoemContents) throws { self.init(try PoemWriter.bytes(contents)) }

    func index(of kind: String) -> Int { sections.firstIndex { $0.kind == kind } ?? 0 }

    /// Changes a section's bytes.
    mutating func edit(_ kind: String, _ change: (inout [UInt8]) -> Void) {
        change(&sections[index(of: kind)].bytes)
    }

    /// Puts the file together, all lengths, offsets and hashes right.
    func assembled() -> [UInt8] {
        var table: [UInt8] = []
        var body: [UInt8] = []
        let start = 64 + 64 * sections.count
        for section in sections {
            let alignment = 1 << Int(section.alignmentLog2)
            while (start + body.count) % alignment != 0 { body.append(0) }
            let hash = section.isChunked ? 0 : XXH64.hash(section.bytes)
            table += Array(section.kind.utf8) + le(section.flags)
            table += le(UInt64(start + body.count)) + le(UInt64(section.bytes.count))
            table += le(UInt64(section.decodedLength ?? section.bytes.count))
            table += le(section.codec) + [section.alignmentLog2, 0, 0, 0, 0, 0]
            table += le(hash) + le(section.decodedHash ?? hash) + le(UInt64(0))
            body += section.bytes
        }
        var header: [UInt8] = [0x89, 0x50, 0x4F, 0x45, 0x4D, 0x0D, 0x0A, 0x1A, 1, 0, 0, 0]
        header += le(UInt32(64)) + le(UInt64(start + body.count)) + le(UInt64(0)) + le(UInt64(64))
        header += le(UInt32(sections.count)) + le(UInt32(64))
        header += le(UInt64(0)) + le(UInt64(0))
        return Self.repairingTable(header + table + body)
    }

    /// The same bytes with the hashes of the table and the header put right.
    static func repairingTable(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let end = min(64 + 64 * Int(bytes.u32(at: 40) & 0xFF), bytes.count)
        bytes.put(XXH64.hash(Array(bytes[64..<end])), at: 48)
        bytes.put(XXH64.hash(Array(bytes[..<56])), at: 56)
        return bytes
    }

    /// The same bytes with every hash put right that can be: of raw chunks (found through the
    /// directory's own words), raw sections, table and header.
    ///
    /// Tolerates any damage.
    static func repairingEverything(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let count = min(Int(bytes.u32(at: 40) & 0x3F), (bytes.count - 64) / 64)
        var places: [String: Range<Int>] = [:]
        for i in 0..<count {
            let entry = 64 + 64 * i
            let (offset, length) = (bytes.u64(at: entry + 8), bytes.u64(at: entry + 16))
            guard offset <= bytes.count, length <= UInt64(bytes.count) - offset else { continue }
            let kind = String(decoding: bytes[entry..<entry + 4], as: UTF8.self)
            places[kind] = Int(offset)..<Int(offset + length)
        }
        for (directory, data) in [("TNSR", "WGTS"), ("OPTM", "OPTW")] {
            guard let directory = places[directory], let data = places[data] else { continue }
            repairChunks(&bytes, directory, data)
        }
        for i in 0..<count
        where !["WGTS", "OPTW"].contains(
            String(
                decoding: bytes[64 + 64 * i..<68 + 64 * i], as: UTF8.self))
        {
            let entry = 64 + 64 * i
            let kind = String(decoding: bytes[entry..<entry + 4], as: UTF8.self)
            guard let place = places[kind] else { continue }
            let hash = XXH64.hash(Array(bytes[place]))
            bytes.put(hash, at: entry + 40)
            if bytes[entry + 32] == 0 { bytes.put(hash, at: entry + 48) }
        }
        return repairingTable(bytes)
    }

    private static func repairChunks(
        _ bytes: inout [UInt8], _ directory: Range<Int>, _ data: Range<Int>
    ) {
        guard directory.count >= 16 else { return }
        let tensors = Int(bytes.u32(at: directory.lowerBound))
        let chunks = Int(bytes.u32(at: directory.lowerBound + 4))
        guard tensors < 1_000, chunks < 1_000 else { return }
        var record = directory.lowerBound + 16 + 32 * tensors
        var end = data.lowerBound
        for _ in 0..<chunks {
            guard record + 24 <= directory.upperBound else { return }
            let stored = Int(bytes.u32(at: record + 8))
            let isRaw = bytes[record + 16] == 0
            if isRaw { end = (end + 63) / 64 * 64 }
            guard end + stored <= data.upperBound else { return }
            if isRaw { bytes.put(XXH64.hash(Array(bytes[end..<end + stored])), at: record) }
            end += stored
            record += 24
        }
    }
}

/// The little-endian bytes of an integer.
func le(_ value: some FixedWidthInteger) -> [UInt8] {
    stride(from: 0, to: value.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
}

extension [UInt8] {
    func u32(at offset: Int) -> UInt32 {
        self[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    func u64(at offset: Int) -> UInt64 {
        self[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func put(_ value: some FixedWidthInteger, at offset: Int) {
        replaceSubrange(offset..<offset + value.bitWidth / 8, with: le(value))
    }
}

/// A zstd frame as the format wants it, made by hand: `count` (below 256) times one byte.
func runLengthFrame(of byte: UInt8, count: UInt8) -> [UInt8] {
    [0x28, 0xB5, 0x2F, 0xFD, 0x20, count] + runLengthBlock(byte, Int(count), isLast: true)
}

/// A run-length block: three bytes of header (last flag, type 1, size), and the byte.
func runLengthBlock(_ byte: UInt8, _ count: Int, isLast: Bool) -> [UInt8] {
    Array(le(UInt32(count << 3 | 2 | (isLast ? 1 : 0))).prefix(3)) + [byte]
}
