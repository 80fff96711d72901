import PoeCore
import PoeNumerics

/// What goes through the layers together: up to ``capacity`` positions of any rows.
///
/// The positions of one row follow each other. Its memory is allocated once.
@safe
final class Pass {
    /// A position to run.
    @unsafe
    struct Entry {
        /// The token there.
        let token: TokenID
        /// Its place in the row's text: the row's cache holds that many positions before it.
        let position: Int
        /// The row's state.
        let cache: Unmanaged<KVCache>
    }

    /// Positions that fit.
    let capacity: Int
    /// Positions to run.
    private(set) var count = 0
    /// Those of them whose logits are wanted, in ascending order: `wanted[0 ..< wantedCount]`.
    private(set) var wantedCount = 0

    /// Whether some row has several positions: they read what the others of them write.
    private(set) var hasTexts = false

    private let entries: UnsafeMutablePointer<Entry>
    private let wanted: UnsafeMutablePointer<Int>

    init(capacity: Int) {
        self.capacity = capacity
        unsafe entries = .allocate(capacity: capacity)
        unsafe wanted = .allocate(capacity: capacity)
    }

    deinit {
        unsafe entries.deallocate()
        unsafe wanted.deallocate()
    }

    /// Adds a position; whoever does keeps the cache alive until the pass has run.
    func append(_ token: TokenID, at position: Int, of cache: KVCache, isWanted: Bool) {
        precondition(count < capacity, "a pass has room for \(capacity) positions")
        unsafe entries[count] = Entry(
            token: token, position: position, cache: .passUnretained(cache))
        if count > 0, areOneRow(count - 1, count) { hasTexts = true }
        if isWanted {
            unsafe wanted[wantedCount] = count
            wantedCount += 1
        }
        count += 1
    }

    func removeAll() {
        count = 0
        wantedCount = 0
        hasTexts = false
    }

    /// The token of position `i`.
    func token(_ i: Int) -> Int { unsafe Int(entries[i].token) }

    /// The place in its text of position `i`.
    func position(_ i: Int) -> Int { unsafe entries[i].position }

    /// Calls `body` with the cache of position `i`, which is not retained.
    func withCache<Value>(_ i: Int, _ body: (KVCache) -> Value) -> Value {
        unsafe entries[i].cache._withUnsafeGuaranteedRef(body)
    }

    /// Whether two positions are of the same row.
    private func areOneRow(_ i: Int, _ j: Int) -> Bool {
        unsafe entries[i].cache.toOpaque() == entries[j].cache.toOpaque()
    }

    /// The position whose logits are row `i` of the pass's logits.
    func wantedPosition(_ i: Int) -> Int { unsafe wanted[i] }
}

/// The layers of a model in one arithmetic, with the memory to run a pass.
protocol Forward: AnyObject {
    /// Runs the positions of `pass`, writes their keys and values into their caches, and the logits of
    /// the wanted ones into `logits`, `[pass.wantedCount, V]`.
    ///
    /// The caches' counts are not changed.
    func run(_ pass: Pass, into logits: Matrix)
}
