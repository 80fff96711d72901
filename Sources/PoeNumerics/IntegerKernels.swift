import CPoeKernels
package import PoeCore

/// What a product does with the matrix that it is written into.
package enum Epilogue: Sendable {
    /// Replaces it.
    case store
    /// Is added to it.
    case add
    /// Replaces it by the activation of the product.
    case activate(Activation)

    var mode: Int32 {
        switch self {
        case .store: POE_PRODUCT_STORE
        case .add: POE_PRODUCT_ADD
        case .activate(.gelu): POE_PRODUCT_GELU
        case .activate(.geluTanh): POE_PRODUCT_GELU_TANH
        }
    }
}

/// The operations of int8 inference, each on the thread that calls it.
///
/// The same bits on every kernel set (Documentation/Kernels.md). Nothing is allocated, and no
/// state kept: threads may call at once as long as what they write is apart. Shapes that do not
/// fit each other trap with a message. Unchecked `Sendable`: the table is constant.
@safe
package struct IntegerKernels: @unchecked Sendable {
    /// The instruction set in use.
    package let kernels: KernelSet
    private let functions: UnsafePointer<poe_kernels>

    /// - Precondition: This machine has `set` (``KernelSet/available``).
    package init(_ set: KernelSet = .best) {
        kernels = set
        unsafe functions = kernelTable(set)
    }

    /// Turns each row into int8: `scale = max |x| / 127`, `symbol = x * (127 / max |x|)` rounded,
    /// ties to even.
    ///
    /// A row whose greatest magnitude is below 2^-100 becomes zeros of scale 0; one that holds an
    /// infinity or NaN, zeros of scale NaN.
    package func quantize(_ x: Matrix, into out: QuantizedRows) {
        precondition(
            x.rows == out.rows && x.columns == out.columns,
            "[\(x.rows), \(x.columns)] into int8 [\(out.rows), \(out.columns)]")
        unsafe functions.pointee.quantize(
            x.pointer, x.stride, x.rows, x.columns, out.symbols, out.stride, out.scales, out.sums)
    }

    /// Layer norm, then ``quantize(_:into:)``, with the bits of the two.
    ///
    /// - Parameter scratch: At least as many floats as x has columns; not for two threads at once.
    package func normalize(
        _ x: Matrix, gain: Vector, bias: Vector?, epsilon: Float, into out: QuantizedRows,
        scratch: Vector
    ) {
        precondition(
            x.rows == out.rows && x.columns == out.columns && gain.count == x.columns
                && (bias?.count ?? x.columns) == x.columns && scratch.count >= x.columns,
            "layer norm of [\(x.rows), \(x.columns)] into int8 [\(out.rows), \(out.columns)]:"
                + " gain \(gain.count), scratch \(scratch.count)")
        unsafe functions.pointee.normalize_quantize(
            x.pointer, x.stride, gain.pointer, bias?.pointer, epsilon, x.rows, x.columns,
            out.symbols, out.stride, out.scales, out.sums, scratch.pointer)
    }

    /// Packs the outputs of `panels`: 64 for each, fewer in the last.
    ///
    /// - Parameters:
    ///   - symbols: Row-major `[outputs, inputs]`; the caller keeps all rows of the panels readable.
    ///   - rowStride: Bytes from a row to the next.
    package func pack(
        symbols: UnsafePointer<Int8>, rowStride: Int, panels: Range<Int>,
        into packed: PackedIntegers
    ) {
        check(panels, of: packed)
        precondition(
            rowStride >= packed.inputs, "rows of \(packed.inputs) every \(rowStride) bytes")
        unsafe functions.pointee.pack_integers(
            symbols, rowStride, packed.inputs, packed.outputs, panels.lowerBound,
            panels.upperBound, packed.bytes)
    }

    /// Multiplies quantized rows by packed weights.
    ///
    ///     sum[m, n] = sum over k of a.symbol[m, k] b.symbol[n, k]
    ///     c[m, n] = sum[m, n] * (a.scale[m] * b.steps[n]) + bias[n]
    ///
    /// The sum is exact; then one fused multiply-add, then `epilogue`.
    ///
    /// - Parameters:
    ///   - panels: The panels of `b` to take; only their columns of `c` are written.
    ///   - bias: `[N]`; none adds 0.
    ///   - c: `[M, N]`, all columns.
    package func multiply(
        _ a: QuantizedRows, _ b: PackedIntegers, panels: Range<Int>, bias: Vector?, into c: Matrix,
        _ epilogue: Epilogue
    ) {
        check(panels, of: b)
        precondition(
            a.columns == b.inputs && c.rows == a.rows && c.columns == b.outputs
                && (bias?.count ?? b.outputs) == b.outputs,
            "int8 [\(a.rows), \(a.columns)] times [\(b.inputs), \(b.outputs)]"
                + " into [\(c.rows), \(c.columns)]")
        var product = unsafe poe_integer_product(
            a: a.symbols, a_row: a.stride, scales: a.scales, sums: a.sums, panels: b.bytes,
            steps: b.steps.pointer, bias: bias?.pointer, c: c.pointer, c_row: c.stride,
            inputs: b.inputs, columns: b.outputs, mode: epilogue.mode)
        unsafe functions.pointee.multiply_integers(
            &product, 0, a.rows, panels.lowerBound, panels.upperBound)
    }

    /// The weights of one output, plus another vector.
    ///
    ///     out[k] = symbol[output, k] * step[output] + adding[k]
    ///
    /// Multiplied, then added. It makes a token's embedding where the output layer shares weights.
    ///
    /// - Parameter out: `[inputs]`, overwritten; may be `adding`.
    package func unpack(output: Int, of b: PackedIntegers, adding: Vector, into out: Vector) {
        precondition(
            output >= 0 && output < b.outputs && adding.count == b.inputs && out.count == b.inputs,
            "output \(output) of [\(b.outputs), \(b.inputs)] plus \(adding.count)"
                + " into \(out.count)")
        unsafe functions.pointee.unpack_integers(
            b.bytes, b.inputs, b.outputs, output, b.steps[output], adding.pointer, out.pointer)
    }

    private func check(_ panels: Range<Int>, of b: PackedIntegers) {
        precondition(
            panels.lowerBound >= 0 && panels.upperBound <= b.panels,
            "panels \(panels) of \(b.panels)")
    }
}

