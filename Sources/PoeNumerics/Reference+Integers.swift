#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

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

    /// `symbol = x * (127 / max |x|)` rounded, ties to even.
    package static func quantize(_ x: [Float]) -> QuantizedRow {
        let top = x.reduce(Float(0)) { $1.isNaN ? .infinity : max($0, abs($1)) }
        guard top >= 0x1p-100 && top.isFinite else {
            return QuantizedRow(symbols: x.map { _ in 0 }, scale: 0)
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
    ///
    /// The exponential is the system's, in double precision: compare with a tolerance.
    package static func attend(
        query: [Float], keys: [[Float]], values: [[Float]], scoreScale: Float
    ) -> [Double] {
        let query = quantize(query)
        let scores = keys.map { key in
            let key = quantize(key)
            let dot = zip(query.symbols, key.symbols).reduce(0) { $0 + $1.0 * $1.1 }
            return Double((Float(dot) * (query.scale * scoreScale)) * key.scale)
        }
        let top = scores.max() ?? 0
        let exponentials = scores.map { exp($0 - top) }
        let total = exponentials.reduce(0, +)
        var out = query.symbols.map { _ in 0.0 }
        for (e, value) in zip(exponentials, values) {
            let value = quantize(value)
            let weight = e / total * Double(value.scale)
            for (d, symbol) in value.symbols.enumerated() { out[d] += weight * Double(symbol) }
        }
        return out
    }
}
