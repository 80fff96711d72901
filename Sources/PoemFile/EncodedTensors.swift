import PoeCore

/// The tensors of one directory, their chunks compressed.
struct EncodedTensors {
    /// One chunk: its bytes if they differ from the tensor's, and its record.
    private struct EncodedChunk {
        /// Compressed or rearranged bytes; nil if the tensor's own are stored.
        let bytes: [UInt8]?
        let storedLength: Int
        let decodedLength: Int
        let hash: UInt64
        let codec: Codec
    }

    private let tensors: [TensorBytes]
    private let chunks: [[EncodedChunk]]
    /// Bytes of the section that holds the chunks.
    let length: Int

    /// Checks, cuts and compresses; the result does not depend on `threads`.
    init(_ records: [TensorRecord], threads: Int) throws(PoemError) {
        var tensors: [TensorBytes] = []
        for record in records { tensors.append(try TensorBytes(record)) }
        tensors.sort { $0.record.name.utf8.lexicographicallyPrecedes($1.record.name.utf8) }
        for (a, b) in zip(tensors, tensors.dropFirst()) where a.record.name == b.record.name {
            throw .unencodable("there are two tensors of the name \(a.record.name)")
        }
        self.tensors = tensors
        chunks = try Self.encode(tensors, threads: threads)
        length = chunks.joined().reduce(0) { end, chunk in
            chunk.storedLength
                + (chunk.codec == .raw ? alignUp(end, PoemFormat.chunkAlignment) : end)
        }
        guard !tensors.isEmpty, tensors.count <= PoemFormat.tensorLimit,
            chunks.joined().count <= PoemFormat.chunkLimit
        else {
            throw .unencodable(
                "\(tensors.count) tensors in \(chunks.joined().count) chunks are none or too many")
        }
    }

    private static func encode(
        _ tensors: [TensorBytes], threads: Int
    ) throws(PoemError) -> [[EncodedChunk]] {
        let pieces = tensors.enumerated().flatMap { index, tensor in
            tensor.chunkRanges.map { (index, $0) }
        }
        var slots = [EncodedChunk?](repeating: nil, count: pieces.count)
        try unsafe slots.withUnsafeMutableBufferPointer { (slots) throws(PoemError) in
            let output = unsafe slots
            try ParallelWork.run(pieces.count, threads: threads) { work in
                let encoder = ZstdEncoder()
                while let i = work.next() {
                    let (index, range) = pieces[i]
                    unsafe output[i] = encode(tensors[index], range, with: encoder)
                }
            }
        }
        var chunks = [[EncodedChunk]](repeating: [], count: tensors.count)
        for case (let slot?, let piece) in zip(slots, pieces) { chunks[piece.0].append(slot) }
        return chunks
    }

    private static func encode(
        _ tensor: TensorBytes, _ range: Range<Int>, with encoder: borrowing ZstdEncoder
    ) -> EncodedChunk {
        unsafe tensor.withBytes(range) { bytes in
            guard tensor.separatesBytePlanes else {
                return unsafe encode(bytes, own: nil, tensor.record.storage.effort, encoder)
            }
            var planes = [UInt8](repeating: 0, count: bytes.count)
            unsafe planes.withUnsafeMutableBytes {
                unsafe BytePlanes.split(bytes, elementSize: tensor.elementSize, into: $0)
            }
            return unsafe planes.withUnsafeBytes {
                unsafe encode($0, own: planes, tensor.record.storage.effort, encoder)
            }
        }
    }

    private static func encode(
        _ bytes: UnsafeRawBufferPointer, own: [UInt8]?, _ effort: TensorStorage.Effort,
        _ encoder: borrowing ZstdEncoder
    ) -> EncodedChunk {
        let levels: [Int32] =
            switch effort {
            case .raw: []
            case .fast: [1]
            case .smallest: [1, 19]
            }
        var best: [UInt8]?
        for level in levels {
            guard let frame = unsafe encoder.encode(bytes, level: level) else { continue }
            if frame.count < best?.count ?? bytes.count { best = frame }
        }
        return EncodedChunk(
            bytes: best ?? own, storedLength: best?.count ?? bytes.count,
            decodedLength: bytes.count, hash: unsafe XXH64.hash(bytes),
            codec: best == nil ? .raw : .zstd)
    }

