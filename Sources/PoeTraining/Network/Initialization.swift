import PoeCore
package import PoeModel
import PoeNumerics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension ModelWeights {
    /// Overwrites all parameters with GPT-2's initial values; `attention` says what else.
    ///
    /// Matrices and tables are normal with deviation 0.02; the two projections that end in the
    /// residual stream have it divided by sqrt(2 L), so that the stream's variance does not grow with
    /// the number of blocks. Gains are 1, biases 0.
    package func initialize(seed: UInt64, attention: InitialAttention = .even) {
        let random = CounterRandom(seed: seed)
        let residualScale = 1 / Float(2 * configuration.layerCount).squareRoot()
        for (index, parameter) in layout.parameters.enumerated() {
            let values = vector(parameter)
            switch parameter.kind {
            case .gain: values.fill(1)
            case .bias: values.fill(0)
            case .matrix, .tokenEmbedding, .positionEmbedding:
                let endsInResidual =
                    parameter.name.hasSuffix("attention.output.weight")
                    || parameter.name.hasSuffix("feed_forward.down.weight")
                let deviation = Self.deviation * (endsInResidual ? residualScale : 1)
                for i in 0..<values.count {
                    values[i] = deviation * Self.normal(random, 0x696E_6974_0000 + UInt64(index), i)
                }
            }
        }
        if attention == .neighbours { lookAtNeighbours() }
    }

    /// Deviation of matrices and tables.
    static let deviation: Float = 0.02

    /// A standard normal number by Box and Muller's transform.
    private static func normal(_ random: CounterRandom, _ stream: UInt64, _ index: Int) -> Float {
        let bits = random.bits(stream: stream, index: UInt64(index))
        let radius = (-2 * log((Double(bits[0]) + 1) * 0x1p-32)).squareRoot()
        return Float(radius * cos(2 * Double.pi * Double(bits[1]) * 0x1p-32))
    }
}
