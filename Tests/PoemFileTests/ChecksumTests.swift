import PoeCore
import Testing

@Suite("Checksums and narrow floats")
struct ChecksumTests {
    /// The test vectors of the xxHash repository: its sanity buffer, two seeds.
    @Test func hashesOfTheReferenceBuffer() {
        var generator: UInt64 = 2_654_435_761
        let buffer = (0..<222).map { _ in
            let byte = UInt8(truncatingIfNeeded: generator >> 56)
            generator = generator &* 11_400_714_785_074_694_797
            return byte
        }
        let prime: UInt64 = 2_654_435_761
        let vectors: [(Int, UInt64, UInt64)] = [
            (0, 0, 0xEF46_DB37_51D8_E999), (0, prime, 0xAC75_FDA2_929B_17EF),
            (1, 0, 0xE934_A84A_DB05_2768), (1, prime, 0x5014_6076_43A9_B4C3),
            (14, 0, 0x8282_DCC4_994E_35C8), (14, prime, 0xC3BD_6BF6_3DEB_6DF0),
            (222, 0, 0xB641_AE8C_B691_C174), (222, prime, 0x20CB_8AB7_AE10_C14A),
        ]
        for (length, seed, expected) in vectors {
            #expect(XXH64.hash(Array(buffer.prefix(length)), seed: seed) == expected, "\(length)")
        }
    }

    @Test func hashesDependOnEveryByte() {
        for length in [1, 3, 4, 7, 8, 15, 31, 32, 33, 63, 64, 100] {
            var bytes = (0..<length).map { UInt8($0) }
            let hash = XXH64.hash(bytes)
            for i in bytes.indices {
                bytes[i] ^= 0x10
                #expect(XXH64.hash(bytes) != hash)
                bytes[i] ^= 0x10
            }
        }
    }

    @Test func hashesOfWordsAreThoseOfTheirBytes() {
        let words: [UInt32] = [1, 0x0203_0405]
        #expect(XXH64.hash(of: words) == XXH64.hash([1, 0, 0, 0, 5, 4, 3, 2]))
        #expect(XXH64.hash(of: [UInt64]()) == XXH64.hash([]))
        #expect(UInt64(0xABC).hexadecimal == "0000000000000abc")
    }

    @Test func everyHalfPrecisionNumberSurvives() {
        for bits in UInt16.min...UInt16.max {
            let value = Float16Bits.float(of: bits)
            if value.isNaN {
                #expect(Float16Bits.float(of: Float16Bits.bits(of: value)).isNaN)
            } else {
                #expect(Float16Bits.bits(of: value) == bits)
            }
        }
    }

    @Test func halvesRoundToNearestTiesToEven() {
        let cases: [(Float, UInt16)] = [
            (1, 0x3C00), (-2, 0xC000), (65_504, 0x7BFF), (65_519.996, 0x7BFF), (65_520, 0x7C00),
            (1e10, 0x7C00), (0x1p-24, 1), (0x1p-25, 0), (0x1.8p-24, 2), (0x1.000002p-25, 1),
            (0x1p-14, 0x0400), (0x1.FF8p-15, 0x03FF), (0x1.FFCp-15, 0x0400), (1 + 0x1p-11, 0x3C00),
            (1 + 0x3p-11, 0x3C02),
            (-0.0, 0x8000), (-.infinity, 0xFC00),
        ]
        for (value, bits) in cases { #expect(Float16Bits.bits(of: value) == bits, "\(value)") }
    }

    @Test func upperHalvesRoundToNearestTiesToEven() {
        let cases: [(Float, UInt16)] = [
            (1, 0x3F80), (1 + 0x1p-8, 0x3F80), (1 + 0x3p-8, 0x3F82), (1 + 0x1.02p-8, 0x3F81),
            (.infinity, 0x7F80), (.greatestFiniteMagnitude, 0x7F80), (-0.0, 0x8000),
        ]
        for (value, bits) in cases { #expect(BFloat16Bits.bits(of: value) == bits, "\(value)") }
        #expect(BFloat16Bits.float(of: BFloat16Bits.bits(of: .nan)).isNaN)
        let tiny = Float(bitPattern: 0x7F80_0001)
        #expect(BFloat16Bits.float(of: BFloat16Bits.bits(of: tiny)).isNaN)
    }
}
