/// What an operation of ``Compute`` belongs to, where its time is told.
package enum ComputePart: String, CaseIterable, Sendable {
    case products
    case packing = "packing weights"
    case attention
    case rows = "norms, activations, dropouts"
    case loss = "softmax and loss"
    case embeddings
    case optimizer
}

/// Where the time of operations went.
package struct ComputeTimes: Sendable {
    /// Wall-clock seconds of each part, by the calling thread: the others' work and the waiting included.
    package private(set) var seconds: [ComputePart: Double] = [:]

    private var current: ComputePart?
    private var start = ContinuousClock.now
    private var depth = 0

    package init() {}

    /// An operation begins; one inside another counts as the outer one's.
    mutating func begin(_ part: ComputePart) {
        depth += 1
        guard depth == 1 else { return }
        (current, start) = (part, .now)
    }

    mutating func end() {
        depth -= 1
        guard depth == 0, let current else { return }
        seconds[current, default: 0] += (.now - start) / .seconds(1)
    }
}

extension Compute {
    /// Counts the operations in `body` as `part`'s, whatever they are.
    package func timing<Value>(_ part: ComputePart, _ body: () -> Value) -> Value {
        times?.begin(part)
        defer { times?.end() }
        return body()
    }
}
