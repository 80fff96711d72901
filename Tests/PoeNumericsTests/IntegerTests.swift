import PoeCore
import PoeNumerics
import Testing

@Suite struct IntegerTests {
    @Test(arguments: [1, 3, 4, 15, 16, 17, 64, 70, 256]) func rowsQuantizeAsWritten(columns: Int) {
        let x = Table(5, columns, seed: 1)
        for c in 0..<columns { x.matrix[1, c] = 0 }
        for c in 0..<columns { x.matrix[2, c] *= 1e37 }
        for c in 0..<columns { x.matrix[3, c] = [127, 0.5, 1.5, -2.5, -127][c % 5] }
        for c in 0..<columns { x.matrix[4, c] *= 1e-38 }
        for set in KernelSet.available {
            let buffer = QuantizedBuffer(rows: 7, columns: 300)
            let view = buffer.view(rows: 5, columns: columns)
            IntegerKernels(set).quantize(x.matrix, into: view)
            let found = rows(of: view)
            for r in 0..<5 {
                let row = (0..<columns).map { x.matrix[r, $0] }
                #expect(found[r] == Reference.quantize(row), "row \(r) with \(set)")
                #expect(view.sum(row: r) == 128 * found[r].symbols.reduce(0, +))
            }
            withExtendedLifetime(buffer) {}
        }
    }

    @Test(arguments: [Float.infinity, -.infinity, .nan]) func rowsThatAreNotFiniteHaveNoScale(
        value: Float
    ) {
        let x = Table(1, 40, seed: 1)
        for position in [0, 17, 39] {
            let old = x.matrix[0, position]
            x.matrix[0, position] = value
            for set in KernelSet.available {
                let buffer = QuantizedBuffer(rows: 1, columns: 40)
                let view = buffer.view(rows: 1, columns: 40)
                IntegerKernels(set).quantize(x.matrix, into: view)
                #expect(rows(of: view)[0].symbols.allSatisfy { $0 == 0 })
                #expect(view.scale(row: 0).isNaN && view.sum(row: 0) == 0)
                withExtendedLifetime(buffer) {}
            }
            x.matrix[0, position] = old
        }
    }

    @Test(arguments: [1, 16, 37, 256]) func normalizingIsLayerNormThenQuantize(columns: Int) {
        let count = 11
        let x = Table(count, columns, seed: 1)
        for c in 0..<columns { x.matrix[5, c] = 2 }
        // So far from the zeros that are read behind the last column that the distance overflows.
        if columns == 37 { x.matrix.rows(0..<4).fill(0x1p122) }
        let gain = Table(1, columns, seed: 2)
        let bias = Table(1, columns, seed: 3)
        for set in KernelSet.available {
            for bias in [bias.vector, nil] {
                let normal = Table(count, columns, seed: 4)
                let statistics = (Table(1, count, seed: 5), Table(1, count, seed: 6))
                Compute(threads: 1, kernels: set).layerNorm(
                    x.matrix, gain: gain.vector, bias: bias, epsilon: 1e-5, into: normal.matrix,
                    mean: statistics.0.vector, inverseDeviation: statistics.1.vector)
                let buffers = (0..<2).map { _ in QuantizedBuffer(rows: count, columns: columns) }
                let views = buffers.map { $0.view(rows: count, columns: columns) }
                let kernels = IntegerKernels(set)
                kernels.quantize(normal.matrix, into: views[0])
                let scratch = Table(1, columns, seed: 7)
                kernels.normalize(
                    x.matrix, gain: gain.vector, bias: bias, epsilon: 1e-5, into: views[1],
                    scratch: scratch.vector)
                #expect(rows(of: views[0]) == rows(of: views[1]))
                #expect((0..<count).allSatisfy { views[0].sum(row: $0) == views[1].sum(row: $0) })
                #expect(scratch.marginIsIntact)
                withExtendedLifetime(buffers) {}
            }
        }
    }

    /// Rows, inputs, outputs.
    static let shapes: [(Int, Int, Int)] =
        (1...13).map { ($0, 1 + $0 * 37 % 131, 1 + $0 * 53 % 199) }
        + [(1, 256, 768), (1, 64, 146), (6, 1_024, 256), (7, 130, 65), (25, 4, 64), (2, 5, 1)]

