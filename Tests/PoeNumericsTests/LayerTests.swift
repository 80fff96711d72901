import PoeCore
import PoeNumerics
import Testing

@Suite struct LayerTests {
    static let widths = Array(1...70) + [146, 256, 512, 1027]

    @Test(arguments: widths) func layerNorm(columns: Int) {
        let rows = 1 + columns % 11
        let x = Table(rows, columns, seed: 1)
        let dOut = Table(rows, columns, seed: 2)
        let gain = Table(1, columns, seed: 3)
        let bias = Table(1, columns, seed: 4)
        let before = (Table(rows, columns, seed: 5), Table(1, columns, seed: 6))
        let found = sameOnAll { compute in
            let out = Table(rows, columns, seed: 7)
            let mean = Table(1, rows, seed: 8)
            let inverse = Table(1, rows, seed: 9)
            let dX = Table(rows, columns, seed: 5)
            let dGain = Table(1, columns, seed: 6)
            let dBias = Table(1, columns, seed: 6)
            compute.layerNorm(
                x.matrix, gain: gain.vector, bias: bias.vector, epsilon: 1e-5, into: out.matrix,
                mean: mean.vector, inverseDeviation: inverse.vector)
            compute.layerNormBackward(
                dOut.matrix, x: x.matrix, mean: mean.vector, inverseDeviation: inverse.vector,
                gain: gain.vector, accumulate: dX.matrix, dGain: dGain.vector, dBias: dBias.vector)
            return [out, dX, dGain, dBias]
        }
        let out = Reference.layerNorm(
            x.doubles, columns: columns, gain: gain.doubles, bias: bias.doubles, epsilon: 1e-5)
        let back = Reference.layerNormBackward(
            dOut.doubles, x: x.doubles, columns: columns, gain: gain.doubles, epsilon: 1e-5)
        func added(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }
        #expect(relativeError(found[0], out.out) < 2e-6)
        // One column has no deviation: its gradient is a difference of equal numbers times 300.
        let tolerance = columns < 3 ? 1e-3 : 1e-5
        #expect(relativeError(found[1], added(before.0.doubles, back.dX)) < tolerance)
        #expect(relativeError(found[2], added(before.1.doubles, back.dGain)) < 1e-5)
        #expect(relativeError(found[3], added(before.1.doubles, back.dBias)) < 1e-5)
    }

    /// So far from the zeros that are read behind the last column that the distance overflows.
    @Test(arguments: [17, 33]) func layerNormFarFromZero(columns: Int) {
        let x = Table(2, columns, seed: 1)
        x.matrix.fill(0x1p122)
        let dOut = Table(2, columns, seed: 2)
        let gain = Table(1, columns, seed: 3)
        let found = sameOnAll { compute in
            let out = Table(2, columns, seed: 4)
            let mean = Table(1, 2, seed: 5)
            let inverse = Table(1, 2, seed: 6)
            let dX = Table(2, columns, seed: 7)
            let dGain = Table(1, columns, seed: 8)
            dX.matrix.fill(0)
            compute.layerNorm(
                x.matrix, gain: gain.vector, bias: nil, epsilon: 1e-5, into: out.matrix,
                mean: mean.vector, inverseDeviation: inverse.vector)
            compute.layerNormBackward(
                dOut.matrix, x: x.matrix, mean: mean.vector, inverseDeviation: inverse.vector,
                gain: gain.vector, accumulate: dX.matrix, dGain: dGain.vector, dBias: nil)
            return [out, dX]
        }
        let back = Reference.layerNormBackward(
            dOut.doubles, x: x.doubles, columns: columns, gain: gain.doubles, epsilon: 1e-5)
        #expect(found[0].allSatisfy { $0 == 0 })
        #expect(relativeError(found[1], back.dX) < 1e-5)
    }

    @Test(arguments: Activation.allCases, [1, 5, 16, 33, 70])
    func activation(kind: Activation, columns: Int) {
        let x = Table(5, columns, seed: 1, spread: 3)
        let dOut = Table(5, columns, seed: 2)
        let found = sameOnAll { compute in
            let out = Table(5, columns, seed: 3)
            let dX = Table(5, columns, seed: 4)
            compute.activate(x.matrix, kind, into: out.matrix)
            compute.activateBackward(dOut.matrix, x: x.matrix, kind, into: dX.matrix)
            return [out, dX]
        }
        let expected = x.doubles.map { Reference.activate($0, kind) }
        #expect(relativeError(found[0], expected.map(\.value)) < 5e-7)
        let slopes = zip(expected, dOut.doubles).map { $0.slope * $1 }
        #expect(relativeError(found[1], slopes) < 1e-6)
    }

    @Test(arguments: [1, 2, 15, 16, 17, 65, 146, 512])
    func crossEntropy(columns: Int) {
        let rows = 9
        let logits = Table(rows, columns, seed: 1, spread: 4)
        let targets = (0..<rows).map { TokenID($0 * 31 % columns) }
        let found = sameOnAll { compute in
            let gradient = Table(rows, columns, seed: 1, spread: 4)
            let losses = Table(1, rows, seed: 2)
            compute.softmaxCrossEntropy(
                gradient.matrix, targets: targets, losses: losses.vector, gradientScale: nil)
            #expect(gradient.bits == logits.bits)
            let first = losses.floats
            compute.softmaxCrossEntropy(
                gradient.matrix, targets: targets, losses: losses.vector, gradientScale: 0.5)
            #expect(losses.floats == first)
            return [losses, gradient]
        }
        let (losses, gradient) = Reference.softmaxCrossEntropy(
            logits.doubles, columns: columns, targets: targets)
        #expect(relativeError(found[0], losses) < 1e-6)
        #expect(relativeError(found[1], gradient.map { $0 / 2 }) < 1e-6)
    }

