import PoeCore
import Synchronization

/// A tensor as a file stores it, in memory that is lent for the length of a call.
///
/// `@safe`: holding one is safe; reading what it points to is marked where it is done.
@safe
package enum StoredTensor {
    /// What a symbol is worth.
    package enum Steps: Sendable, Equatable {
        /// One step for the whole tensor.
        case one(Float)
        /// A step for each index of the first dimension.
        case rows([Float])
    }

    /// Symbols on a grid, row-major, 64-byte aligned; each is worth itself times its step.
    case symbols(UnsafeBufferPointer<Int8>, steps: Steps)
    /// Numbers, row-major, 64-byte aligned; halves are widened.
    case floats(UnsafeBufferPointer<Float>)
}

extension PoemReader {
    /// Decodes every weight once and lends each to `body` as it is stored: what an engine needs that
    /// packs weights while they are in the processor's cache, with no copy of all of them as floats.
    ///
    /// Tensors come the largest first, so that the threads end together; those of several chunks are
    /// decoded by several threads. All rules of the file that opening it left open are checked before
    /// a tensor is handed over.
    ///
    /// - Parameters:
    ///   - threads: Threads to use, the caller's included; what `body` gets does not depend on them.
    ///   - body: Gets the tensor's index in ``tensors``, each once, and the tensor, which is valid
    ///     during the call. It is called from several threads at a time and must only write memory
    ///     that belongs to this tensor.
    /// - Throws: ``PoemError`` for a broken chunk, the same whatever the number of threads; what `body`
    ///   was given before belongs to a file that cannot be trusted.
    package func forEachTensor(
        threads: Int, _ body: (Int, StoredTensor) -> Void
    ) throws(PoemError) {
        let pieces = TensorPiece.all(of: tensors)
        try ParallelWork.run(pieces.count, threads: threads) { work in
            let decoder = ChunkDecoder()
            while let i = work.next() {
                let piece = pieces[i]
                do throws(PoemError) {
                    try lend(piece, with: decoder, to: body)
                } catch {
                    // A fault of the whole tensor belongs to its first piece.
                    work.fail(error.rule == .rowStep ? piece.first : i, error)
                }
            }
        }
    }

    /// Decodes a piece and, if it completes its tensor, hands the tensor over.
    private func lend(
        _ piece: TensorPiece, with decoder: borrowing ChunkDecoder,
        to body: (Int, StoredTensor) -> Void
    ) throws(PoemError) {
        let entry = tensors[piece.tensor]
        let chunk = entry.chunks[piece.chunk]
        let bytes: UnsafeRawBufferPointer
        if let assembly = piece.assembly {
            let whole = unsafe assembly.room(entry.byteCount)
            let output = unsafe UnsafeMutableRawBufferPointer(
                rebasing: whole[piece.start..<piece.start + chunk.decodedLength])
            unsafe try decoder.decodeElements(chunk, of: entry, in: file, into: output)
            guard assembly.completesOne() else { return }
            unsafe bytes = UnsafeRawBufferPointer(whole)
        } else {
            unsafe bytes = try decoder.elements(chunk, of: entry, in: file)
        }
        defer { piece.assembly?.release() }
        unsafe try lend(bytes, of: piece.tensor, with: decoder, to: body)
    }

    private func lend(
        _ bytes: UnsafeRawBufferPointer, of index: Int, with decoder: borrowing ChunkDecoder,
        to body: (Int, StoredTensor) -> Void
    ) throws(PoemError) {
        let entry = tensors[index]
        let tensor: StoredTensor
        switch (entry.elementType, entry.grid) {
        case (.i8, .perRow):
            unsafe try checkSteps(bytes, of: entry)
            let steps = (0..<entry.shape[0]).map {
                unsafe bytes.load(fromByteOffset: $0 * 4, as: Float.self)
            }
            let symbols = unsafe UnsafeRawBufferPointer(rebasing: bytes[entry.prefixLength...])
            tensor = unsafe .symbols(symbols.bindMemory(to: Int8.self), steps: .rows(steps))
        case (.i8, .perTensor(let step)):
            tensor = unsafe .symbols(bytes.bindMemory(to: Int8.self), steps: .one(step))
        case (.f32, _):
            tensor = unsafe .floats(bytes.bindMemory(to: Float.self))
        default:
            tensor = unsafe .floats(decoder.widened(bytes, entry))
        }
        body(index, tensor)
    }
}

/// What the threads share out among themselves: one chunk of one tensor.
private struct TensorPiece: Sendable {
    /// Index among the reader's tensors.
    let tensor: Int
    /// Index among the tensor's chunks.
    let chunk: Int
    /// Where the chunk begins among the tensor's decoded bytes.
    let start: Int
    /// Index of the tensor's first piece.
    let first: Int
    /// Where the chunks of a tensor of several come together.
    let assembly: Assembly?

    /// The pieces of all tensors, the largest tensor first.
    static func all(of tensors: [TensorEntry]) -> [TensorPiece] {
        let sizes = tensors.map(\.byteCount)
        let order = tensors.indices.sorted {
            sizes[$0] != sizes[$1] ? sizes[$0] > sizes[$1] : $0 < $1
        }
        var pieces: [TensorPiece] = []
        pieces.reserveCapacity(tensors.reduce(0) { $0 + $1.chunks.count })
        for tensor in order {
            let chunks = tensors[tensor].chunks
            let assembly = chunks.count > 1 ? Assembly(pieces: chunks.count) : nil
            let first = pieces.count
            var start = 0
            for i in chunks.indices {
                pieces.append(
                    TensorPiece(
                        tensor: tensor, chunk: i, start: start, first: first, assembly: assembly))
                start += chunks[i].decodedLength
            }
        }
        return pieces
    }
}

/// Memory in which the chunks of one tensor come together, there from the first chunk to the end of
/// the tensor's use.
@safe
private final class Assembly: Sendable {
    private let unfinished: Atomic<Int>
    private let memory = Mutex<MemoryRoom?>(nil)

    init(pieces: Int) { unfinished = Atomic(pieces) }

    /// Room for the whole tensor; every caller gets the same.
    func room(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
        unsafe memory.withLock { memory in
            let room = memory ?? MemoryRoom()
            memory = room
            return unsafe UncheckedSendable(room.bytes(byteCount))
        }.value
    }

    /// Counts a decoded chunk; true for the last one, whose caller then sees what all have written.
    func completesOne() -> Bool {
        unfinished.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
    }

    /// Gives the memory back; for the caller that completed the tensor.
    func release() { memory.withLock { $0 = nil } }
}

/// Lets a pointer out of a lock; the threads that get it write disjoint parts.
private struct UncheckedSendable<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
