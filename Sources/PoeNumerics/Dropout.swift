/// Which elements a dropout keeps: a function of (`key`, element index), so that the backward pass
/// makes the same mask again instead of storing it.
package struct Dropout: Sendable, Hashable {
    /// Probability of dropping an element, in 0 ..< 1.
    package var rate: Float
    /// Names the mask; equal keys give equal masks, different keys unrelated ones.
    package var key: UInt64

    /// A mask named `key` that drops a share `rate` of the elements.
    package init(rate: Float, key: UInt64) {
        precondition(rate >= 0 && rate < 1, "dropout rate \(rate) is outside 0 ..< 1")
        self.rate = rate
        self.key = key
    }

    /// An element is kept where its 32 random bits are at least this.
    var threshold: UInt32 { UInt32(Double(rate) * 0x1p32) }
    /// What a kept element is multiplied by, `1 / (1 - rate)`.
    var scale: Float { Float(1 / (1 - Double(rate))) }
    /// The key with its bits mixed, so that keys that differ by one share nothing
    /// (SplitMix64's finalizer; Steele, Lea, Flood, 2014).
    var mixedKey: UInt64 {
        var z = key &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
