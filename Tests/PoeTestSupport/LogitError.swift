/// How far logits are from the expected ones, relative to the largest magnitude of those.
package struct LogitError {
    /// The largest magnitude that is expected.
    package let scale: Double
    /// The largest difference.
    package private(set) var largest = 0.0
    /// The root of the mean of the squared differences.
    package let rootMeanSquare: Double

    /// Compares rows of equal sizes.
    package init(_ found: [[Float]], _ expected: [[Double]]) {
        precondition(found.map(\.count) == expected.map(\.count), "logits of other sizes")
        scale = expected.joined().reduce(0) { max($0, abs($1)) }
        var squares = 0.0
        for (x, y) in zip(found.joined(), expected.joined()) {
            let difference = abs(Double(x) - y)
            // A difference that is no number is larger than any.
            largest = difference.isNaN ? .infinity : max(largest, difference)
            squares += difference * difference
        }
        largest /= scale
        rootMeanSquare = (squares / Double(expected.joined().count)).squareRoot() / scale
    }
}
