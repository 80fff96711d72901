extension Matrix {
    /// All elements as a vector; the rows must follow each other without a gap.
    package var flat: Vector {
        precondition(stride == columns || rows <= 1, "a matrix with gaps between rows is not flat")
        return unsafe Vector(pointer: pointer, count: rows * columns)
    }

    /// Overwrites the elements with those of `other`, of the same shape; no overlap.
    package func copy(from other: Matrix) {
        precondition(
            other.rows == rows && other.columns == columns,
            "[\(other.rows), \(other.columns)] into [\(rows), \(columns)]")
        for row in 0..<rows { self.row(row).copy(from: other.row(row)) }
    }
}
