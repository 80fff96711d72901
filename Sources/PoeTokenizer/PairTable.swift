package import PoeCore

/// From two adjacent tokens to the token that their merge makes.
///
/// Open addressing with linear probing, at most half full. Because a merge's token is larger than
/// its parts, the made token doubles as the merge's rank: smaller ones are applied first.
package struct PairTable: Sendable {
    /// What a lookup gives where no merge exists; larger than every rank.
    static let none = TokenID.max

    private struct Slot {
        var pair: UInt64
        var made: TokenID
    }

    private var slots: [Slot]
    private let shift: Int
    /// Odd, and drawn anew for each table, so that no file can have merges that all belong in one slot.
    ///
    /// Where a pair is looked for depends on it; what is found does not.
    private let multiplier = UInt64.random(in: .min ... .max) | 1

    /// Merge `i` makes token `baseCount + i`; where a pair is repeated, the first merge counts.
    package init(_ merges: [Merge], baseCount: Int) {
        var bits = 4
        while 1 << bits < 2 * merges.count { bits += 1 }
        shift = 64 - bits
        slots = Array(repeating: Slot(pair: .max, made: Self.none), count: 1 << bits)
        for (rank, merge) in merges.enumerated() {
            let pair = UInt64(merge.left) << 32 | UInt64(merge.right)
            let i = index(of: pair)
            if slots[i].made == Self.none {
                slots[i] = Slot(pair: pair, made: TokenID(baseCount + rank))
            }
        }
    }

    /// The token made of `left` and `right`, or ``none``.
    @inline(__always)
    subscript(left: TokenID, right: TokenID) -> TokenID {
        slots[index(of: UInt64(left) << 32 | UInt64(right))].made
    }

    /// The most slots that are looked at for one of the merges.
    package var longestProbe: Int {
        slots.indices.reduce(0) { longest, i in
            guard slots[i].made != Self.none else { return longest }
            return max(longest, ((i - firstIndex(of: slots[i].pair)) & (slots.count - 1)) + 1)
        }
    }

    /// Where a pair is looked for first.
    @inline(__always)
    private func firstIndex(of pair: UInt64) -> Int {
        Int(truncatingIfNeeded: (pair &* multiplier) >> UInt64(shift))
    }

    @inline(__always)
    private func index(of pair: UInt64) -> Int {
        var i = firstIndex(of: pair)
        while slots[i].pair != pair && slots[i].made != Self.none {
            i = (i + 1) & (slots.count - 1)
        }
        return i
    }
}
