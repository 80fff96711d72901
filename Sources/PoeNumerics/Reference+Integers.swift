/// int8 inference as Documentation/Kernels.md writes it: integers exact, floats in the written
/// order, so that results compare bit for bit.
extension Reference {
    /// A row of int8.
    package struct QuantizedRow: Equatable {
        /// Between -127 and 127.
        package var symbols: [Int]
        /// What a symbol stands for.
        package var scale: Float

        /// A row of the given symbols.
        package init(symbols: [Int], scale: Float) {
            self.symbols = symbols
            self.scale = scale
        }
    }

    /// `symbol = x * (127 / max |x|)` rounded, ties to even; a row that is not finite has no scale.
    package static func quantize(_ x: [Float]) -> QuantizedRow {
        let top = x.reduce(Float(0)) { $1.isNaN ? .infinity : max($0, abs($1)) }
        guard top >= 0x1p-100 && top.isFinite else {
            return QuantizedRow(symbols: x.map { _ in 0 }, scale: top.isFinite ? 0 : .nan)
        }
        let inverse = 127 / top
        return QuantizedRow(
            symbols: x.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }, scale: top / 127)
    }

    /// A row times the weights `[outputs, inputs]`, plus bias, before any epilogue.
    package static func multiply(
        _ row: QuantizedRow, symbols: [Int8], steps: [Float], bias: [Float]?
    ) -> [Float] {
        let inputs = row.symbols.count
        return steps.indices.map { output in
            let sum = row.symbols.indices.reduce(0) {
                $0 + row.symbols[$1] * Int(symbols[output * inputs + $1])
            }
            return (bias?[output] ?? 0).addingProduct(Float(sum), row.scale * steps[output])
        }
    }

    /// One head of one query over keys and values, each `[count][dimension]`.
    package static func attend(
        query: [Float], keys: [[Float]], values: [[Float]], scoreScale: Float
    ) -> [Float] {
        let query = quantize(query)
        let scores = keys.map { key in
            let key = quantize(key)
            let dot = zip(query.symbols, key.symbols).reduce(0) { $0 + $1.0 * $1.1 }
            return (Float(dot) * (query.scale * scoreScale)) * key.scale
        }
        let top = scores.reduce(-3.0e38) { max($0, $1) }
        let exponentials = scores.map { exponential($0 - top) }
        let values = values.map(quantize)
        // Weights of 14 bits, the greatest 16,383.
        let weights = zip(exponentials, values).map { $0 * $1.scale }
        guard weights.allSatisfy(\.isFinite) else { return query.symbols.map { _ in .nan } }
        let greatest = weights.reduce(0) { max($0, $1) }
        guard greatest >= 0x1p-100 else { return query.symbols.map { _ in 0 } }
        let bits = weights.map {
            Int(($0 * (16_383 / greatest)).rounded(.toNearestOrEven))
        }
        let scale = greatest / 16_383 / laneSum(exponentials)
        return query.symbols.indices.map { d in
            let high = zip(bits, values).reduce(0) { $0 + ($1.0 >> 7) * $1.1.symbols[d] }
            let low = zip(bits, values).reduce(0) { $0 + ($1.0 & 127) * $1.1.symbols[d] }
            return Float(low).addingProduct(Float(high), 128) * scale
        }
    }

    /// e^x for x between -87 and 0, and 0 below, with the bits of the kernels' `exp16`.
    package static func exponential(_ x: Float) -> Float {
        if x < -87 { return 0 }
        let shifted = Float(12_582_912).addingProduct(x, 1.44269504)
        let n = shifted - 12_582_912
        var r = x.addingProduct(n, -0.693359375)
        r = r.addingProduct(n, 2.12194440e-4)
        var p: Float = 0.001381437216397796
        for coefficient: Float in [
            0.008368667147815742, 0.04166838765578092, 0.16666521063007536, 0.4999999346511472,
        ] {
            p = coefficient.addingProduct(p, r)
        }
        p = r.addingProduct(p * r, r) + 1
        // 2^n through the exponent's bits.
        return Float(bitPattern: p.bitPattern &+ (shifted.bitPattern &<< 23))
    }

    /// The sum in lane order: element `j` in lane `j % 16`, then the lanes in a tree.
    package static func laneSum(_ x: [Float]) -> Float {
        var lanes = [Float](repeating: 0, count: 16)
        for (j, value) in x.enumerated() { lanes[j % 16] += value }
        for half in [8, 4, 2, 1] {
            for i in 0..<half { lanes[i] += lanes[i + half] }
        }
        return lanes[0]
    }
}