    @Test(arguments: shapes) func productsMatchTheWrittenOrder(m: Int, k: Int, n: Int) {
        let x = Table(m, k, seed: 1)
        let bias = Table(1, n, seed: 2)
        let symbols = randomSymbols(n * k, seed: 3)
        let steps = (0..<n).map(step)
        let quantized = (0..<m).map { r in
            Reference.quantize((0..<k).map { x.matrix[r, $0] })
        }
        let expected = [bias.floats, nil].map { bias in
            quantized.flatMap {
                Reference.multiply($0, symbols: symbols, steps: steps, bias: bias)
            }
        }
        let found = sameOnAllSets { kernels in
            let weights = packed(symbols, outputs: n, inputs: k, with: kernels)
            let buffer = QuantizedBuffer(rows: m, columns: k)
            let a = buffer.view(rows: m, columns: k)
            kernels.quantize(x.matrix, into: a)
            let cases: [(Vector?, Epilogue)] = [
                (bias.vector, .store), (nil, .store), (bias.vector, .add), (nil, .add),
                (bias.vector, .activate(.gelu)), (bias.vector, .activate(.geluTanh)),
            ]
            let whole = cases.map { bias, epilogue in
                let c = Table(m, n, seed: 4)
                kernels.multiply(
                    a, weights, panels: 0..<weights.panels, bias: bias, into: c.matrix, epilogue)
                return c
            }
            // Row by row and panel by panel the same.
            for (index, (bias, epilogue)) in cases.enumerated() {
                let c = Table(m, n, seed: 4)
                for panel in (0..<weights.panels).reversed() {
                    for row in 0..<m {
                        kernels.multiply(
                            a.rows(row..<row + 1), weights, panels: panel..<panel + 1, bias: bias,
                            into: c.matrix.rows(row..<row + 1), epilogue)
                    }
                }
                #expect(c.bits == whole[index].bits && c.marginIsIntact)
            }
            withExtendedLifetime(buffer) {}
            return whole
        }
        let old = Table(m, n, seed: 4).floats
        #expect(found[0] == expected[0])
        #expect(found[1] == expected[1])
        #expect(found[2] == zip(old, expected[0]).map { $0 + $1 })
        #expect(found[3] == zip(old, expected[1]).map { $0 + $1 })
        let plain = Table(m, n, seed: 4)
        for r in 0..<m { for c in 0..<n { plain.matrix[r, c] = expected[0][r * n + c] } }
        for (index, kind) in [Activation.gelu, .geluTanh].enumerated() {
            let out = Table(m, n, seed: 5)
            Compute(threads: 1).activate(plain.matrix, kind, into: out.matrix)
            #expect(found[4 + index] == out.floats)
        }
    }

    /// Every product at its greatest: an instruction that saturates would show.
    @Test(arguments: [Int8(127), -128]) func extremesAreExact(symbol: Int8) {
        let (k, n) = (1_001, 80)
        for sign in [Float(1), -1] {
            let x = Table(2, k, seed: 1)
            x.matrix.fill(sign * 127)
            _ = sameOnAllSets { kernels in
                let weights = packed(
                    [Int8](repeating: symbol, count: n * k), outputs: n, inputs: k, with: kernels)
                weights.steps.fill(1)
                let buffer = QuantizedBuffer(rows: 2, columns: k)
                let a = buffer.view(rows: 2, columns: k)
                kernels.quantize(x.matrix, into: a)
                let c = Table(2, n, seed: 2)
                kernels.multiply(
                    a, weights, panels: 0..<weights.panels, bias: nil, into: c.matrix, .store)
                withExtendedLifetime(buffer) {}
                let exact = Float(k * 127 * Int(symbol) * Int(sign))
                #expect(c.floats.allSatisfy { $0 == exact })
                return [c]
            }
        }
    }

    @Test(arguments: [(1, 1), (5, 64), (70, 146), (256, 130)])
    func unpackingGivesTheWeights(k: Int, n: Int) {
        let symbols = randomSymbols(n * k, seed: 1)
        let added = Table(1, k, seed: 2)
        _ = sameOnAllSets { kernels in
            let weights = packed(symbols, outputs: n, inputs: k, with: kernels)
            return [0, n / 2, n - 1].map { output in
                let out = Table(1, k, seed: 3)
                kernels.unpack(output: output, of: weights, adding: added.vector, into: out.vector)
                let expected = (0..<k).map {
                    Float(symbols[output * k + $0]) * step(output) + added.floats[$0]
                }
                #expect(out.floats == expected)
                return out
            }
        }
    }

    @Test func freshWeightsAreZero() {
        let weights = PackedIntegers(outputs: 70, inputs: 9)
        let zeros = Table(1, 9, seed: 1)
        zeros.matrix.fill(0)
        let out = Table(1, 9, seed: 2)
        IntegerKernels(.scalar).unpack(
            output: 69, of: weights, adding: zeros.vector, into: out.vector)
        #expect(out.floats.allSatisfy { $0 == 0 })
        #expect(weights.steps.count == 80 && weights.steps[69] == 1 && weights.panels == 2)
        #expect(weights.byteCount == 80 * 12)
    }
}