/// Attention over a cache of int8.
extension IntegerKernels {
    /// Quantizes the key and value of one position into the cache, each head with its own scale as
    /// ``quantize(_:into:)`` does it.
    ///
    /// - Parameters:
    ///   - keys: `[C]`, heads side by side; so are `values`.
    ///   - heads: Those to store.
    package func store(
        keys: Vector, values: Vector, position: Int, heads: Range<Int>, into cache: QuantizedCache
    ) {
        check(heads, of: cache, width: keys.count)
        precondition(
            values.count == keys.count && position >= 0 && position < cache.capacity,
            "\(values.count) values at position \(position) of \(cache.capacity)")
        var view = unsafe cache.view
        unsafe functions.pointee.store_cached(
            &view, keys.pointer, values.pointer, position, heads.lowerBound, heads.upperBound)
    }

    /// Attention of one query over the first `count` positions of a cache.
    ///
    /// The query is quantized head by head, too.
    ///
    /// - Parameters:
    ///   - query: `[C]`, heads side by side.
    ///   - heads: Those to compute; only their parts of `out` are written.
    ///   - scoreScale: What a score is multiplied by, `1 / sqrt(D)`.
    ///   - out: `[C]`; may be `query`.
    ///   - scratch: ``attendScratch(capacity:dimension:)`` floats; not for two threads at once.
    package func attend(
        query: Vector, heads: Range<Int>, over cache: QuantizedCache, count: Int,
        scoreScale: Float, into out: Vector, scratch: Vector
    ) {
        check(heads, of: cache, width: query.count)
        precondition(
            out.count == query.count && count >= 1 && count <= cache.capacity
                && scratch.count >= Self.attendScratch(capacity: count, dimension: cache.dimension),
            "attention over \(count) positions of \(cache.capacity) into \(out.count) of"
                + " \(query.count), scratch \(scratch.count)")
        var view = unsafe cache.view
        unsafe functions.pointee.attend_integers(
            &view, query.pointer, heads.lowerBound, heads.upperBound, count, scoreScale,
            out.pointer, scratch.pointer)
    }

    /// Floats of scratch for attention over at most `capacity` positions.
    package static func attendScratch(capacity: Int, dimension: Int) -> Int {
        poe_attend_scratch(capacity, dimension)
    }

    private func check(_ heads: Range<Int>, of cache: QuantizedCache, width: Int) {
        precondition(
            heads.lowerBound >= 0 && heads.upperBound <= cache.heads
                && width == cache.heads * cache.dimension,
            "heads \(heads) of \(cache.heads), each of \(cache.dimension), in \(width)")
    }
}

/// Work that does nothing but reach a limit of the machine, to be timed by a benchmark.
extension IntegerKernels {
    /// Runs independent products of bytes in registers, on this thread.
    ///
    /// Returns how many operations that was; a product and its addition are two.
    package func spendDots(rounds: Int) -> Int {
        var operations: Int64 = 0
        _ = unsafe functions.pointee.integer_dots(rounds, &operations)
        return Int(operations)
    }

    /// Reads `count` bytes once, on this thread; returns a number that no one needs.
    package func readBytes(_ bytes: UnsafeRawPointer, count: Int) -> UInt64 {
        unsafe functions.pointee.read_bytes(bytes, count)
    }
}
