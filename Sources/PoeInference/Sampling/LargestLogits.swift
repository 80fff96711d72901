import PoeCore

/// A token and its logit, ordered by logit and, among equal ones, lower id first.
///
/// Both in one integer, so that a comparison is one instruction.
struct Candidate: Comparable {
    private let key: UInt64

    init(_ logit: Float, _ token: TokenID) {
        let bits = (logit + 0).bitPattern  // -0 becomes +0: equal logits have equal bits
        // As unsigned integers, IEEE 754 patterns ascend with their value once negative ones are
        // flipped and positive ones lifted above them.
        let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
        key = UInt64(ordered) << 32 | UInt64(~token)
    }

    var token: TokenID { ~TokenID(truncatingIfNeeded: key) }

    static func < (a: Candidate, b: Candidate) -> Bool { a.key < b.key }
}

/// Finds the largest logits without sorting all; its memory is kept from one call to the next.
struct LargestLogits {
    /// What the last call found.
    private(set) var candidates: [Candidate] = []

    /// The `count` largest logits, best first; of equal ones the lowest ids.
    ///
    /// - Complexity: O(V + k log k) for logits in random order.
    mutating func select(_ count: Int, from logits: [Float]) {
        candidates.removeAll(keepingCapacity: true)
        let count = min(count, logits.count)
        guard count > 0 else { return }
        for i in 0..<count { candidates.append(Candidate(logits[i], TokenID(i))) }
        unsafe candidates.withUnsafeMutableBufferPointer { heap in
            // The worst of the best so far is on top: most logits cost one comparison.
            for parent in stride(from: count / 2 - 1, through: 0, by: -1) {
                unsafe Self.siftDown(heap, parent, count)
            }
            unsafe logits.withUnsafeBufferPointer { logits in
                var least = unsafe heap[0]
                for i in count..<logits.count {
                    let candidate = unsafe Candidate(logits[i], TokenID(i))
                    guard candidate > least else { continue }
                    unsafe heap[0] = candidate
                    unsafe Self.siftDown(heap, 0, count)
                    unsafe least = heap[0]
                }
            }
            // Taken off one by one, the worst first, they fill the places from the back.
            for end in stride(from: count - 1, to: 0, by: -1) {
                unsafe heap.swapAt(0, end)
                unsafe Self.siftDown(heap, 0, end)
            }
        }
    }

    /// All logits in order of id.
    mutating func takeAll(of logits: [Float]) {
        candidates.removeAll(keepingCapacity: true)
        for i in logits.indices { candidates.append(Candidate(logits[i], TokenID(i))) }
    }

    /// Keeps those of the first `count` candidates for which `isKept` says so, and at least one.
    mutating func keep(_ count: Int, where isKept: (Int) -> Bool) {
        var kept = 0
        for i in 0..<count where isKept(i) {
            candidates[kept] = candidates[i]
            kept += 1
        }
        candidates.removeLast(candidates.count - max(1, kept))
    }

    /// Restores the order below `parent`: no candidate of `heap[..<end]` is above a smaller one.
    private static func siftDown(
        _ heap: UnsafeMutableBufferPointer<Candidate>, _ parent: Int, _ end: Int
    ) {
        var parent = parent
        let moved = unsafe heap[parent]
        while true {
            var child = 2 * parent + 1
            guard child < end else { break }
            if child + 1 < end, unsafe heap[child + 1] < heap[child] { child += 1 }
            guard unsafe heap[child] < moved else { break }
            unsafe heap[parent] = heap[child]
            parent = child
        }
        unsafe heap[parent] = moved
    }
}
