package import PoeCore
package import PoeNumerics

/// The keys and values of the positions that one row has run, for every layer.
///
/// One row owns one cache; a cache is not shared between engines that run at the same time.
package final class KVCache {
    /// Positions it can hold, at most the model's context length.
    package let capacity: Int
    /// Positions it holds: the next token goes to position `count`.
    package private(set) var count = 0

    private let layerCount: Int
    private let modelDimension: Int
    // Layer by layer: keys `[capacity, C]`, then values `[capacity, C]`; heads contiguous in a row.
    private let buffer: FloatBuffer

    /// Makes an empty cache for a model of this configuration.
    ///
    /// - Parameter capacity: Positions to make room for; the context length when nil or larger.
    package init(_ configuration: ModelConfiguration, capacity: Int? = nil) {
        let most = configuration.contextLength
        self.capacity = max(1, min(capacity ?? most, most))
        layerCount = configuration.layerCount
        modelDimension = configuration.modelDimension
        buffer = FloatBuffer(count: layerCount * 2 * self.capacity * modelDimension)
    }

    /// Bytes that a full-length cache takes for a model of this configuration.
    package static func bytes(_ configuration: ModelConfiguration) -> Int {
        configuration.layerCount * 2 * configuration.contextLength * configuration.modelDimension
            * MemoryLayout<Float>.size
    }

    /// The keys of `layer`: `[capacity, C]`, of which the first ``count`` rows mean something.
    package func keys(_ layer: Int) -> Matrix { part(2 * layer) }

    /// The values of `layer`, laid out like ``keys(_:)``.
    package func values(_ layer: Int) -> Matrix { part(2 * layer + 1) }

    /// Forgets every position from `count` on.
    package func truncate(to count: Int) {
        precondition(0...self.count ~= count, "cannot truncate \(self.count) positions to \(count)")
        self.count = count
    }

    /// Takes over the positions of another row of the same model.
    package func copy(from other: KVCache) {
        precondition(other.count <= capacity, "\(other.count) positions into \(capacity)")
        for layer in 0..<layerCount {
            for (to, from) in [
                (keys(layer), other.keys(layer)), (values(layer), other.values(layer)),
            ] {
                for row in 0..<other.count { to.row(row).copy(from: from.row(row)) }
            }
        }
        count = other.count
    }

    /// Counts `positions` more that the engine has written.
    func advance(by positions: Int) {
        count += positions
    }

    private func part(_ index: Int) -> Matrix {
        buffer.matrix(
            at: index * capacity * modelDimension, rows: capacity, columns: modelDimension)
    }
}
