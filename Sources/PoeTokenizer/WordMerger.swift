package import PoeCore

/// Applies merges to one word at a time: the merge of lowest rank first, and of equal ones the
/// leftmost first, until none applies.
///
/// That is GPT-2's order: a merge only ever makes room for merges of higher rank (its token is part
/// of theirs), so all places of one merge come before any place of the next.
package struct WordMerger {
    /// The longest word for which finding the next merge by looking at every pair is cheapest.
    package static let shortLength = 32

    /// The word: base tokens before ``merge(_:)``, its encoding afterwards.
    var symbols: [TokenID] = []
    /// Pairs that were looked at, a measure of work that does not depend on the clock.
    package private(set) var steps = 0

    /// ``mergeShort(_:_:_:)``'s room.
    private var scratch = [TokenID](repeating: PairTable.none, count: shortLength)
    private var made: [TokenID] = []
    private var next: [Int] = []
    private var previous: [Int] = []

    package init() {}

    /// Encodes a word of base tokens; for tests.
    package mutating func encode(_ word: [TokenID], merges: [Merge], baseCount: Int) -> [TokenID] {
        symbols = word
        merge(PairTable(merges, baseCount: baseCount))
        return symbols
    }

    /// Encodes ``symbols`` in place.
    mutating func merge(_ pairs: PairTable) {
        guard symbols.count > 1 else { return }
        if symbols.count <= Self.shortLength {
            // Moved to a local name, for the compiler takes two spans of `self` to overlap.
            var made: [TokenID] = []
            swap(&made, &scratch)
            var word = symbols.mutableSpan
            var room = made.mutableSpan
            let result = Self.mergeShort(&word, &room, pairs)
            swap(&made, &scratch)
            steps += result.steps
            symbols.removeLast(symbols.count - result.count)
        } else {
            mergeLong(pairs)
        }
    }

    /// Quadratic in a length that is bounded.
    ///
    /// - Parameters:
    ///   - word: The symbols; those that remain are moved to the front.
    ///   - made: Room for what each pair of neighbours makes.
    /// - Returns: How many symbols remain, and how many pairs were looked at.
    private static func mergeShort(
        _ word: inout MutableSpan<TokenID>, _ made: inout MutableSpan<TokenID>, _ pairs: PairTable
    ) -> (count: Int, steps: Int) {
        var steps = 0
        // Pairs that remain, one fewer than symbols.
        var count = word.count - 1
        for i in 0..<count { made[i] = pairs[word[i], word[i + 1]] }
        while true {
            var best = 0
            var rank = PairTable.none
            for i in 0..<count where made[i] < rank {
                rank = made[i]
                best = i
            }
            steps += count
            guard rank != PairTable.none else { break }
            count -= 1
            word[best] = rank
            for i in best..<count {
                word[i + 1] = word[i + 2]
                made[i] = made[i + 1]
            }
            if best > 0 { made[best - 1] = pairs[word[best - 1], rank] }
            if best < count { made[best] = pairs[rank, word[best + 1]] }
        }
        return (count + 1, steps)
    }

    /// O(n log n) in the length.
    ///
    /// It keeps a list of the symbols that remain, and a heap of merges that may apply. What no longer
    /// applies stays in the heap and is passed over when its turn comes.
    ///
    /// `made[i]` is the token of symbol `i` merged with the next one; a heap element is that token
    /// above `i`, so it is current if and only if `made[i]` still says the same.
    private mutating func mergeLong(_ pairs: PairTable) {
        let count = symbols.count
        made = (0..<count).map { i in
            i + 1 < count ? pairs[symbols[i], symbols[i + 1]] : PairTable.none
        }
        next = (0..<count).map { $0 + 1 }
        previous = (0..<count).map { $0 - 1 }
        var heap = BinaryHeap(
            made.indices.filter { made[$0] != PairTable.none }.map { Candidate(made[$0], $0) })
        while let candidate = heap.popFirst() {
            steps += 1
            let i = candidate.position
            guard made[i] == candidate.made else { continue }
            let gone = next[i]
            let after = next[gone]
            symbols[i] = candidate.made
            made[gone] = PairTable.none
            next[i] = after
            if after < count { previous[after] = i }
            made[i] = after < count ? pairs[candidate.made, symbols[after]] : PairTable.none
            if made[i] != PairTable.none { heap.insert(Candidate(made[i], i)) }
            let before = previous[i]
            guard before >= 0 else { continue }
            made[before] = pairs[symbols[before], candidate.made]
            if made[before] != PairTable.none { heap.insert(Candidate(made[before], before)) }
        }
        compact(count)
    }

    /// Moves the symbols that remain to the front.
    private mutating func compact(_ count: Int) {
        var kept = 0
        var i = 0
        while i < count {
            symbols[kept] = symbols[i]
            kept += 1
            i = next[i]
        }
        symbols.removeLast(count - kept)
    }
}

/// A merge that may apply at a position, ordered by rank, then from left to right.
private struct Candidate: Comparable {
    private let key: UInt64

    init(_ made: TokenID, _ position: Int) {
        key = UInt64(made) << 32 | UInt64(UInt32(truncatingIfNeeded: position))
    }

    var made: TokenID { TokenID(truncatingIfNeeded: key >> 32) }
    var position: Int { Int(key & 0xFFFF_FFFF) }

    static func < (a: Candidate, b: Candidate) -> Bool { a.key < b.key }
}
