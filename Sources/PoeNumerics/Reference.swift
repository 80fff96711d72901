package import PoeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Every operation of ``Compute`` as its equation reads, in double precision.
///
/// Plain loops over row-major arrays, values in and values out. Slow, for reading and for tests;
/// nothing else calls it.
package enum Reference {
    /// `out[r, c] = (x[r, c] - mean[r]) * inverseDeviation[r] * gain[c] + bias[c]`, where
    /// `inverseDeviation = 1 / sqrt(variance + epsilon)` and the variance divides by the count.
    package static func layerNorm(
        _ x: [Double], columns: Int, gain: [Double], bias: [Double]?, epsilon: Double
    ) -> (out: [Double], mean: [Double], inverseDeviation: [Double]) {
        let rows = x.count / columns
        var out = x
        var means: [Double] = []
        var inverses: [Double] = []
        for r in 0..<rows {
            let row = x[r * columns..<(r + 1) * columns]
            let mean = row.reduce(0, +) / Double(columns)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
            let inverse = 1 / (variance + epsilon).squareRoot()
            for c in 0..<columns {
                out[r * columns + c] =
                    (x[r * columns + c] - mean) * inverse * gain[c] + (bias?[c] ?? 0)
            }
            means.append(mean)
            inverses.append(inverse)
        }
        return (out, means, inverses)
    }

    /// The gradients of ``layerNorm(_:columns:gain:bias:epsilon:)``.
    ///
    /// With `n = (x - mean) * inverse` and `g = dOut * gain`:
    /// `dX = inverse * (g - mean(g) - n * mean(g n))`.
    package static func layerNormBackward(
        _ dOut: [Double], x: [Double], columns: Int, gain: [Double], epsilon: Double
    ) -> (dX: [Double], dGain: [Double], dBias: [Double]) {
        let (_, mean, inverse) = layerNorm(
            x, columns: columns, gain: gain, bias: nil, epsilon: epsilon)
        var dX = [Double](repeating: 0, count: x.count)
        var dGain = [Double](repeating: 0, count: columns)
        var dBias = dGain
        for r in 0..<x.count / columns {
            var meanG = 0.0
            var meanGN = 0.0
            for c in 0..<columns {
                let i = r * columns + c
                let n = (x[i] - mean[r]) * inverse[r]
                meanG += dOut[i] * gain[c] / Double(columns)
                meanGN += dOut[i] * gain[c] * n / Double(columns)
                dGain[c] += dOut[i] * n
                dBias[c] += dOut[i]
            }
            for c in 0..<columns {
                let i = r * columns + c
                let n = (x[i] - mean[r]) * inverse[r]
                dX[i] = inverse[r] * (dOut[i] * gain[c] - meanG - n * meanGN)
            }
        }
        return (dX, dGain, dBias)
    }

    /// The activation and its derivative at `x`; the equations stand at ``Activation``.
    package static func activate(_ x: Double, _ kind: Activation) -> (value: Double, slope: Double)
    {
        switch kind {
        case .gelu:
            let phi = 0.5 * erfc(-x / 2.0.squareRoot())
            return (x * phi, phi + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot())
        case .geluTanh:
            let a = (2 / Double.pi).squareRoot()
            let t = tanh(a * (x + 0.044715 * x * x * x))
            let dInner = a * (1 + 3 * 0.044715 * x * x)
            return (0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * dInner)
        }
    }

    /// `losses[r] = -log softmax(logits[r])[targets[r]]` and `softmax - onehot` of each row.
    package static func softmaxCrossEntropy(
        _ logits: [Double], columns: Int, targets: [TokenID]
    ) -> (losses: [Double], gradient: [Double]) {
        var losses: [Double] = []
        var gradient = logits
        for (r, target) in targets.enumerated() {
            let row = logits[r * columns..<(r + 1) * columns]
            let largest = row.max() ?? 0
            let sum = row.reduce(0) { $0 + exp($1 - largest) }
            losses.append(log(sum) + largest - logits[r * columns + Int(target)])
            for c in 0..<columns {
                gradient[r * columns + c] = exp(logits[r * columns + c] - largest) / sum
            }
            gradient[r * columns + Int(target)] -= 1
        }
        return (losses, gradient)
    }

    /// The 32 random bits of element `index` of a mask.
    ///
    /// Two rounds of the `lowbias32` mixer (C. Wellons, 2018) over the index and the halves of the
    /// mixed key.
    package static func dropoutBits(_ dropout: Dropout, index: UInt64) -> UInt32 {
        func mix(_ value: UInt32) -> UInt32 {
            var x = value
            x = (x ^ (x >> 16)) &* 0x7FEB_352D
            x = (x ^ (x >> 15)) &* 0x846C_A68B
            return x ^ (x >> 16)
        }
        let key = dropout.mixedKey
        let low = UInt32(truncatingIfNeeded: index) ^ UInt32(truncatingIfNeeded: key)
        let high = UInt32(truncatingIfNeeded: key >> 32) &+ UInt32(truncatingIfNeeded: index >> 32)
        return mix(mix(low) &+ high)
    }

    /// What element `index` is multiplied by: 0 or `1 / (1 - rate)`.
    package static func dropoutFactor(_ dropout: Dropout?, index: Int) -> Double {
        guard let dropout else { return 1 }
        let bits = dropoutBits(dropout, index: UInt64(index))
        return bits >= dropout.threshold ? Double(dropout.scale) : 0
    }

    /// One AdamW step over `weights` and its moments; the formula of `torch.optim.AdamW`.
    package static func adamW(
        _ weights: inout [Double], gradient: [Double], firstMoment m: inout [Double],
        secondMoment v: inout [Double], _ s: AdamWSettings
    ) {
        let (beta1, beta2) = (Double(s.beta1), Double(s.beta2))
        let rate = Double(s.learningRate)
        let correction1 = 1 - pow(beta1, Double(s.step))
        let correction2 = 1 - pow(beta2, Double(s.step))
        for i in weights.indices {
            let g = gradient[i] * Double(s.gradientScale)
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g * g
            let denominator = v[i].squareRoot() / correction2.squareRoot() + Double(s.epsilon)
            weights[i] -= rate * Double(s.weightDecay) * weights[i]
            weights[i] -= rate / correction1 * m[i] / denominator
        }
    }
}
