import CPoeKernels

/// A matrix packed once into the panels that products read, for one kernel set.
///
/// Immutable, hence `Sendable`.
@safe
package final class PackedMatrix: Sendable {
    /// Inner dimension of the products, `K`.
    package let depth: Int
    /// Columns of the products, `N`.
    package let columns: Int
    /// The set whose panels these are.
    package let kernels: KernelSet
    /// What its elements were rounded to, and what products with it round to.
    package let precision: Precision
    let buffer: FloatBuffer

    init(depth: Int, columns: Int, kernels: KernelSet, precision: Precision) {
        self.depth = depth
        self.columns = columns
        self.kernels = kernels
        self.precision = precision
        buffer = FloatBuffer(count: packedCount(depth: depth, columns: columns, precision))
    }
}

/// Rows of a symmetric product that go together; a multiple of every set's panel.
private let symmetricRows = 64

/// Floats of a packed matrix; in bfloat16 its depth is filled up to whole groups.
private func packedCount(depth: Int, columns: Int, _ precision: Precision) -> Int {
    let group = precision == .bf16 ? Int(POE_GROUP_STEPS) : 1
    return (depth + group - 1) / group * group * ((columns + 15) & ~15)
}

extension Compute {
    /// Multiplies matrices.
    ///
    ///     c[m, n] (+)= sum over k of op(a)[m, k] op(b)[k, n] + bias[n]
    ///
    /// - Parameters:
    ///   - a: `[M, K]`, or `[K, M]` where `transposeA`.
    ///   - b: `[K, N]`, or `[N, K]` where `transposeB` (the layout of a linear layer's weights).
    ///   - c: `[M, N]`; added to where `accumulate`, otherwise overwritten.
    ///   - bias: `[N]`, added to each row.
    ///   - isSymmetric: Whether the product is known to be symmetric, as that of a matrix and its own
    ///     transpose and the square of a symmetric matrix are. Half of it is calculated and mirrored: the
    ///     same bits, since both halves add the same numbers in the same order.
    ///
    /// In `.bf16` both operands are rounded to bfloat16 first; sums and results are f32.
    ///
    /// Each element: blocks of 256 steps of `k`, each a chain of fused multiply-adds from zero in
    /// order of `k`. The first block (plus the old `c`, where accumulating) gets the bias added; then the
    /// other blocks are added in order.
    ///
    /// In `.bf16` each element starts as the old `c` or zero, plus the bias; then groups of 32 steps are
    /// added in order, each the sum of two chains from zero, that of its even and that of its odd steps.
    package func multiply(
        _ a: Matrix, transposeA: Bool = false, _ b: Matrix, transposeB: Bool = false,
        into c: Matrix, accumulate: Bool = false, bias: Vector? = nil,
        precision: Precision = .f32, isSymmetric: Bool = false
    ) {
        precondition(
            !isSymmetric || !accumulate && bias == nil,
            "a symmetric product with something added may not be symmetric")
        times?.begin(.products)
        defer { times?.end() }
        let depth = transposeB ? b.columns : b.rows
        let columns = transposeB ? b.rows : b.columns
        let panels = unsafe panelScratch(packedCount(depth: depth, columns: columns, precision))
        unsafe packPanels(b, transposeB, depth: depth, columns: columns, precision, into: panels)
        unsafe multiply(
            a, transposeA, panels: panels, depth: depth, columns: columns, into: c, accumulate,
            bias, precision, isSymmetric)
        if isSymmetric { mirror(c) }
    }

    /// Copies what is above the diagonal to below it.
    private func mirror(_ c: Matrix) {
        precondition(c.rows == c.columns, "a symmetric product of [\(c.rows), \(c.columns)]")
        split(c.rows, grain: rowGrain) { rows in
            // A line of each row at a time: going down whole columns would fetch lines for one element.
            for first in stride(from: 0, to: rows.upperBound, by: columnGrain) {
                for row in rows where row > first {
                    for column in first..<min(first + columnGrain, row) {
                        unsafe c.pointer[row * c.stride + column] =
                            c.pointer[column * c.stride + row]
                    }
                }
            }
        }
    }

    /// Packs the right operand of products that are made many times, as a model's weights.
    ///
    /// - Parameter b: `[K, N]`, or `[N, K]` where `transposeB`; copied.
    package func pack(
        _ b: Matrix, transposeB: Bool, precision: Precision = .f32
    ) -> PackedMatrix {
        let packed = PackedMatrix(
            depth: transposeB ? b.columns : b.rows, columns: transposeB ? b.rows : b.columns,
            kernels: kernels, precision: precision)
        pack(b, transposeB: transposeB, into: packed)
        return packed
    }

