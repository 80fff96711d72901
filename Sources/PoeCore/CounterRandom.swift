/// Random numbers as a function of where they are used, not of what was drawn before.
///
/// Philox-4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011):
/// a key and a counter give 128 random bits. Equal arguments give equal numbers on any machine, in
/// any order, on any thread.
public struct CounterRandom: Sendable, Hashable {
    private let seed: UInt64

    /// Makes a generator for `seed`; different seeds give unrelated sequences.
    public init(seed: UInt64) {
        self.seed = seed
    }

    /// The 128 random bits at the counter (`stream`, `index`).
    public func bits(stream: UInt64, index: UInt64) -> SIMD4<UInt32> {
        var x = SIMD4<UInt32>(
            UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
            UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
        var k0 = UInt32(truncatingIfNeeded: seed)
        var k1 = UInt32(truncatingIfNeeded: seed >> 32)
        for _ in 0..<10 {
            let p0 = UInt64(x[0]) &* 0xD251_1F53
            let p1 = UInt64(x[2]) &* 0xCD9E_8D57
            x = SIMD4(
                UInt32(truncatingIfNeeded: p1 >> 32) ^ x[1] ^ k0, UInt32(truncatingIfNeeded: p1),
                UInt32(truncatingIfNeeded: p0 >> 32) ^ x[3] ^ k1, UInt32(truncatingIfNeeded: p0))
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return x
    }

    /// A number in [0, 1) with 24 random bits.
    public func uniform(stream: UInt64, index: UInt64) -> Float {
        Float(bits(stream: stream, index: index)[0] >> 8) * 0x1p-24
    }

    /// An integer in `0 ..< bound`; the bias is below `bound` / 2^64.
    ///
    /// - Precondition: `bound` is above 0.
    public func integer(below bound: Int, stream: UInt64, index: UInt64) -> Int {
        precondition(bound > 0, "an integer below \(bound) does not exist")
        let x = bits(stream: stream, index: index)
        let word = UInt64(x[0]) | UInt64(x[1]) << 32
        return Int(word.multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A shuffled copy of `0 ..< count` (Fisher and Yates), drawn from one stream.
    ///
    /// - Precondition: `count` is not below 0.
    public func permutation(of count: Int, stream: UInt64) -> [Int] {
        var order = Array(0..<count)
        for i in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(i, integer(below: i + 1, stream: stream, index: UInt64(i)))
        }
        return order
    }
}
