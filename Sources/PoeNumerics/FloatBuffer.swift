/// Owns `count` floats: 64-byte aligned, zero at first, freed with the object.
///
/// Views (``Matrix``, ``Vector``) do not keep it alive: whoever makes a view holds the buffer, in a
/// stored property or with `withExtendedLifetime`, as long as the view is used.
///
/// Unchecked `Sendable`: the storage is fixed, and who writes what when is the caller's agreement.
@safe
package final class FloatBuffer: @unchecked Sendable {
    /// Number of floats.
    package let count: Int
    /// The first float; `count` of them follow each other.
    package var pointer: UnsafeMutablePointer<Float> { unsafe storage }

    private let storage: UnsafeMutablePointer<Float>

    /// Allocates `count` zeros.
    package init(count: Int) {
        precondition(count >= 0, "a buffer of \(count) floats does not exist")
        self.count = count
        // Whole cache lines, so that a kernel may always address the last line it touches.
        let lines = unsafe allocateZeroLines(wholeLines(count * MemoryLayout<Float>.stride))
        unsafe storage = lines.assumingMemoryBound(to: Float.self)
    }

    deinit {
        unsafe freeLines(UnsafeMutableRawPointer(storage))
    }

    /// A row-major `rows` x `columns` view of the floats from `offset` on.
    package func matrix(at offset: Int = 0, rows: Int, columns: Int) -> Matrix {
        precondition(
            rows >= 0 && columns >= 0 && offset >= 0 && offset + rows * columns <= count,
            "[\(rows), \(columns)] at \(offset) exceeds a buffer of \(count) floats")
        return unsafe Matrix(
            pointer: storage + offset, rows: rows, columns: columns, stride: columns)
    }

    /// A view of `count` floats from `offset` on.
    package func vector(at offset: Int = 0, count: Int) -> Vector {
        precondition(
            count >= 0 && offset >= 0 && offset + count <= self.count,
            "[\(count)] at \(offset) exceeds a buffer of \(self.count) floats")
        return unsafe Vector(pointer: storage + offset, count: count)
    }
}
