import CPoeKernels

/// Room for rows of int8, each with a scale and a sum; owns its memory, 64-byte aligned.
///
/// Views do not keep it alive, as with ``FloatBuffer``. Unchecked `Sendable` for the same reason.
@safe
package final class QuantizedBuffer: @unchecked Sendable {
    /// Most rows of a view.
    package let rows: Int
    /// Most columns of a view.
    package let columns: Int

    private let symbols: UnsafeMutableRawPointer
    private let scales: UnsafeMutablePointer<Float>
    private let sums: UnsafeMutablePointer<Int32>

    /// Allocates `rows` rows of `columns` zeros.
    package init(rows: Int, columns: Int) {
        precondition(rows >= 0 && columns >= 0, "[\(rows), \(columns)] is no matrix")
        self.rows = rows
        self.columns = columns
        unsafe symbols = allocateZeroLines(max(1, rows) * wholeLines(max(1, columns)))
        let room = wholeLines(4 * max(1, rows))
        unsafe scales = allocateZeroLines(room).assumingMemoryBound(to: Float.self)
        unsafe sums = allocateZeroLines(room).assumingMemoryBound(to: Int32.self)
    }

    deinit {
        unsafe freeLines(symbols)
        unsafe freeLines(UnsafeMutableRawPointer(scales))
        unsafe freeLines(UnsafeMutableRawPointer(sums))
    }

    /// A view of the first `rows` rows as rows of `columns`; all views share the memory.
    package func view(rows: Int, columns: Int) -> QuantizedRows {
        precondition(
            rows >= 0 && rows <= self.rows && columns >= 0 && columns <= self.columns,
            "[\(rows), \(columns)] of int8 exceeds room for [\(self.rows), \(self.columns)]")
        return unsafe QuantizedRows(
            rows: rows, columns: columns, stride: wholeLines(columns),
            symbols: symbols.assumingMemoryBound(to: Int8.self), scales: scales, sums: sums)
    }
}

/// A view of rows of int8: element `(r, c)` stands for `symbol[r, c] * scale[r]`; it owns nothing.
///
/// Rows start at multiples of 64 bytes, with zeros up to the next row. Unchecked `Sendable`: a view
/// is pointers and sizes.
@safe
package struct QuantizedRows: @unchecked Sendable {
    /// Number of rows.
    package let rows: Int
    /// Number of columns.
    package let columns: Int
    /// Bytes from the start of a row to the start of the next, a multiple of 64.
    package let stride: Int
    let symbols: UnsafeMutablePointer<Int8>
    let scales: UnsafeMutablePointer<Float>
    let sums: UnsafeMutablePointer<Int32>

    /// The rows of `range`, all columns.
    package func rows(_ range: Range<Int>) -> QuantizedRows {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        let first = range.lowerBound
        return unsafe QuantizedRows(
            rows: range.count, columns: columns, stride: stride, symbols: symbols + first * stride,
            scales: scales + first, sums: sums + first)
    }

    /// The symbol at (`row`, `column`), between -127 and 127; traps outside the view.
    package subscript(row: Int, column: Int) -> Int8 {
        precondition(
            row >= 0 && row < rows && column >= 0 && column < columns,
            "element (\(row), \(column)) of [\(rows), \(columns)]")
        return unsafe symbols[row * stride + column]
    }

    /// What a symbol of `row` stands for.
    package func scale(row: Int) -> Float {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        return unsafe scales[row]
    }

    /// 128 times the sum of the symbols of `row`.
    package func sum(row: Int) -> Int {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        return unsafe Int(sums[row])
    }
}
