package import PoeCore

/// What the `compact` profile stores each parameter as.
///
/// Matrices and the token embedding go to a uniform grid (``Grid``) with one step per tensor, the
/// tensor's standard deviation divided by a `k`: the larger `k`, the finer and the larger the file.
/// The position table becomes f16, gains and biases stay f32.
package struct CompactSettings: Sendable, Hashable {
    /// `k` of every matrix.
    package var k: Double
    /// `k` of the token embedding, and of the output head where it is a tensor of its own.
    package var embeddingK: Double

    /// The defaults are for where there is no text to choose by; ``GridLadder`` chooses where there is one.
    package init(k: Double = 8, embeddingK: Double = 16) {
        self.k = k
        self.embeddingK = embeddingK
    }

    /// How `parameter` with these values is stored.
    package func storage(of parameter: Parameter, values: [Float]) -> Storage {
        switch parameter.kind {
        case .gain, .bias:
            return .f32
        case .positionEmbedding:
            // Beyond f16's range only if something is wrong with the model; keep it as it is.
            return values.allSatisfy { $0.magnitude <= 65_504 } ? .f16 : .f32
        case .matrix, .tokenEmbedding:
            let isTable = parameter.kind == .tokenEmbedding || parameter.name == "output_head"
            let k = isTable ? embeddingK : k
            return .grid(step: Grid.step(for: values, k: k))
        }
    }

    /// One tensor's element type.
    package enum Storage: Sendable, Hashable {
        /// As it is.
        case f32
        /// Rounded to half precision.
        case f16
        /// `Int8` symbols times this step.
        case grid(step: Float)
    }

    /// The values that a file with these settings decodes to.
    package func rounded(_ weights: ModelWeights) -> ModelWeights {
        let result = ModelWeights(weights.configuration)
        round(weights, into: result)
        return result
    }

    /// As ``rounded(_:)``, into weights of the same shape.
    package func round(_ weights: ModelWeights, into result: ModelWeights) {
        for parameter in weights.layout.parameters {
            let values = weights.floats(parameter)
            switch storage(of: parameter, values: values) {
            case .f32: result.set(parameter, to: values)
            case .f16:
                result.set(
                    parameter, to: values.map { Float16Bits.float(of: Float16Bits.bits(of: $0)) })
            case .grid(let step):
                let symbols = Grid.symbols(values, step: step)
                result.set(parameter, to: Grid.values(symbols, step: step))
            }
        }
    }
}
