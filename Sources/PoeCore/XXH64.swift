/// The 64-bit xxHash (Yann Collet), which the model file uses against damage, not against forgery.
///
/// Written from the specification, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
package enum XXH64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    /// The hash of an array's bytes.
    package static func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
        unsafe bytes.withUnsafeBytes { unsafe hash($0, seed: seed) }
    }

    /// The hash of integers, each with its least significant byte first.
    package static func hash<Word: FixedWidthInteger>(of words: [Word]) -> UInt64 {
        unsafe words.map { $0.littleEndian }.withUnsafeBytes { unsafe hash($0) }
    }

    /// The hash of a region of memory, which needs no alignment.
    package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        guard let base = bytes.baseAddress else {
            return finish(seed &+ prime5)
        }
        let count = bytes.count
        var offset = 0
        var hash: UInt64
        if count >= 32 {
            var a = seed &+ prime1 &+ prime2
            var b = seed &+ prime2
            var c = seed
            var d = seed &- prime1
            while count - offset >= 32 {
                let lane = unsafe base + offset
                a = unsafe round(a, word(lane))
                b = unsafe round(b, word(lane + 8))
                c = unsafe round(c, word(lane + 16))
                d = unsafe round(d, word(lane + 24))
                offset += 32
            }
            hash = rotate(a, 1) &+ rotate(b, 7) &+ rotate(c, 12) &+ rotate(d, 18)
            hash = merge(merge(merge(merge(hash, a), b), c), d)
        } else {
            hash = seed &+ prime5
        }
        hash = hash &+ UInt64(count)
        while count - offset >= 8 {
            hash = unsafe hash ^ round(0, word(base + offset))
            hash = rotate(hash, 27) &* prime1 &+ prime4
            offset += 8
        }
        if count - offset >= 4 {
            let half = unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            hash ^= UInt64(UInt32(littleEndian: half)) &* prime1
            hash = rotate(hash, 23) &* prime2 &+ prime3
            offset += 4
        }
        while offset < count {
            hash ^= unsafe UInt64(base.load(fromByteOffset: offset, as: UInt8.self)) &* prime5
            hash = rotate(hash, 11) &* prime1
            offset += 1
        }
        return finish(hash)
    }

    @inline(__always)
    private static func word(_ pointer: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: unsafe pointer.loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    private static func rotate(_ x: UInt64, _ bits: UInt64) -> UInt64 {
        x &<< bits | x &>> (64 &- bits)
    }

    @inline(__always)
    private static func round(_ accumulator: UInt64, _ word: UInt64) -> UInt64 {
        rotate(accumulator &+ word &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func merge(_ hash: UInt64, _ accumulator: UInt64) -> UInt64 {
        (hash ^ round(0, accumulator)) &* prime1 &+ prime4
    }

    private static func finish(_ hash: UInt64) -> UInt64 {
        var hash = hash
        hash = (hash ^ hash >> 33) &* prime2
        hash = (hash ^ hash >> 29) &* prime3
        return hash ^ hash >> 32
    }
}

extension UInt64 {
    /// All sixteen digits, as people write a hash.
    package var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
