import PoeCore

/// From two adjacent tokens to the token that their merge makes.
///
/// Open addressing with linear probing, at most half full. Because a merge's token is larger than
/// its parts, the made token doubles as the merge's rank: smaller ones are applied first.
struct PairTable: Sendable {
    /// What a lookup gives where no merge exists; larger than every rank.
    static let none = TokenID.max

    private struct Slot {
        var pair: UInt64
        var made: TokenID
    }

    private var slots: [Slot]
    private let shift: Int

    /// Merge `i` makes token `baseCount + i`; where a pair is repeated, the first merge counts.
    init(_ merges: [Merge], baseCount: Int) {
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

    @inline(__always)
    private func index(of pair: UInt64) -> Int {
        var i = Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> UInt64(shift))
        while slots[i].pair != pair && slots[i].made != Self.none {
            i = (i + 1) & (slots.count - 1)
        }
        return i
    }
}
