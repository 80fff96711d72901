/// A view of a row-major f32 matrix; it owns nothing.
///
/// Unchecked `Sendable`: a view is a pointer and sizes; see ``FloatBuffer``.
@safe
package struct Matrix: @unchecked Sendable {
    /// The element at row 0, column 0.
    package let pointer: UnsafeMutablePointer<Float>
    /// Number of rows.
    package let rows: Int
    /// Number of columns.
    package let columns: Int
    /// Floats from the start of a row to the start of the next.
    package let stride: Int

    /// Views memory that the caller keeps alive; rows must not overlap.
    package init(pointer: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int) {
        precondition(
            rows >= 0 && columns >= 0 && stride >= columns,
            "[\(rows), \(columns)] with stride \(stride) is no matrix")
        unsafe self.pointer = pointer
        self.rows = rows
        self.columns = columns
        self.stride = stride
    }

    /// The element at (`row`, `column`); traps outside the view.
    package subscript(row: Int, column: Int) -> Float {
        get {
            check(row, column)
            return unsafe pointer[row * stride + column]
        }
        nonmutating set {
            check(row, column)
            unsafe pointer[row * stride + column] = newValue
        }
    }

    /// The rows of `range`, all columns.
    package func rows(_ range: Range<Int>) -> Matrix {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        return unsafe Matrix(
            pointer: pointer + range.lowerBound * stride, rows: range.count, columns: columns,
            stride: stride)
    }

    /// The columns of `range`, all rows.
    package func columns(_ range: Range<Int>) -> Matrix {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of \(columns)")
        return unsafe Matrix(
            pointer: pointer + range.lowerBound, rows: rows, columns: range.count, stride: stride)
    }

    /// Row `row` as a vector.
    package func row(_ row: Int) -> Vector {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        return unsafe Vector(pointer: pointer + row * stride, count: columns)
    }

    /// All elements as a vector; the rows must follow each other without a gap.
    package var flat: Vector {
        precondition(stride == columns || rows <= 1, "a matrix with gaps between rows is not flat")
        return unsafe Vector(pointer: pointer, count: rows * columns)
    }

    /// Sets every element to `value`.
    package func fill(_ value: Float) {
        for row in 0..<rows { self.row(row).fill(value) }
    }

    private func check(_ row: Int, _ column: Int) {
        precondition(
            row >= 0 && row < rows && column >= 0 && column < columns,
            "element (\(row), \(column)) of a [\(rows), \(columns)] matrix")
    }
}

/// A view of `count` floats that follow each other; it owns nothing.
///
/// Unchecked `Sendable`: a view is a pointer and a size; see ``FloatBuffer``.
@safe
package struct Vector: @unchecked Sendable {
    /// The first element.
    package let pointer: UnsafeMutablePointer<Float>
    /// Number of elements.
    package let count: Int

    /// Views memory that the caller keeps alive.
    package init(pointer: UnsafeMutablePointer<Float>, count: Int) {
        precondition(count >= 0, "a vector of \(count) floats does not exist")
        unsafe self.pointer = pointer
        self.count = count
    }

    /// The element at `index`; traps outside the view.
    package subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "element \(index) of \(count)")
            return unsafe pointer[index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count, "element \(index) of \(count)")
            unsafe pointer[index] = newValue
        }
    }

    /// A copy of the elements.
    package var floats: [Float] {
        unsafe Array(UnsafeBufferPointer(start: pointer, count: count))
    }

    /// The elements of `range`.
    package subscript(range: Range<Int>) -> Vector {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count, "elements \(range) of \(count)")
        return unsafe Vector(pointer: pointer + range.lowerBound, count: range.count)
    }

    /// Sets every element to `value`.
    package func fill(_ value: Float) {
        unsafe pointer.update(repeating: value, count: count)
    }

    /// Overwrites the elements with as many others.
    package func set(to values: [Float]) {
        precondition(values.count == count, "\(values.count) elements into \(count)")
        for i in 0..<count { self[i] = values[i] }
    }

    /// Overwrites the elements with those of `other`, of the same count; no overlap.
    package func copy(from other: Vector) {
        precondition(other.count == count, "\(other.count) elements into \(count)")
        unsafe pointer.update(from: other.pointer, count: count)
    }
}
