import PoeCore

/// Finds the most frequent pair, merges it everywhere, and repeats, touching only what changes.
///
/// All distinct words lie in one array of positions. A position that holds a token and has a next
/// token in its word is an occurrence of a pair; the occurrences of each pair form a list through
/// the positions, in ascending order. A merge walks the list of its pair, and updates the neighbours'
/// pairs.
///
/// Two facts keep this small. Pairs that contain a new token arise only in the round that makes it,
/// so afterwards a pair's count can only fall: a heap of counts as they once were, corrected when a
/// pair comes up, is enough. And within that round places are visited in ascending order, so lists
/// are built in order by appending.
struct MergeLearner {
    /// Says that there is no position, or no pair.
    private static let none: Int32 = -1

    /// The most positions that can be counted.
    ///
    /// They and the pairs that ever arise (at most one a position to begin with, and two for each of
    /// fewer merges than positions) are numbered with 31 bits.
    static let largestInput = Int(Int32.max) / 4

    private struct Position {
        var token: TokenID
        /// The neighbours within the word that still hold tokens.
        var previous: Int32
        var next: Int32
        /// The pair that begins here, as index into `pairs`, and its occurrences before and after.
        var pair: Int32
        var before: Int32
        var after: Int32
        /// How often the word occurs.
        var weight: Int
    }

    private struct Pair {
        var left: TokenID
        var right: TokenID
        var count = 0
        var first = MergeLearner.none
        var last = MergeLearner.none
    }

    private var positions: [Position] = []
    private var pairs: [Pair] = []
    private var index = PairIndex()
    private var lengths: [Int]

    /// Prepares the words; `baseLengths` are the bytes of each base token.
    init(_ words: WordCounts, baseLengths: [Int]) {
        lengths = baseLengths
        positions.reserveCapacity(words.symbols.count)
        var start = 0
        for (end, weight) in zip(words.ends, words.counts) {
            for i in start..<end {
                positions.append(
                    Position(
                        token: words.symbols[i], previous: i > start ? Int32(i - 1) : Self.none,
                        next: i + 1 < end ? Int32(i + 1) : Self.none, pair: Self.none,
                        before: Self.none, after: Self.none, weight: weight))
            }
            start = end
        }
        for i in positions.indices { link(Int32(i)) }
    }

    /// The first `count` merges, or fewer where no pair is left that occurs `leastCount` times.
    mutating func learn(_ count: Int, leastCount: Int) -> [Merge] {
        var merges: [Merge] = []
        var heap = BinaryHeap(pairs.indices.map { ranked($0) })
        while merges.count < count, let top = heap.popFirst() {
            let pair = pairs[top.index]
            guard pair.count == top.count else {
                heap.insert(ranked(top.index))
                continue
            }
            guard pair.count >= leastCount else { break }
            let length = lengths[Int(pair.left)] + lengths[Int(pair.right)]
            guard length <= TokenizerLimits.expansionBytes else { continue }
            let known = pairs.count
            apply(top.index, makes: TokenID(lengths.count))
            lengths.append(length)
            merges.append(Merge(pair.left, pair.right))
            for i in known..<pairs.count { heap.insert(ranked(i)) }
        }
        return merges
    }

    private func ranked(_ pair: Int) -> RankedPair {
        RankedPair(
            count: pairs[pair].count, left: pairs[pair].left, right: pairs[pair].right, index: pair)
    }

    /// Replaces every occurrence of a pair, from left to right, by the token `made`.
    private mutating func apply(_ pair: Int, makes made: TokenID) {
        while pairs[pair].first != Self.none {
            let i = pairs[pair].first
            let gone = positions[Int(i)].next
            let next = positions[Int(gone)].next
            let previous = positions[Int(i)].previous
            unlink(i)
            unlink(gone)
            unlink(previous)
            positions[Int(i)].token = made
            positions[Int(i)].next = next
            if next != Self.none { positions[Int(next)].previous = i }
            link(previous)
            link(i)
        }
    }

    /// Counts the pair that begins at `i`, if one does, and appends `i` to its occurrences.
    private mutating func link(_ i: Int32) {
        guard i != Self.none, positions[Int(i)].next != Self.none else { return }
        let left = positions[Int(i)].token
        let right = positions[Int(positions[Int(i)].next)].token
        let pair = index.find(left, right, orAdd: Int32(pairs.count))
        if Int(pair) == pairs.count { pairs.append(Pair(left: left, right: right)) }
        let last = pairs[Int(pair)].last
        positions[Int(i)].pair = pair
        positions[Int(i)].before = last
        positions[Int(i)].after = Self.none
        if last == Self.none {
            pairs[Int(pair)].first = i
        } else {
            positions[Int(last)].after = i
        }
        pairs[Int(pair)].last = i
        pairs[Int(pair)].count += positions[Int(i)].weight
    }

    /// Undoes ``link(_:)`` where it was done.
    private mutating func unlink(_ i: Int32) {
        guard i != Self.none, positions[Int(i)].pair != Self.none else { return }
        let place = positions[Int(i)]
        positions[Int(i)].pair = Self.none
        if place.before == Self.none {
            pairs[Int(place.pair)].first = place.after
        } else {
            positions[Int(place.before)].after = place.after
        }
        if place.after == Self.none {
            pairs[Int(place.pair)].last = place.before
        } else {
            positions[Int(place.after)].before = place.before
        }
        pairs[Int(place.pair)].count -= place.weight
    }
}

/// A pair as the heap orders it: more frequent first, then smaller left, then smaller right token.
private struct RankedPair: Comparable {
    var count: Int
    var left: TokenID
    var right: TokenID
    var index: Int

    static func < (a: RankedPair, b: RankedPair) -> Bool {
        if a.count != b.count { return a.count > b.count }
        if a.left != b.left { return a.left < b.left }
        return a.right < b.right
    }
}

/// From a pair of tokens to its index; open addressing, at most half full.
private struct PairIndex {
    private var keys = [UInt64](repeating: .max, count: 1 << 12)
    private var values = [Int32](repeating: -1, count: 1 << 12)
    private var used = 0

    /// The index of a pair, which becomes `new` where it has none.
    mutating func find(_ left: TokenID, _ right: TokenID, orAdd new: Int32) -> Int32 {
        let key = UInt64(left) << 32 | UInt64(right)
        let i = slot(of: key)
        if values[i] >= 0 { return values[i] }
        keys[i] = key
        values[i] = new
        used += 1
        if 2 * used > keys.count { grow() }
        return new
    }

    private func slot(of key: UInt64) -> Int {
        let h = key &* 0x9E37_79B9_7F4A_7C15
        var i = Int(truncatingIfNeeded: h >> 32) & (keys.count - 1)
        while values[i] >= 0 && keys[i] != key { i = (i + 1) & (keys.count - 1) }
        return i
    }

    private mutating func grow() {
        let old = zip(keys, values)
        keys = Array(repeating: .max, count: 2 * keys.count)
        values = Array(repeating: -1, count: keys.count)
        for (key, value) in old where value >= 0 {
            let i = slot(of: key)
            keys[i] = key
            values[i] = value
        }
    }
}
