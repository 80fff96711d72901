#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Reference {
    /// The sizes of one call of ``attention(_:_:dropout:)``.
    package struct AttentionShape {
        /// Windows, `B`.
        package var batch: Int
        /// Positions of a window, `T`.
        package var length: Int
        /// Heads, `H`.
        package var headCount: Int
        /// Width of a head, `D`.
        package var headDimension: Int

        /// `B` windows of `T` positions, `H` heads of width `D`.
        package init(batch: Int, length: Int, headCount: Int, headDimension: Int) {
            self.batch = batch
            self.length = length
            self.headCount = headCount
            self.headDimension = headDimension
        }

        var width: Int { headCount * headDimension }

        /// Index of q (`part` 0), k (1) or v (2) of window `b`, position `t`, head `h`, lane `d`.
        func index(_ part: Int, _ b: Int, _ t: Int, _ h: Int, _ d: Int) -> Int {
            (b * length + t) * 3 * width + part * width + h * headDimension + d
        }

        func outIndex(_ b: Int, _ t: Int, _ h: Int, _ d: Int) -> Int {
            (b * length + t) * width + h * headDimension + d
        }
    }

    /// The probabilities of query (b, h, t) over positions `0...t`, before dropout.
    private static func probabilities(
        _ qkv: [Double], _ shape: AttentionShape, _ b: Int, _ h: Int, _ t: Int
    ) -> (probabilities: [Double], logSumExp: Double) {
        let scale = 1 / Double(shape.headDimension).squareRoot()
        let scores = (0...t).map { s in
            (0..<shape.headDimension).reduce(0.0) {
                $0 + qkv[shape.index(0, b, t, h, $1)] * qkv[shape.index(1, b, s, h, $1)]
            } * scale
        }
        let largest = scores.max() ?? 0
        let sum = scores.reduce(0) { $0 + exp($1 - largest) }
        return (scores.map { exp($0 - largest) / sum }, largest + log(sum))
    }

    private static func factor(
        _ dropout: Dropout?, _ shape: AttentionShape, _ b: Int, _ h: Int, _ t: Int, _ s: Int
    ) -> Double {
        dropoutFactor(
            dropout,
            index: ((b * shape.headCount + h) * shape.length + t) * shape.length + s)
    }

    /// Causal attention:
    /// `out[t] = sum over s <= t of dropout(softmax_s(q[t] . k[s] / sqrt(D))) v[s]`.
    package static func attention(
        _ qkv: [Double], _ shape: AttentionShape, dropout: Dropout?
    ) -> (out: [Double], logSumExp: [Double]) {
        var out = [Double](repeating: 0, count: qkv.count / 3)
        var sums: [Double] = []
        for b in 0..<shape.batch {
            for h in 0..<shape.headCount {
                for t in 0..<shape.length {
                    let (p, logSumExp) = probabilities(qkv, shape, b, h, t)
                    sums.append(logSumExp)
                    for s in 0...t {
                        let weight = p[s] * factor(dropout, shape, b, h, t, s)
                        for d in 0..<shape.headDimension {
                            out[shape.outIndex(b, t, h, d)] +=
                                weight * qkv[shape.index(2, b, s, h, d)]
                        }
                    }
                }
            }
        }
        return (out, sums)
    }

    /// The gradient of ``attention(_:_:dropout:)`` with respect to qkv.
    package static func attentionBackward(
        _ dOut: [Double], _ qkv: [Double], _ shape: AttentionShape, dropout: Dropout?
    ) -> [Double] {
        let scale = 1 / Double(shape.headDimension).squareRoot()
        var dQKV = [Double](repeating: 0, count: qkv.count)
        for b in 0..<shape.batch {
            for h in 0..<shape.headCount {
                for t in 0..<shape.length {
                    let (p, _) = probabilities(qkv, shape, b, h, t)
                    var dP: [Double] = []
                    for s in 0...t {
                        let kept = factor(dropout, shape, b, h, t, s)
                        var sum = 0.0
                        for d in 0..<shape.headDimension {
                            let g = dOut[shape.outIndex(b, t, h, d)]
                            sum += g * qkv[shape.index(2, b, s, h, d)]
                            dQKV[shape.index(2, b, s, h, d)] += p[s] * kept * g
                        }
                        dP.append(sum * kept)
                    }
                    let delta = zip(p, dP).reduce(0) { $0 + $1.0 * $1.1 }
                    for s in 0...t {
                        let dScore = p[s] * (dP[s] - delta) * scale
                        for d in 0..<shape.headDimension {
                            dQKV[shape.index(0, b, t, h, d)] +=
                                dScore * qkv[shape.index(1, b, s, h, d)]
                            dQKV[shape.index(1, b, s, h, d)] +=
                                dScore * qkv[shape.index(0, b, t, h, d)]
                        }
                    }
                }
            }
        }
        return dQKV
    }
}