    /// The bytes of `TNSR` or `OPTM`.
    func directory() -> [UInt8] {
        var writer = ByteWriter()
        writer.count(tensors.count)
        writer.count(chunks.joined().count)
        writer.count(tensors.reduce(0) { $0 + $1.record.name.utf8.count })
        writer.zeros(4)
        for (tensor, chunks) in zip(tensors, chunks) {
            let record = tensor.record
            writer.u16(UInt16(record.name.utf8.count))
            writer.append([
                record.data.elementType.rawValue, UInt8(record.shape.count), tensor.gridCode,
                tensor.separatesBytePlanes ? 1 : 0, 0, 0,
            ])
            for i in 0..<PoemFormat.rankLimit {
                writer.count(i < record.shape.count ? record.shape[i] : 0)
            }
            writer.count(chunks.count)
            writer.f32(tensor.step)
        }
        for chunk in chunks.joined() {
            writer.u64(chunk.hash)
            writer.count(chunk.storedLength)
            writer.count(chunk.decodedLength)
            writer.u8(UInt8(chunk.codec.rawValue))
            writer.zeros(7)
        }
        for tensor in tensors { writer.append(tensor.record.name.utf8) }
        return writer.bytes
    }

    /// Hands the bytes of the chunks to `sink`, with the padding between them.
    func write(
        _ sink: (UnsafeRawBufferPointer) throws(PoemError) -> Void
    ) throws(PoemError) {
        var end = 0
        for (tensor, chunks) in zip(tensors, chunks) {
            for (chunk, range) in zip(chunks, tensor.chunkRanges) {
                if chunk.codec == .raw {
                    let begin = alignUp(end, PoemFormat.chunkAlignment)
                    unsafe try EncodedFile.emit([UInt8](repeating: 0, count: begin - end), sink)
                    end = begin
                }
                if let bytes = chunk.bytes {
                    unsafe try EncodedFile.emit(bytes, sink)
                } else {
                    try unsafe tensor.withBytes(range) { (bytes) throws(PoemError) in
                        unsafe try sink(bytes)
                    }
                }
                end += chunk.storedLength
            }
        }
    }
}

/// A tensor's stored form, without copying its elements unless rows have steps.
struct TensorBytes {
    let record: TensorRecord
    /// Steps, padding and symbols, where rows have steps.
    private let combined: [UInt8]?
    let elementSize: Int
    let separatesBytePlanes: Bool
    /// The quantization's code in the directory.
    let gridCode: UInt8
    /// The step in the directory; 0 where there is none.
    let step: Float
    /// Decoded bytes of each chunk.
    let chunkRanges: [Range<Int>]

    init(_ record: TensorRecord) throws(PoemError) {
        try Self.check(record)
        self.record = record
        elementSize = record.data.elementType.byteCount
        separatesBytePlanes = record.storage.separatesBytePlanes && elementSize > 1
        var byteCount = record.data.count * elementSize
        switch record.data {
        case .i8(_, .perTensor(let step)): (gridCode, self.step, combined) = (1, step, nil)
        case .i8(let symbols, .perRow(let steps)):
            var writer = ByteWriter()
            for step in steps { writer.f32(step) }
            writer.zeros(alignUp(steps.count * 4, PoemFormat.chunkAlignment) - steps.count * 4)
            writer.append(symbols.lazy.map { UInt8(bitPattern: $0) })
            (gridCode, step, combined) = (2, 0, writer.bytes)
            byteCount = writer.bytes.count
        default: (gridCode, step, combined) = (0, 0, nil)
        }
        chunkRanges = stride(from: 0, to: byteCount, by: PoemFormat.chunkLength).map {
            $0..<min($0 + PoemFormat.chunkLength, byteCount)
        }
    }

    private static func check(_ record: TensorRecord) throws(PoemError) {
        let name = record.name
        guard TensorEntry.isName(Array(name.utf8)) else {
            throw .unencodable("the tensor name \"\(name)\" is not of [A-Za-z0-9._-]")
        }
        var count = 1
        for dimension in record.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            count = overflow || dimension < 1 || dimension > Int(UInt32.max) ? -1 : product
            if count < 0 { break }
        }
        guard (1...PoemFormat.rankLimit).contains(record.shape.count),
            count == record.data.count, count <= PoemFormat.elementLimit
        else {
            throw .unencodable(
                "tensor \(name) has the shape \(record.shape) and \(record.data.count) elements")
        }
        guard case .i8(_, let quantization) = record.data else { return }
        let steps: [Float]
        switch quantization {
        case .perTensor(let step): steps = [step]
        case .perRow(let rows): steps = rows
        }
        let rowsFit =
            if case .perRow = quantization { steps.count == record.shape[0] } else { true }
        guard rowsFit, steps.allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw .unencodable(
                "tensor \(name) needs a finite step above 0 for each of its grids")
        }
    }

    /// Calls `body` with a range of the stored form's bytes.
    func withBytes<Value, Failure: Error>(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        func part(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Value {
            unsafe try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
        if let combined { return unsafe try combined.withStoredBytes(part) }
        switch record.data {
        case .f32(let values): return unsafe try values.withStoredBytes(part)
        case .f16(let values), .bf16(let values): return unsafe try values.withStoredBytes(part)
        case .i8(let values, _): return unsafe try values.withStoredBytes(part)
        }
    }
}