    @Test(arguments: [1, 16, 33, 256]) func dropoutAndResidual(columns: Int) {
        let rows = 13
        let dropout = Dropout(rate: 0.15, key: 77)
        let x = Table(rows, columns, seed: 1)
        let old = Table(rows, columns, seed: 2)
        let found = sameOnAll { compute in
            let dropped = Table(rows, columns, seed: 3)
            let residual = Table(rows, columns, seed: 2)
            let plain = Table(rows, columns, seed: 4)
            compute.dropout(x.matrix, dropout, into: dropped.matrix)
            compute.addResidual(
                x.matrix, to: residual.matrix, dropout: dropout, into: residual.matrix)
            compute.addResidual(
                x.matrix, to: old.matrix, dropout: nil,
                into: plain.matrix)
            return [dropped, residual, plain]
        }
        let kept = x.doubles.indices.map {
            x.doubles[$0] * Reference.dropoutFactor(dropout, index: $0)
        }
        #expect(relativeError(found[0], kept) < 1e-6)
        #expect(relativeError(found[1], zip(old.doubles, kept).map { $0 + $1 }) < 1e-6)
        #expect(relativeError(found[2], zip(old.doubles, x.doubles).map { $0 + $1 }) < 1e-6)
    }

    @Test(arguments: [1, 16, 70, 300]) func columnSums(columns: Int) {
        let x = Table(37, columns, seed: 1)
        let old = Table(1, columns, seed: 2).doubles
        let found = sameOnAll { compute in
            let sums = Table(1, columns, seed: 2)
            compute.accumulateColumnSums(x.matrix, into: sums.vector)
            return [sums]
        }
        let all = x.doubles
        let expected = (0..<columns).map { c in
            (0..<37).reduce(old[c]) { $0 + all[$1 * columns + c] }
        }
        #expect(relativeError(found[0], expected) < 2e-6)
    }

    @Test(arguments: [1, 17, 64]) func embedding(columns: Int) {
        let tokens: [TokenID] = [3, 0, 3, 2, 1, 3, 0, 0, 2]
        let table = Table(4, columns, seed: 1)
        let positions = Table(6, columns, seed: 2)
        let dOut = Table(tokens.count, columns, seed: 3)
        let found = sameOnAll { compute in
            let out = Table(tokens.count, columns, seed: 4)
            let dTable = Table(4, columns, seed: 1)
            let dPositions = Table(6, columns, seed: 2)
            compute.embed(
                tokens, tokenTable: table.matrix, positionTable: positions.matrix,
                contextLength: 4, into: out.matrix)
            compute.embedBackward(
                dOut.matrix, tokens, contextLength: 4, dTokenTable: dTable.matrix,
                dPositionTable: dPositions.matrix)
            return [out, dTable, dPositions]
        }
        var expected = (out: dOut.floats, table: table.floats, positions: positions.floats)
        for (i, token) in tokens.enumerated() {
            for c in 0..<columns {
                let (t, p) = (Int(token) * columns + c, i % 4 * columns + c)
                expected.out[i * columns + c] = table.floats[t] + positions.floats[p]
                expected.table[t] += dOut.floats[i * columns + c]
                expected.positions[p] += dOut.floats[i * columns + c]
            }
        }
        #expect(found == [expected.out, expected.table, expected.positions])
    }

    @Test(arguments: [1, 15, 16, 100, 9_000]) func optimizer(count: Int) {
        let settings = AdamWSettings(
            learningRate: 0.01, beta1: 0.9, beta2: 0.95, weightDecay: 0.1, step: 3,
            gradientScale: 0.7)
        let gradient = Table(1, count, seed: 1)
        func start() -> (Table, Table, Table) {
            let second = Table(1, count, seed: 4)
            for i in 0..<count { second.matrix[0, i] *= second.matrix[0, i] }
            return (Table(1, count, seed: 2), Table(1, count, seed: 3), second)
        }
        var squareBits: Set<UInt64> = []
        let found = sameOnAll { compute in
            let (weights, first, second) = start()
            compute.adamW(
                weights.vector, gradient: gradient.vector, firstMoment: first.vector,
                secondMoment: second.vector, settings)
            let sum = Table(1, count, seed: 5)
            compute.scaleAdd(
                gradient.vector, alpha: 0.5, weights.vector, beta: -2, into: sum.vector)
            let squares = compute.sumOfSquares(gradient.vector)
            let exact = gradient.doubles.reduce(0) { $0 + $1 * $1 }
            #expect(abs(squares - exact) <= 1e-13 * exact)
            squareBits.insert(squares.bitPattern)
            return [weights, first, second, sum]
        }
        #expect(squareBits.count == 1)
        let (w, m, v) = start()
        var expected = (w.doubles, m.doubles, v.doubles)
        Reference.adamW(
            &expected.0, gradient: gradient.doubles, firstMoment: &expected.1,
            secondMoment: &expected.2, settings)
        #expect(relativeError(found[0], expected.0) < 1e-6)
        #expect(relativeError(found[1], expected.1) < 1e-6)
        #expect(relativeError(found[2], expected.2) < 1e-6)
        let sum = zip(gradient.doubles, expected.0).map { 0.5 * $0 - 2 * $1 }
        #expect(relativeError(found[3], sum) < 1e-6)
    }
}
