import PoeCore

/// One thread's tools: a decompressor, and room for a chunk in each of two forms.
@safe
struct ChunkDecoder: ~Copyable {
    let decoder = ZstdDecoder()
    /// A chunk's bytes plane by plane.
    private let planes = MemoryRoom()
    /// A chunk's elements as they are stored.
    private let stored = MemoryRoom()
    /// A tensor's elements as floats.
    private let floats = MemoryRoom()

    /// Decodes a chunk to `output`, which has its decoded length, and checks rules 29 to 31 and 77.
    func decode(
        _ chunk: Chunk, of entry: TensorEntry, in file: FileBytes,
        into output: UnsafeMutableRawBufferPointer
    ) throws(PoemError) {
        let place = Place(
            section: entry.section.description, tensor: entry.name,
            offset: chunk.range.lowerBound)
        let stored = unsafe file.pointer(chunk.range)
        switch chunk.codec {
        case .raw: unsafe output.copyMemory(from: stored)
        case .zstd: unsafe try Zstd.decode(stored, at: place, with: decoder, into: output)
        }
        let hash = unsafe XXH64.hash(UnsafeRawBufferPointer(output))
        guard hash == chunk.hash else {
            throw .malformed(
                .chunkHash, place, expected: chunk.hash.hexadecimal, found: hash.hexadecimal)
        }
    }

    /// As `decode`, with the bytes of each element together again, and values checked (rule 79).
    func decodeElements(
        _ chunk: Chunk, of entry: TensorEntry, in file: FileBytes,
        into output: UnsafeMutableRawBufferPointer
    ) throws(PoemError) {
        if entry.separatesBytePlanes {
            let planes = unsafe planes.bytes(output.count)
            unsafe try decode(chunk, of: entry, in: file, into: planes)
            unsafe BytePlanes.join(
                UnsafeRawBufferPointer(planes), elementSize: entry.elementType.byteCount,
                into: output)
        } else {
            unsafe try decode(chunk, of: entry, in: file, into: output)
        }
        guard entry.section == .weights else { return }
        let place = Place(
            section: entry.section.description, tensor: entry.name,
            offset: chunk.range.lowerBound)
        if case .perTensor(let step) = entry.grid, !entry.allows(step: step) {
            throw .malformed(
                .weightValue, place, expected: "finite",
                found: "infinite where a symbol is -128, the step being \(step)")
        }
        guard unsafe Elements.allFinite(UnsafeRawBufferPointer(output), entry.elementType) else {
            throw .malformed(
                .weightValue, place, expected: "finite", found: "infinite or not a number")
        }
    }

    /// Decodes a chunk of a tensor without row steps to `output`, as floats.
    func decodeFloats(
        _ chunk: Chunk, of entry: TensorEntry, in file: FileBytes,
        into output: UnsafeMutableBufferPointer<Float>
    ) throws(PoemError) {
        if entry.elementType == .f32 {
            return unsafe try decodeElements(
                chunk, of: entry, in: file, into: UnsafeMutableRawBufferPointer(output))
        }
        let bytes = unsafe stored.bytes(chunk.decodedLength)
        unsafe try decodeElements(chunk, of: entry, in: file, into: bytes)
        let step: Float = if case .perTensor(let step) = entry.grid { step } else { 1 }
        unsafe Elements.widen(
            UnsafeRawBufferPointer(bytes), entry.elementType, step: step, into: output)
    }

    /// Decodes a chunk to memory of this decoder's, which is valid until it decodes the next.
    func elements(
        _ chunk: Chunk, of entry: TensorEntry, in file: FileBytes
    ) throws(PoemError) -> UnsafeRawBufferPointer {
        let output = unsafe stored.bytes(chunk.decodedLength)
        unsafe try decodeElements(chunk, of: entry, in: file, into: output)
        return UnsafeRawBufferPointer(output)
    }

    /// The halves of a tensor as floats, valid until this decoder widens the next.
    func widened(
        _ bytes: UnsafeRawBufferPointer, _ entry: TensorEntry
    ) -> UnsafeBufferPointer<Float> {
        let output = unsafe floats.bytes(entry.count * 4).bindMemory(to: Float.self)
        unsafe Elements.widen(bytes, entry.elementType, step: 1, into: output)
        return UnsafeBufferPointer(output)
    }

    /// Decodes a chunk of a tensor without row steps and keeps nothing.
    func check(_ chunk: Chunk, of entry: TensorEntry, in file: FileBytes) throws(PoemError) {
        let output = unsafe stored.bytes(chunk.decodedLength)
        unsafe try decodeElements(chunk, of: entry, in: file, into: output)
    }
}
