package import PoeCore
package import PoeNumerics

/// The keys and values of the positions that one row has run, for every layer.
///
/// One row owns one cache; a cache is not shared between engines that run at the same time.
@safe
package final class KVCache {
    /// Positions it can hold, at most the model's context length.
    package let capacity: Int
    /// Positions it holds: the next token goes to position `count`.
    package private(set) var count = 0
    /// The arithmetic of the engines that can use it.
    package let arithmetic: Arithmetic

    /// Positions that the model can see.
    var contextLength: Int { configuration.contextLength }

    private let configuration: ModelConfiguration
    // Layer by layer, `layerBytes` each. f32: keys [capacity, C], then values [capacity, C], heads
    // side by side in a row. int8: a `QuantizedCache`.
    private let memory: UnsafeMutableRawPointer
    private let arena: MemoryArena
    private let layerBytes: Int

    /// Makes an empty cache for a model of this configuration.
    ///
    /// - Parameter capacity: Positions to make room for; the context length when nil or larger.
    package convenience init(
        _ configuration: ModelConfiguration, arithmetic: Arithmetic = .f32, capacity: Int? = nil
    ) {
        self.init(configuration, arithmetic, capacity, in: nil)
    }

    /// Makes caches of equal capacity side by side, which costs less than one by one: those of a batch
    /// take megabytes, and all of them are read in every step.
    static func batch(
        _ count: Int, _ configuration: ModelConfiguration, _ arithmetic: Arithmetic, capacity: Int
    ) -> [KVCache] {
        let capacity = min(capacity, configuration.contextLength)
        let bytes = layerBytes(configuration, arithmetic, capacity: capacity)
        let arena = MemoryArena(byteCount: count * configuration.layerCount * bytes)
        return (0..<count).map { _ in KVCache(configuration, arithmetic, capacity, in: arena) }
    }

    private init(
        _ configuration: ModelConfiguration, _ arithmetic: Arithmetic, _ capacity: Int?,
        in arena: MemoryArena?
    ) {
        let most = configuration.contextLength
        self.capacity = max(1, min(capacity ?? most, most))
        self.configuration = configuration
        self.arithmetic = arithmetic
        layerBytes = Self.layerBytes(configuration, arithmetic, capacity: self.capacity)
        let byteCount = configuration.layerCount * layerBytes
        self.arena = arena ?? MemoryArena(byteCount: byteCount)
        unsafe memory = self.arena.take(byteCount)
    }

    /// Bytes that a full-length cache takes for a model of this configuration.
    package static func bytes(
        _ configuration: ModelConfiguration, _ arithmetic: Arithmetic = .f32
    ) -> Int {
        configuration.layerCount
            * layerBytes(configuration, arithmetic, capacity: configuration.contextLength)
    }

    private static func layerBytes(
        _ configuration: ModelConfiguration, _ arithmetic: Arithmetic, capacity: Int
    ) -> Int {
        let bytes =
            switch arithmetic {
            case .f32: 2 * capacity * configuration.modelDimension * MemoryLayout<Float>.size
            case .int8:
                QuantizedCache.byteCount(
                    capacity: capacity, heads: configuration.headCount,
                    dimension: configuration.headDimension)
            }
        return (bytes + 63) & ~63
    }

    /// Bytes that it takes.
    var byteCount: Int { configuration.layerCount * layerBytes }

    /// f32: the keys of `layer`, `[capacity, C]`, of which the first ``count`` rows mean something.
    package func keys(_ layer: Int) -> Matrix { floats(layer, part: 0) }

    /// f32: the values of `layer`, laid out like ``keys(_:)``.
    package func values(_ layer: Int) -> Matrix { floats(layer, part: 1) }

    /// int8: keys and values of `layer`.
    func quantized(_ layer: Int) -> QuantizedCache {
        unsafe QuantizedCache(
            pointer: memory + layer * layerBytes, capacity: capacity,
            heads: configuration.headCount, dimension: configuration.headDimension)
    }

    private func floats(_ layer: Int, part: Int) -> Matrix {
        precondition(arithmetic == .f32, "an int8 cache has no floats")
        let width = configuration.modelDimension
        let floats = unsafe (memory + layer * layerBytes).assumingMemoryBound(to: Float.self)
        return unsafe Matrix(
            pointer: floats + part * capacity * width, rows: capacity, columns: width,
            stride: width)
    }

    /// Forgets every position from `count` on.
    package func truncate(to count: Int) {
        precondition(0...self.count ~= count, "cannot truncate \(self.count) positions to \(count)")
        self.count = count
    }

    /// Takes over the positions of another row of the same model and capacity.
    package func copy(from other: KVCache) {
        precondition(
            other.arithmetic == arithmetic && other.capacity == capacity
                && other.layerBytes == layerBytes,
            "\(other.capacity) positions in \(other.arithmetic)"
                + " into \(capacity) in \(arithmetic)")
        // What is filled, not what there is room for: a prompt may be much shorter.
        for layer in 0..<configuration.layerCount {
            switch arithmetic {
            case .f32: copyFloats(layer, from: other)
            case .int8: copyIntegers(layer, from: other)
            }
        }
        count = other.count
    }

    private func copyFloats(_ layer: Int, from other: KVCache) {
        let filled = 0..<other.count
        keys(layer).rows(filled).flat.copy(from: other.keys(layer).rows(filled).flat)
        values(layer).rows(filled).flat.copy(from: other.values(layer).rows(filled).flat)
    }

    /// Blocks of positions follow each other, so that the first ones are a smaller cache.
    private func copyIntegers(_ layer: Int, from other: KVCache) {
        let bytes = QuantizedCache.byteCount(
            capacity: other.count, heads: configuration.headCount,
            dimension: configuration.headDimension)
        unsafe (memory + layer * layerBytes).copyMemory(
            from: other.memory + layer * layerBytes, byteCount: bytes)
    }

    /// Counts `positions` more that the engine has written.
    func advance(by positions: Int) {
        count += positions
    }
}
