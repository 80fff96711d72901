package import PoeNumerics

/// Steps of a matrix that are even by unit (Li et al., "NorMuon", 2025).
///
/// Orthogonalised momentum is as long in every direction, but not in every unit's weights. A unit is a row, what one output
/// reads, or a column where those are more: of a feed-forward block, a hidden unit both ways.
///
///     v = beta v + (1 - beta) mean(o_u^2)       for each unit u; v starts at zero
///     e_u = o_u / (sqrt(v_u) + 1e-8)
///     o = e |o| / |e|                           the whole as long as it was
///
/// `v` needs no correction for its start: it is short of the mean by one factor in all units.
package struct EvenUnits {
    /// How much of an old mean square stays, `beta`: a memory of some 20 steps.
    package static let memory: Float = 0.95

    private let compute: Compute
    private let squares: FloatBuffer

    /// Plans scratch memory for matrices of `units` units at most; `compute` has one thread.
    package init(units: Int, compute: Compute) {
        self.compute = compute
        squares = FloatBuffer(count: units)
    }

    /// Units of a matrix.
    package static func count(rows: Int, columns: Int) -> Int { max(rows, columns) }

    /// Makes `step` even, without gaps between its rows; updates `means`, its units' mean squares.
    package func apply(to step: Matrix, means: Vector) {
        let units = Self.count(rows: step.rows, columns: step.columns)
        let squares = squares.vector(count: units)
        sumSquares(of: step, into: squares)
        let across = Float(step.rows * step.columns / units)
        var (before, after) = (0.0, 0.0)
        for unit in 0..<units {
            let mean = Self.memory * means[unit] + (1 - Self.memory) * (squares[unit] / across)
            let factor = 1 / (mean.squareRoot() + 1e-8)
            means[unit] = mean
            before += Double(squares[unit])
            after += Double(squares[unit] * factor * factor)
            squares[unit] = factor
        }
        guard after > 0 else { return }  // A step of nothing is even.
        let length = Float((before / after).squareRoot())
        compute.scaleAdd(squares, alpha: length, squares, beta: 0, into: squares)
        scaleUnits(of: step, by: squares)
    }

    private func sumSquares(of step: Matrix, into squares: Vector) {
        guard step.rows < step.columns else {
            for row in 0..<step.rows { squares[row] = Float(compute.sumOfSquares(step.row(row))) }
            return
        }
        squares.fill(0)
        for row in 0..<step.rows {
            let values = step.row(row)
            for column in 0..<step.columns { squares[column] += values[column] * values[column] }
        }
    }

    private func scaleUnits(of step: Matrix, by factors: Vector) {
        for row in 0..<step.rows {
            let values = step.row(row)
            if step.rows < step.columns {
                for column in 0..<step.columns { values[column] *= factors[column] }
            } else {
                compute.scaleAdd(values, alpha: factors[row], values, beta: 0, into: values)
            }
        }
    }
}
