import PoeCore
import PoeNumerics
import Testing

/// Symbols between -128 and 127, row-major, the same for the same seed.
func randomSymbols(_ count: Int, seed: UInt64) -> [Int8] {
    let random = CounterRandom(seed: seed)
    return (0..<count).map { i in
        Int8(truncatingIfNeeded: random.bits(stream: 7, index: UInt64(i))[0])
    }
}

/// Packs `symbols` `[outputs, inputs]` with steps between 0.001 and 0.002.
func packed(
    _ symbols: [Int8], outputs: Int, inputs: Int, with kernels: IntegerKernels, rowPadding: Int = 3
) -> PackedIntegers {
    let weights = PackedIntegers(outputs: outputs, inputs: inputs)
    let stride = inputs + rowPadding
    var rows = [Int8](repeating: 99, count: max(1, outputs * stride))
    for n in 0..<outputs {
        for k in 0..<inputs { rows[n * stride + k] = symbols[n * inputs + k] }
    }
    unsafe rows.withUnsafeBufferPointer { rows in
        guard let base = rows.baseAddress else { return }
        // Panel by panel, as threads do it.
        for panel in 0..<weights.panels {
            unsafe kernels.pack(
                symbols: base, rowStride: stride, panels: panel..<panel + 1, into: weights)
        }
    }
    for n in 0..<outputs { weights.steps[n] = step(n) }
    return weights
}

/// The step of output `n` of ``packed(_:outputs:inputs:with:rowPadding:)``.
func step(_ n: Int) -> Float { 0.001 * (1 + Float(n % 7) / 7) }

/// Rows of a view as the reference has them.
func rows(of view: QuantizedRows) -> [Reference.QuantizedRow] {
    (0..<view.rows).map { r in
        Reference.QuantizedRow(
            symbols: (0..<view.columns).map { Int(view[r, $0]) }, scale: view.scale(row: r))
    }
}

/// Runs `body` with every kernel set and expects equal bits from all, and intact margins; returns
/// those of the first.
func sameOnAllSets(_ body: (IntegerKernels) -> [Table]) -> [[Float]] {
    var first: [Table] = []
    for set in KernelSet.available {
        let tables = body(IntegerKernels(set))
        if first.isEmpty { first = tables }
        for (index, (a, b)) in zip(first, tables).enumerated() {
            #expect(a.bits == b.bits, "output \(index) with \(set)")
            #expect(b.marginIsIntact, "output \(index) with \(set)")
        }
    }
    return first.map(\.floats)
}
