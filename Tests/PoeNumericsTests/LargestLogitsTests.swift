import PoeCore
import PoeNumerics
import Testing

@Suite struct LargestLogitsTests {
    /// A plain sort: by falling logit, equal ones by id.
    private func plain(_ count: Int, of logits: [Float]) -> [UInt32] {
        logits.indices.sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }
            .prefix(count).sorted().map { UInt32($0) }
    }

    @Test(arguments: KernelSet.available, [1, 15, 16, 17, 40, 512, 1_000])
    func areThoseOfASort(kernels: KernelSet, size: Int) {
        let random = CounterRandom(seed: 5)
        var largest = LargestLogits(kernels)
        for spread in [3, 50, 1 << 20] {
            // Few distinct numbers make ties; half of them are negative.
            let logits = (0..<size).map {
                Float(random.integer(below: spread, stream: UInt64(spread), index: UInt64($0)))
                    - Float(spread / 2)
            }
            for count in [0, 1, 2, 39, 40, size - 1, size, size + 5] where count >= 0 {
                largest.select(count, of: logits)
                #expect(largest.ids == plain(count, of: logits), "\(count) of \(size), \(spread)")
            }
        }
    }

    @Test(arguments: KernelSet.available) func extremesAreInOrder(kernels: KernelSet) {
        var largest = LargestLogits(kernels)
        let logits: [Float] = [
            -.infinity, 0, -0.0, .infinity, -1e-45, 1e-45, .greatestFiniteMagnitude, -1e38, 0,
        ]
        for count in 0...logits.count {
            largest.select(count, of: logits)
            #expect(largest.ids == plain(count, of: logits))
        }
        largest.select(2, of: [Float](repeating: -.infinity, count: 20))
        #expect(largest.ids == [0, 1])
    }
}