    /// Packs again into memory that ``pack(_:transposeB:precision:)`` made, for a matrix of the same shape.
    ///
    /// The caller makes sure that nobody else reads `packed` meanwhile.
    package func pack(_ b: Matrix, transposeB: Bool, into packed: PackedMatrix) {
        times?.begin(.packing)
        defer { times?.end() }
        let depth = transposeB ? b.columns : b.rows
        let columns = transposeB ? b.rows : b.columns
        precondition(
            packed.depth == depth && packed.columns == columns && packed.kernels == kernels,
            "a [\(depth), \(columns)] matrix into [\(packed.depth), \(packed.columns)] panels")
        unsafe packPanels(
            b, transposeB, depth: depth, columns: columns, packed.precision,
            into: packed.buffer.pointer)
    }

    /// As ``multiply(_:transposeA:_:transposeB:into:accumulate:bias:precision:isSymmetric:)``, the same bits, with a
    /// packed right operand; fast for one row too.
    package func multiply(
        _ a: Matrix, _ b: PackedMatrix, into c: Matrix, accumulate: Bool = false,
        bias: Vector? = nil
    ) {
        times?.begin(.products)
        defer { times?.end() }
        precondition(b.kernels == kernels, "panels of \(b.kernels) in a computation by \(kernels)")
        unsafe multiply(
            a, false, panels: b.buffer.pointer, depth: b.depth, columns: b.columns, into: c,
            accumulate, bias, b.precision)
    }

    private func packPanels(
        _ b: Matrix, _ transposed: Bool, depth: Int, columns: Int, _ precision: Precision,
        into panels: UnsafeMutablePointer<Float>
    ) {
        let width = unsafe table.panel_columns
        let pack = unsafe precision == .bf16 ? table.pack_bf16 : table.pack
        split((columns + width - 1) / width, grain: 1) { range in
            unsafe pack?(
                b.pointer, b.stride, transposed ? 1 : 0, depth, columns, range.lowerBound,
                range.upperBound, panels)
        }
    }

    private func multiply(
        _ a: Matrix, _ transposeA: Bool, panels: UnsafeMutablePointer<Float>, depth: Int,
        columns: Int, into c: Matrix, _ accumulate: Bool, _ bias: Vector?, _ precision: Precision,
        _ isSymmetric: Bool = false
    ) {
        let rows = transposeA ? a.columns : a.rows
        precondition(
            (transposeA ? a.rows : a.columns) == depth && c.rows == rows && c.columns == columns
                && (bias?.count ?? columns) == columns,
            "[\(rows), \(transposeA ? a.rows : a.columns)] times [\(depth), \(columns)]"
                + " into [\(c.rows), \(c.columns)]")
        let product = unsafe poe_product(
            a: a.pointer, a_row: transposeA ? 1 : a.stride, a_step: transposeA ? a.stride : 1,
            panels: panels, panel_depth: depth, panel_columns: columns, c: c.pointer,
            c_row: c.stride, bias: bias?.pointer, columns: columns, depth: depth,
            accumulate: accumulate ? 1 : 0)
        let isPacked = transposeA || precision == .bf16
        let scratch = unsafe isPacked ? jobScratch(Int(POE_PRODUCT_SCRATCH)) : nil
        let multiply = unsafe precision == .bf16 ? table.multiply_bf16 : table.multiply
        let width = unsafe table.panel_columns
        let rowGrain = unsafe precision == .bf16 ? Int(POE_BLOCK_ROWS) : table.tile_rows
        let panelCount = (columns + width - 1) / width
        unsafe withUnsafePointer(to: product) { product in
            func run(_ part: Int, _ rows: Range<Int>, _ panels: Range<Int>) {
                unsafe multiply?(
                    product, rows.lowerBound, rows.upperBound, panels.lowerBound,
                    panels.upperBound, scratch.map { unsafe $0.pointer + part * $0.distance })
            }
            if isSymmetric {
                splitHalf(rows, panels: panelCount, width: width, run)
                return
            }
            // Rows divide finely; a few rows (decoding) leave only the panels to share out.
            let byRows =
                largestShare(rows, grain: rowGrain) <= largestShare(columns, grain: width)
            guard byRows else {
                splitParts(panelCount, grain: 1, pieces: 1) { run($0, 0..<rows, $1) }
                return
            }
            splitParts(rows, grain: rowGrain) { run($0, $1, 0..<panelCount) }
        }
    }

    /// Shares out the panels from the diagonal on, for as many rows as the widest panel has columns.
    private func splitHalf(
        _ rows: Int, panels: Int, width: Int,
        _ body: (_ part: Int, _ rows: Range<Int>, _ panels: Range<Int>) -> Void
    ) {
        splitParts(rows, grain: symmetricRows) { part, range in
            for first in stride(from: range.lowerBound, to: range.upperBound, by: symmetricRows) {
                let last = min(first + symmetricRows, range.upperBound)
                body(part, first..<last, first / width..<panels)
            }
        }
    }

    /// The share of `count` that the busiest thread gets when grains are dealt out.
    private func largestShare(_ count: Int, grain: Int) -> Double {
        let grains = (count + grain - 1) / grain
        let most = (grains + threads - 1) / threads * grain
        return Double(min(most, count)) / Double(max(count, 1))
    }
}
