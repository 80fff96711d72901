package import PoeModel
package import PoeNumerics

extension ModelWeights {
    /// All parameters and the zeros between them, as one vector.
    package var flat: Vector { buffer.vector(count: buffer.count) }
}
