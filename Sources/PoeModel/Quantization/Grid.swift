/// The uniform grid of the `compact` profile: a weight is `symbol * step`, the symbol an `Int8`.
package enum Grid {
    /// The largest symbol; -128 is not used, so that the grid is symmetric.
    package static let largestSymbol: Float = 127

    /// The step `standardDeviation / k`, or the smallest that reaches the largest value, if larger.
    ///
    /// Never below the smallest normal number, so that no division by it overflows.
    ///
    /// - Complexity: O(n); sums run in `Double` in order.
    package static func step(for values: [Float], k: Double) -> Float {
        let count = Double(max(1, values.count))
        let mean = values.reduce(0.0) { $0 + Double($1) } / count
        let variance =
            values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        return reaching(values, Float(variance.squareRoot() / k))
    }

    /// `step`, or the smallest larger one with which no value lies beyond the last symbol.
    package static func reaching(_ values: [Float], _ step: Float) -> Float {
        let largest = values.reduce(0) { max($0, $1.magnitude) }
        return max(step, largest / largestSymbol, .leastNormalMagnitude)
    }

    /// The nearest symbol of each value; halves go to the even one (IEEE 754 `roundTiesToEven`).
    ///
    /// The error of a value is at most `step / 2`, and exactly 0 for values that are on the grid.
    ///
    /// - Precondition: `step` reaches every value; see ``reaching(_:_:)``.
    package static func symbols(_ values: [Float], step: Float) -> [Int8] {
        values.map { value in
            let symbol = (value / step).rounded(.toNearestOrEven)
            precondition(
                symbol.magnitude <= largestSymbol, "\(value) is beyond the grid of \(step)")
            return Int8(symbol)
        }
    }

    /// The values that symbols stand for.
    package static func values(_ symbols: [Int8], step: Float) -> [Float] {
        symbols.map { Float($0) * step }
    }
}
