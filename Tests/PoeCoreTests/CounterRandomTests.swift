import PoeCore
import Testing

@Suite struct CounterRandomTests {
    struct KnownAnswer: Sendable {
        var counter: SIMD4<UInt32>
        var key: SIMD2<UInt32>
        var bits: SIMD4<UInt32>
    }

    /// What the authors of Philox publish with their code (Random123, `kat_vectors`, philox4x32 with
    /// 10 rounds).
    static let knownAnswers = [
        KnownAnswer(
            counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0),
            bits: SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8)),
        KnownAnswer(
            counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max),
            bits: SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD)),
        KnownAnswer(
            counter: SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344),
            key: SIMD2(0xA409_3822, 0x299F_31D0),
            bits: SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1)),
    ]

    @Test(arguments: knownAnswers)
    func publishedVectors(answer: KnownAnswer) {
        func join(_ low: UInt32, _ high: UInt32) -> UInt64 { UInt64(high) << 32 | UInt64(low) }
        let random = CounterRandom(seed: join(answer.key[0], answer.key[1]))
        let bits = random.bits(
            stream: join(answer.counter[2], answer.counter[3]),
            index: join(answer.counter[0], answer.counter[1]))
        #expect(bits == answer.bits)
    }

    @Test func seedsStreamsAndIndicesAllMatter() {
        let random = CounterRandom(seed: 1)
        let here = random.bits(stream: 2, index: 3)
        #expect(here == CounterRandom(seed: 1).bits(stream: 2, index: 3))
        #expect(here != CounterRandom(seed: 2).bits(stream: 2, index: 3))
        #expect(here != CounterRandom(seed: 1 << 32 | 1).bits(stream: 2, index: 3))
        #expect(here != random.bits(stream: 3, index: 3))
        #expect(here != random.bits(stream: 2 | 1 << 32, index: 3))
        #expect(here != random.bits(stream: 2, index: 4))
        #expect(here != random.bits(stream: 2, index: 3 | 1 << 32))
        #expect(random == CounterRandom(seed: 1))
        #expect(random != CounterRandom(seed: 1 << 32))
    }

    /// Of 4,096 uniform numbers about 256 fall in each sixteenth of [0, 1): the standard deviation is
    /// 15.5, and the draw is fixed, so the bound cannot fail by chance.
    @Test func uniformNumbersFillTheUnitInterval() {
        let random = CounterRandom(seed: 5)
        var counts = [Int](repeating: 0, count: 16)
        for i in 0..<4096 {
            let x = random.uniform(stream: 0, index: UInt64(i))
            #expect(x >= 0 && x < 1)
            counts[Int(x * 16)] += 1
        }
        #expect(counts.allSatisfy { abs($0 - 256) < 64 })
    }

    @Test(arguments: [1, 2, 3, 7, 1000, Int.max])
    func integersStayBelowTheirBound(bound: Int) {
        let random = CounterRandom(seed: 6)
        var (smallest, largest) = (bound, 0)
        for i in 0..<2000 {
            let x = random.integer(below: bound, stream: 1, index: UInt64(i))
            #expect(x >= 0 && x < bound)
            smallest = min(smallest, x)
            largest = max(largest, x)
        }
        // Both ends are reached where there are few numbers, and nearly so where there are many.
        #expect(smallest <= bound / 10)
        #expect(largest >= bound - 1 - bound / 10)
    }

    @Test(arguments: [0, 1, 2, 3, 100])
    func permutationsHoldEveryNumberOnce(count: Int) {
        let random = CounterRandom(seed: 7)
        let order = random.permutation(of: count, stream: 0)
        #expect(order.sorted() == Array(0..<count))
        #expect(order == random.permutation(of: count, stream: 0))
        if count == 100 {
            #expect(order != Array(0..<count))
            #expect(order != random.permutation(of: count, stream: 1))
        }
    }

    /// Each order of three comes up about as often as the others: of 6,000 draws 1,000 are expected,
    /// with a standard deviation of 29.
    @Test func permutationsAreFair() {
        let random = CounterRandom(seed: 8)
        var counts: [[Int]: Int] = [:]
        for stream in 0..<6000 {
            counts[random.permutation(of: 3, stream: UInt64(stream)), default: 0] += 1
        }
        #expect(counts.count == 6)
        #expect(counts.values.allSatisfy { abs($0 - 1000) < 150 })
    }
}
