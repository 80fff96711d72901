import PoeCore
import PoeNumerics
import PoeTraining
import Testing

/// Steps that are even by unit: beside the twin, what the formula promises.
@Suite struct EvenUnitsTests {
    /// Rows, columns: more rows, more columns (whose units are columns), as many, one weight, and 130 units of one
    /// weight.
    private static let shapes = [(37, 5), (5, 37), (19, 19), (1, 1), (1, 130)]

    private func noise(_ rows: Int, _ columns: Int, _ buffer: FloatBuffer) -> Matrix {
        let random = CounterRandom(seed: 3)
        let matrix = buffer.matrix(rows: rows, columns: columns)
        for i in 0..<rows * columns {
            // Units of very different lengths, both ways.
            let size = Float(1 + i % columns) * Float(1 + i / columns)
            let sign = Float(random.integer(below: 2_001, stream: 0, index: UInt64(i))) / 1_000 - 1
            matrix.flat[i] = size * (sign + 0.003)
        }
        return matrix
    }

    /// The root of each unit's mean square.
    private func lengths(_ x: Matrix) -> [Float] {
        let units = (0..<max(x.rows, x.columns)).map { unit in
            x.rows < x.columns
                ? (0..<x.rows).map { x[$0, unit] } : (0..<x.columns).map { x[unit, $0] }
        }
        return units.map { ($0.map { $0 * $0 }.reduce(0, +) / Float($0.count)).squareRoot() }
    }

    @Test(arguments: shapes) func theFirstStepIsEvenAndAsLong(_ rows: Int, _ columns: Int) {
        let buffer = FloatBuffer(count: rows * columns)
        let means = FloatBuffer(count: max(rows, columns))
        let step = noise(rows, columns, buffer)
        let compute = Compute(threads: 1)
        let before = compute.sumOfSquares(step.flat)
        EvenUnits(units: 130, compute: compute).apply(
            to: step, means: means.vector(count: max(rows, columns)))
        #expect(abs(compute.sumOfSquares(step.flat) / before - 1) < 1e-5)
        let found = lengths(step)
        let usual = Float((before / Double(rows * columns)).squareRoot())
        for length in found { #expect(abs(length / usual - 1) < 1e-4) }
    }

    /// What a unit does is measured by what it usually does: one that doubles stands out.
    @Test(arguments: [(37, 5), (5, 37)]) func aUnitStandsOutAgainstItsPast(
        _ rows: Int, _ columns: Int
    ) {
        let units = max(rows, columns)
        let buffer = FloatBuffer(count: rows * columns)
        let means = FloatBuffer(count: units)
        let even = EvenUnits(units: units, compute: Compute(threads: 1))
        for _ in 0..<200 {
            even.apply(to: noise(rows, columns, buffer), means: means.vector(count: units))
        }
        let step = noise(rows, columns, buffer)
        for i in 0..<min(rows, columns) {
            if rows < columns { step[i, 2] *= 2 } else { step[2, i] *= 2 }
        }
        even.apply(to: step, means: means.vector(count: units))
        let found = lengths(step)
        // Of 4 times the square, the mean of 20 steps has a twentieth.
        let expected = (4 / (0.95 + 0.05 * 4) as Float).squareRoot()
        #expect(abs(found[2] / found[0] - expected) < 1e-3)
        #expect(abs(found[1] / found[0] - 1) < 1e-3)
    }

    /// A block that sits out has no direction; it gets none, and its past fades.
    @Test func nothingStaysNothing() {
        let buffer = FloatBuffer(count: 12)
        let means = FloatBuffer(count: 4)
        means.vector(count: 4).fill(1)
        EvenUnits(units: 4, compute: Compute(threads: 1)).apply(
            to: buffer.matrix(rows: 3, columns: 4), means: means.vector(count: 4))
        #expect((0..<12).allSatisfy { buffer.vector(count: 12)[$0] == 0 })
        #expect((0..<4).allSatisfy { means.vector(count: 4)[$0] == 0.95 })
    }
}
