package import PoeCore
import PoeNumerics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The whole model on one page: plain loops over arrays, nothing fast.
///
/// Read this to see what a decoder-only transformer computes; everything fast in this package is
/// held against it by tests. Shapes: `T` tokens, `C` model dimension, `H` heads, `D = C / H`, `F`
/// feed-forward dimension, `V` vocabulary. Sums run in `Double`, so that the reference is more exact
/// than what it judges.
package struct ReferenceModel {
    /// One row of numbers for each token.
    package typealias Rows = [[Double]]

    private let weights: ModelWeights
    private var configuration: ModelConfiguration { weights.configuration }

    /// Makes the reference of the model with these weights.
    package init(_ weights: ModelWeights) {
        self.weights = weights
    }

    /// For each token the scores, before softmax, of every token that may follow it: `[T, V]`.
    ///
    /// Row `t` depends on tokens `0 ... t` only. There are at most `contextLength` tokens, each below
    /// `vocabularySize`.
    package func logits(_ tokens: [TokenID]) -> Rows {
        let layout = weights.layout
        var x = embed(tokens)
        for block in layout.blocks {
            // Each half of a block reads a normalised copy of the residual stream `x` and adds to it.
            let read = layerNorm(x, block.attentionNormGain, block.attentionNormBias)
            let qkv = linear(read, block.qkvWeight, block.qkvBias)
            let attended = attention(qkv)
            x = add(x, linear(attended, block.attentionOutputWeight, block.attentionOutputBias))

            let normed = layerNorm(x, block.feedForwardNormGain, block.feedForwardNormBias)
            let hidden = linear(normed, block.upWeight, block.upBias).map { $0.map(activation) }
            x = add(x, linear(hidden, block.downWeight, block.downBias))
        }
        let last = layerNorm(x, layout.finalNormGain, layout.finalNormBias)
        return linear(last, layout.headWeight, nil)
    }

    /// `x[t] = tokenEmbedding[tokens[t]] + positionEmbedding[t]`: `[T, C]`.
    private func embed(_ tokens: [TokenID]) -> Rows {
        let tokenTable = matrix(weights.layout.tokenEmbedding)
        let positionTable = matrix(weights.layout.positionEmbedding)
        return tokens.indices.map { t in
            zip(tokenTable[Int(tokens[t])], positionTable[t]).map { $0 + $1 }
        }
    }

    /// Each row with mean 0 and variance 1, then scaled and shifted: `[T, C]` to `[T, C]`.
    ///
    ///     y[c] = (x[c] - mean(x)) / sqrt(variance(x) + epsilon) * gain[c] + bias[c]
    private func layerNorm(_ x: Rows, _ gain: Parameter, _ bias: Parameter?) -> Rows {
        let gain = vector(gain)
        let bias = bias.map { vector($0) }
        return x.map { row in
            let mean = row.reduce(0, +) / Double(row.count)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
            let scale = 1 / (variance + Double(configuration.normEpsilon)).squareRoot()
            return row.indices.map { c in
                (row[c] - mean) * scale * gain[c] + (bias?[c] ?? 0)
            }
        }
    }

    /// `y = x W^T + b`, with `W` stored as `[outputs, inputs]`.
    private func linear(_ x: Rows, _ weight: Parameter, _ bias: Parameter?) -> Rows {
        let weight = matrix(weight)
        let bias = bias.map { vector($0) }
        return x.map { row in
            weight.indices.map { output in
                var sum = bias?[output] ?? 0
                for input in row.indices {
                    sum += row[input] * weight[output][input]
                }
                return sum
            }
        }
    }

    /// Causal attention of `H` heads: `[T, 3C]` (queries, keys, values) to `[T, C]`.
    ///
    ///     out[t] = sum over s <= t of softmax_s(q[t] . k[s] / sqrt(D)) * v[s], for each head
    private func attention(_ qkv: Rows) -> Rows {
        let c = configuration.modelDimension
        let d = configuration.headDimension
        var out = Rows(repeating: [Double](repeating: 0, count: c), count: qkv.count)
        for head in 0..<configuration.headCount {
            let query = head * d
            let key = c + query
            let value = 2 * c + query
            for t in qkv.indices {
                let scores = (0...t).map { s in
                    (0..<d).reduce(0) { $0 + qkv[t][query + $1] * qkv[s][key + $1] }
                        / Double(d).squareRoot()
                }
                let probabilities = softmax(scores)
                for s in 0...t {
                    for i in 0..<d {
                        out[t][query + i] += probabilities[s] * qkv[s][value + i]
                    }
                }
            }
        }
        return out
    }

    /// Positive numbers that sum to 1: `exp(x[i]) / sum of exp(x)`.
    private func softmax(_ x: [Double]) -> [Double] {
        let largest = x.max() ?? 0  // subtracted, so that no exponential overflows
        let exponentials = x.map { exp($0 - largest) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    /// The feed-forward's non-linearity: a smooth version of `max(0, x)`.
    private func activation(_ x: Double) -> Double {
        switch configuration.activation {
        case .gelu:
            0.5 * x * (1 + erf(x / 2.0.squareRoot()))
        case .geluTanh:
            0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        }
    }

    private func add(_ x: Rows, _ y: Rows) -> Rows {
        zip(x, y).map { zip($0, $1).map { $0 + $1 } }
    }

    private func matrix(_ parameter: Parameter) -> Rows {
        let view = weights.matrix(parameter)
        return (0..<view.rows).map { r in (0..<view.columns).map { Double(view[r, $0]) } }
    }

    private func vector(_ parameter: Parameter) -> [Double] {
        weights.floats(parameter).map(Double.init)
    }
}
