package import PoeCore
package import PoeNumerics

/// The parameters of one model: f32, in one flat buffer, in the order of ``ParameterLayout``.
///
/// Gradients and optimizer state are buffers of the same layout. Padding between tensors is zero.
// @unchecked: the configuration and layout are constant; whoever writes to the buffer (a trainer, a
// loader) is its only user until it hands the weights on, and from then on they are only read.
package final class ModelWeights: @unchecked Sendable {
    /// The sizes from which everything else follows.
    package let configuration: ModelConfiguration
    /// Where each parameter lies in ``buffer``.
    package let layout: ParameterLayout
    /// `layout.elementCount` floats.
    package let buffer: FloatBuffer

    /// Makes weights that are all zero; `configuration` must be valid.
    package init(_ configuration: ModelConfiguration) {
        self.configuration = configuration
        layout = ParameterLayout(configuration)
        buffer = FloatBuffer(count: layout.elementCount)
    }

    /// All parameters and the zeros between them, as one vector.
    package var flat: Vector { buffer.vector(count: buffer.count) }

    /// A view of `parameter` as a matrix: all dimensions but the last are rows.
    package func matrix(_ parameter: Parameter) -> Matrix {
        buffer.matrix(at: parameter.offset, rows: parameter.rows, columns: parameter.columns)
    }

    /// A view of all elements of `parameter`, in row-major order.
    package func vector(_ parameter: Parameter) -> Vector {
        buffer.vector(at: parameter.offset, count: parameter.count)
    }

    /// A copy of the elements of `parameter`, in row-major order.
    package func floats(_ parameter: Parameter) -> [Float] {
        vector(parameter).floats
    }

    /// Overwrites `parameter`; `values` has `parameter.count` elements in row-major order.
    package func set(_ parameter: Parameter, to values: [Float]) {
        precondition(
            values.count == parameter.count,
            "\(parameter.name) has \(parameter.count) elements, not \(values.count)")
        vector(parameter).set(to: values)
    }

    /// Other weights with the same values.
    package func copy() -> ModelWeights {
        let other = ModelWeights(configuration)
        for parameter in layout.parameters {
            other.vector(parameter).copy(from: vector(parameter))
        }
        return other
    }
}
