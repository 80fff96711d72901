import PoeCore
import PoeInference
import PoeNumerics
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Exponential and logarithm")
struct ElementaryTests {
    /// Relative error allowed against the C library: four units in the last place.
    static let tolerance = 0x1p-50

    @Test("exp agrees with the C library")
    func exponential() {
        for i in -70_000...7_000 {
            let x = Double(i) / 100 + 1 / 3
            let expected = exp(x)
            #expect(abs(Elementary.exp(x) - expected) <= Self.tolerance * expected)
        }
        #expect(Elementary.exp(0) == 1)
        #expect(Elementary.exp(-1e9) == 0 && Elementary.exp(-.infinity) == 0)
        #expect(Elementary.exp(1e9) == .infinity)
        #expect(Elementary.exp(.nan).isNaN)
    }

    @Test("log agrees with the C library")
    func logarithm() {
        for i in -600...600 {
            let x = pow(1.37, Double(i))
            #expect(abs(Elementary.log(x) - log(x)) <= Self.tolerance * max(1, abs(log(x))))
        }
        #expect(Elementary.log(1) == 0)
    }
}
