import PoeNumerics
import Testing

@Suite struct ProcessorsTests {
    static let quotas: [(String, Int?)] = [
        ("200000 100000\n", 2), ("150000 100000\n", 2), ("1000 100000\n", 1),
        ("400000\n 100000\n", 4), ("max 100000\n", nil), ("-1\n 100000\n", nil), (" ", nil),
        ("100000", nil), ("0 100000", nil), ("100000 0", nil), ("100000 100000 1", nil),
    ]

    @Test(arguments: quotas) func quotasAreRoundedUp(text: String, processors: Int?) {
        #expect(Processors.granted(byQuota: text) == processors)
    }

    @Test func thereIsAProcessor() {
        #expect(Processors.available >= 1)
    }
}
