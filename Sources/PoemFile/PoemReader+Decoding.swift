import PoeCore

extension PoemReader {
    /// Decodes a tensor's bytes, row steps first where it has them, as they would lie in a raw file.
    ///
    /// - Parameters:
    ///   - entry: One of `tensors` or `optimizerTensors`.
    ///   - output: `entry.byteCount` bytes, aligned for the element type.
    ///   - threads: Threads to use.
    /// - Throws: ``PoemError`` for the first chunk that is broken.
    package func decode(
        _ entry: TensorEntry, into output: UnsafeMutableRawBufferPointer, threads: Int = 1
    ) throws(PoemError) {
        precondition(output.count == entry.byteCount, "the output has the tensor's byte count")
        let starts = entry.chunkStarts
        try ParallelWork.run(entry.chunks.count, threads: threads) { work in
            let decoder = ChunkDecoder()
            while let i = work.next() {
                let chunk = entry.chunks[i]
                let part = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: output[starts[i]..<starts[i] + chunk.decodedLength])
                do throws(PoemError) {
                    unsafe try decoder.decodeElements(chunk, of: entry, in: file, into: part)
                } catch {
                    work.fail(i, error)
                }
            }
        }
        if entry.grid == .perRow {
            unsafe try checkSteps(UnsafeRawBufferPointer(output), of: entry)
        }
    }

    /// Rule 78: the steps of the rows, and zeros up to the first symbol.
    func checkSteps(
        _ bytes: UnsafeRawBufferPointer, of entry: TensorEntry
    ) throws(PoemError) {
        let place = Place(
            section: entry.section.description, tensor: entry.name,
            offset: entry.chunks[0].range.lowerBound)
        for row in 0..<entry.shape[0] {
            let step = unsafe bytes.load(fromByteOffset: row * 4, as: Float.self)
            guard step.isFinite, step > 0, entry.allows(step: step) else {
                throw .malformed(
                    .rowStep, place,
                    expected: entry.section == .weights
                        ? "above 0 and, times 128, finite" : "finite and above 0",
                    found: "\(step) in row \(row)")
            }
        }
        for i in entry.shape[0] * 4..<entry.prefixLength where unsafe bytes[i] != 0 {
            throw .malformed(
                .rowStep, place, expected: "followed by zeros up to the first symbol",
                found: "followed by \(unsafe bytes[i])")
        }
    }

    /// A tensor as it is stored, in arrays of its own.
    package func data(of entry: TensorEntry, threads: Int = 1) throws(PoemError) -> TensorData {
        switch entry.elementType {
        case .f32: .f32(try array(of: entry, threads, Float.self))
        case .f16: .f16(try array(of: entry, threads, UInt16.self))
        case .bf16: .bf16(try array(of: entry, threads, UInt16.self))
        case .i8:
            switch entry.grid {
            case .perTensor(let step):
                .i8(try array(of: entry, threads, Int8.self), .perTensor(step: step))
            default: try rows(of: entry, threads)
            }
        }
    }

    private func array<Element: BitwiseCopyable>(
        of entry: TensorEntry, _ threads: Int, _ type: Element.Type
    ) throws(PoemError) -> [Element] {
        var failure: PoemError?
        let values = unsafe [Element](unsafeUninitializedCapacity: entry.count) { buffer, count in
            let room = unsafe UnsafeMutableRawBufferPointer(
                start: buffer.baseAddress, count: entry.byteCount)
            do throws(PoemError) {
                unsafe try decode(entry, into: room, threads: threads)
                count = entry.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return values
    }

    private func rows(of entry: TensorEntry, _ threads: Int) throws(PoemError) -> TensorData {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: entry.byteCount, alignment: 64)
        defer { unsafe memory.deallocate() }
        unsafe try decode(entry, into: memory, threads: threads)
        let steps = (0..<entry.shape[0]).map {
            unsafe memory.load(fromByteOffset: $0 * 4, as: Float.self)
        }
        let symbols = unsafe memory[entry.prefixLength...].map { Int8(bitPattern: $0) }
        return .i8(symbols, .perRow(steps: steps))
    }

    /// A tensor as floats, symbols multiplied by their steps.
    package func floats(of entry: TensorEntry) throws(PoemError) -> [Float] {
        var values = [Float](repeating: 0, count: entry.count)
        try unsafe values.withUnsafeMutableBufferPointer { buffer throws(PoemError) in
            let output = unsafe buffer
            unsafe try decodeFloats([entry], threads: 1) { _ in unsafe output }
        }
        return values
    }

    /// Decodes tensors as floats into memory of the caller's, on several threads.
    ///
    /// - Parameters:
    ///   - entries: Some of `tensors` or `optimizerTensors`.
    ///   - threads: Threads to use; the result does not depend on them.
    ///   - destination: Where the elements of the entry at this index go: `entry.count` floats, row-major,
    ///     disjoint from those of the others. It is called from several threads.
    /// - Throws: ``PoemError`` for the first chunk that is broken; destinations are then undefined.
    package func decodeFloats(
        _ entries: [TensorEntry], threads: Int,
        into destination: (Int) -> UnsafeMutableBufferPointer<Float>
    ) throws(PoemError) {
        let pieces = Self.pieces(entries)
        let starts = entries.map(\.chunkStarts)
        try ParallelWork.run(pieces.count, threads: threads) { work in
            let decoder = ChunkDecoder()
            while let piece = work.next() {
                let (index, i) = pieces[piece]
                let entry = entries[index]
                let output = unsafe destination(index)
                precondition(output.count == entry.count, "a destination for each element")
                do throws(PoemError) {
                    if entry.grid == .perRow {
                        unsafe try decodeRows(of: entry, into: output)
                        continue
                    }
                    let size = entry.elementType.byteCount
                    let first = starts[index][i] / size
                    let count = entry.chunks[i].decodedLength / size
                    let part = unsafe UnsafeMutableBufferPointer(
                        rebasing: output[first..<first + count])
                    unsafe try decoder.decodeFloats(
                        entry.chunks[i], of: entry, in: file, into: part)
                } catch {
                    work.fail(piece, error)
                }
            }
        }
    }

    private func decodeRows(
        of entry: TensorEntry, into output: UnsafeMutableBufferPointer<Float>
    ) throws(PoemError) {
        guard case .i8(let symbols, .perRow(let steps)) = try rows(of: entry, 1) else { return }
        let columns = entry.count / entry.shape[0]
        for (row, step) in steps.enumerated() {
            for i in row * columns..<(row + 1) * columns {
                unsafe output[i] = Float(symbols[i]) * step
            }
        }
    }

    /// Decodes every chunk of the file and keeps none: whether the whole file is sound.
    package func verify(threads: Int = 1) throws(PoemError) {
        let entries = tensors + optimizerTensors
        let pieces = Self.pieces(entries)
        try ParallelWork.run(pieces.count, threads: threads) { work in
            let decoder = ChunkDecoder()
            while let piece = work.next() {
                let (index, i) = pieces[piece]
                let entry = entries[index]
                do throws(PoemError) {
                    if entry.grid == .perRow {
                        _ = try rows(of: entry, 1)
                    } else {
                        try decoder.check(entry.chunks[i], of: entry, in: file)
                    }
                } catch {
                    work.fail(piece, error)
                }
            }
        }
    }

    /// What threads share out among themselves: an entry's index and a chunk's.
    ///
    /// A chunk needs its rows' steps, which the first chunk holds: such a tensor is one piece.
    private static func pieces(_ entries: [TensorEntry]) -> [(Int, Int)] {
        entries.enumerated().flatMap { index, entry in
            entry.grid == .perRow ? [(index, 0)] : entry.chunks.indices.map { (index, $0) }
        }
    }
}

extension TensorEntry {
    /// Where each chunk begins among the decoded bytes.
    fileprivate var chunkStarts: [Int] {
        var starts: [Int] = []
        var next = 0
        for chunk in chunks {
            starts.append(next)
            next += chunk.decodedLength
        }
        return starts
    }
}
