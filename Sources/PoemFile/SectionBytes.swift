import PoeCore

extension FileBytes {
    /// The decoded bytes of a section that is not chunked, its hashes checked (rules 28 to 32).
    ///
    /// The caller has checked the decoded length against the kind's cap.
    func decode(
        _ section: SectionEntry, with decoder: borrowing ZstdDecoder
    ) throws(PoemError) -> ByteReader {
        try checkStoredHash(section)
        var place = Place(section: section.kind.description, offset: section.range.lowerBound)
        guard section.codec == .zstd else { return ByteReader(copy(section.range), origin: place) }
        var bytes = [UInt8](repeating: 0, count: section.decodedLength)
        let stored = unsafe pointer(section.range)
        try unsafe bytes.withUnsafeMutableBufferPointer { (output) throws(PoemError) in
            try unsafe Zstd.decode(
                stored, at: place, with: decoder, into: UnsafeMutableRawBufferPointer(output))
        }
        let hash = XXH64.hash(bytes)
        guard hash == section.decodedHash else {
            throw .malformed(
                .decodedHash, place, expected: section.decodedHash.hexadecimal,
                found: hash.hexadecimal)
        }
        place.offset = 0
        place.isDecoded = true
        return ByteReader(bytes, origin: place)
    }

    /// Rule 28.
    func checkStoredHash(_ section: SectionEntry) throws(PoemError) {
        let hash = hash(section.range)
        guard hash == section.storedHash else {
            throw .malformed(
                .sectionHash,
                Place(section: section.kind.description, offset: section.range.lowerBound),
                expected: section.storedHash.hexadecimal, found: hash.hexadecimal)
        }
    }
}

extension Zstd {
    /// Decompresses exactly one frame that fills `output`, its header checked first (rules 29 to 31).
    static func decode(
        _ frame: UnsafeRawBufferPointer, at place: Place, with decoder: borrowing ZstdDecoder,
        into output: UnsafeMutableRawBufferPointer
    ) throws(PoemError) {
        try unsafe checkHeader(of: frame, at: place, decodedLength: output.count)
        let length = unsafe frameLength(frame)
        guard length == frame.count else {
            throw .malformed(
                .frameLength, place, expected: "\(frame.count) bytes",
                found: length.map { "\($0) bytes" } ?? "unknown, the frame being cut or broken")
        }
        if let fault = unsafe decoder.decode(frame, into: output) {
            throw .malformed(
                .frameContent, place, expected: "\(output.count) bytes long", found: fault)
        }
    }
}
