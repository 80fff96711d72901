import PoeCore
import PoeNumerics
import Testing

/// The backward references against finite differences of the forward references, all in double
/// precision; the fast operations are held to the references elsewhere.
@Suite struct GradientTests {
    /// The gradient of `loss` at `x` by central differences.
    private func numericalGradient(
        of loss: ([Double]) -> Double, at x: [Double]
    ) -> [Double] {
        let step = 1e-5
        return x.indices.map { i in
            var (above, below) = (x, x)
            above[i] += step
            below[i] -= step
            return (loss(above) - loss(below)) / (2 * step)
        }
    }

    private func expectClose(
        _ a: [Double], _ b: [Double], _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(a.count == b.count, sourceLocation: location)
        let size = b.reduce(0.1) { max($0, abs($1)) }
        // `max` passes over what is not a number.
        let differences = zip(a, b).map { abs($0 - $1) }
        let worst: Double =
            differences.contains(where: \.isNaN) ? .infinity : differences.max() ?? 0
        #expect(worst < 1e-8 * size, sourceLocation: location)
    }

    private func dot(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }

    @Test func layerNorm() {
        let (rows, columns) = (3, 7)
        let x = Table(rows, columns, seed: 1).doubles
        let gain = Table(1, columns, seed: 2).doubles
        let bias = Table(1, columns, seed: 3).doubles
        let dOut = Table(rows, columns, seed: 4).doubles
        func loss(_ x: [Double], _ gain: [Double], _ bias: [Double]) -> Double {
            dot(
                dOut,
                Reference.layerNorm(x, columns: columns, gain: gain, bias: bias, epsilon: 1e-5).out)
        }
        let found = Reference.layerNormBackward(
            dOut, x: x, columns: columns, gain: gain, epsilon: 1e-5)
        expectClose(found.dX, numericalGradient(of: { loss($0, gain, bias) }, at: x))
        expectClose(found.dGain, numericalGradient(of: { loss(x, $0, bias) }, at: gain))
        expectClose(found.dBias, numericalGradient(of: { loss(x, gain, $0) }, at: bias))
    }

    @Test(arguments: Activation.allCases) func activation(kind: Activation) {
        let x = stride(from: -6.0, through: 6, by: 0.37).map { $0 }
        for value in x {
            let slope = numericalGradient(
                of: { Reference.activate($0[0], kind).value }, at: [value])
            expectClose([Reference.activate(value, kind).slope], slope)
        }
    }

    @Test func crossEntropy() {
        let logits = Table(4, 9, seed: 1, spread: 2).doubles
        let targets: [TokenID] = [0, 8, 3, 3]
        let gradient = Reference.softmaxCrossEntropy(logits, columns: 9, targets: targets).gradient
        let numerical = numericalGradient(
            of: {
                Reference.softmaxCrossEntropy($0, columns: 9, targets: targets).losses
                    .reduce(0, +)
            }, at: logits)
        expectClose(gradient, numerical)
    }

    @Test(arguments: [nil, Dropout(rate: 0.3, key: 5)]) func attention(dropout: Dropout?) {
        let shape = Reference.AttentionShape(batch: 2, length: 5, headCount: 2, headDimension: 3)
        let qkv = Table(10, 18, seed: 1).doubles
        let dOut = Table(10, 6, seed: 2).doubles
        let numerical = numericalGradient(
            of: { dot(dOut, Reference.attention($0, shape, dropout: dropout).out) }, at: qkv)
        expectClose(
            Reference.attentionBackward(dOut, qkv, shape, dropout: dropout), numerical)
    }

    /// One step whose gradient, moments and constants are worked by hand.
    @Test func adamWByHand() {
        var weights = [1.0]
        var first = [0.0]
        var second = [0.0]
        let settings = AdamWSettings(
            learningRate: 0.125, beta1: 0.5, beta2: 0.75, epsilon: 0, weightDecay: 0.5, step: 1,
            gradientScale: 2)
        Reference.adamW(
            &weights, gradient: [2], firstMoment: &first, secondMoment: &second, settings)
        // g = 4, m = 2, v = 4; both corrections undo the decay: the step is the learning rate.
        #expect(first == [2] && second == [4])
        #expect(abs(weights[0] - (1 - 0.125 * 0.5 - 0.125)) < 1e-15)
    }
}
