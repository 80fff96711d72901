package import PoeNumerics

/// Steps of a matrix that are even by unit (Li et al., "NorMuon", 2025).
///
/// Orthogonalised momentum is as long in every direction, but not in every unit's weights. A unit is a row, what
/// one output reads, or a column where those are more: of a feed-forward block, where it is the wider side, a
/// hidden unit both ways.
///
///     v = beta v + (1 - beta) mean(o_u^2)       for each unit u; v starts at zero
///     e_u = o_u / (sqrt(v_u) + 1e-8)
///     o = e |o| / |e|                           the whole as long as it was
///
/// `v` needs no correction for its start: it is short of the mean by one factor in all units.
package struct EvenUnits {
    /// How much of an old mean square stays, `beta`: a memory of some 20 steps.
    private static let memory: Float = 0.95

    private let compute: Compute
    /// A number for each unit: at first its sum of squares, then what it is multiplied by.
    private let perUnit: FloatBuffer

    /// Plans scratch memory for matrices of `units` units at most; `compute` has one thread.
    package init(units: Int, compute: Compute) {
        self.compute = compute
        perUnit = FloatBuffer(count: units)
    }

    /// Units of a matrix.
    static func count(rows: Int, columns: Int) -> Int { max(rows, columns) }

    /// Makes `step` even; updates the first of `means`, its units' mean squares.
    package func apply(to step: Matrix, means: Vector) {
        let units = Self.count(rows: step.rows, columns: step.columns)
        let squares = perUnit.vector(count: units)
        sumSquares(of: step, into: squares)
        let across = Float(step.rows * step.columns / units)
        var (before, after) = (0.0, 0.0)
        let factors = squares  // They take the squares' place.
        for unit in 0..<units {
            let square = squares[unit]
            let mean = Self.memory * means[unit] + (1 - Self.memory) * (square / across)
            let factor = 1 / (mean.squareRoot() + 1e-8)
            means[unit] = mean
            before += Double(square)
            after += Double(square * factor * factor)
            factors[unit] = factor
        }
        guard after > 0 else { return }  // A step of nothing is even.
        let length = Float((before / after).squareRoot())
        compute.scaleAdd(factors, alpha: length, factors, beta: 0, into: factors)
        scaleUnits(of: step, by: factors)
    }

    private static func unitsAreColumns(_ step: Matrix) -> Bool { step.rows < step.columns }

    private func sumSquares(of step: Matrix, into squares: Vector) {
        guard Self.unitsAreColumns(step) else {
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
            if Self.unitsAreColumns(step) {
                for column in 0..<step.columns { values[column] *= factors[column] }
            } else {
                compute.scaleAdd(values, alpha: factors[row], values, beta: 0, into: values)
            }
        }
    }
}
