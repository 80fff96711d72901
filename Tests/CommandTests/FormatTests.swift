import PoeCommand
import Testing

@Suite struct FormatTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-1_000, "-1,000"),
        (-999, "-999"), (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func counts(value: Int, text: String) {
        #expect(Format.count(value) == text)
    }

    @Test func countsNouns() {
        #expect(Format.count(1, "token") == "1 token")
        #expect(Format.count(4_902_912, "parameter") == "4,902,912 parameters")
    }

    @Test(arguments: [
        (1.34, 3, "1.340"), (0.05, 1, "0.1"), (0.0049, 2, "0.00"), (-0.0049, 2, "0.00"),
        (-1.5, 1, "-1.5"), (12.0, 0, "12"), (0.999, 2, "1.00"), (.infinity, 2, "inf"),
        (1e300, 2, "1e+300"),
    ])
    func fixesDecimals(value: Double, decimals: Int, text: String) {
        #expect(Format.fixed(value, decimals) == text)
    }

    @Test(arguments: [
        (0.0015, 2, "1.50e-03"), (0.0, 1, "0.0"), (9.999, 1, "1.0e+01"), (-1234.0, 2, "-1.23e+03"),
        (1e-5, 2, "1.00e-05"),
    ])
    func writesExponents(value: Double, decimals: Int, text: String) {
        #expect(Format.scientific(value, decimals) == text)
    }

    @Test(arguments: [
        (0, "0 bytes"), (999, "999 bytes"), (1_000, "1.00 kB"), (2_790_000, "2.79 MB"),
        (31_240_000, "31.2 MB"), (999_600, "1.00 MB"), (999_999_999, "1.00 GB"),
    ])
    func sizesBytes(value: Int, text: String) {
        #expect(Format.bytes(value) == text)
    }

    @Test(arguments: [
        (0.0, "0.00"), (0.0312, "0.0312"), (0.312, "0.312"), (2.789, "2.79"), (31.24, "31.2"),
        (99.96, "100"), (1_250.4, "1,250"),
    ])
    func keepsThreeDigits(value: Double, text: String) {
        #expect(Format.significant(value) == text)
    }

    @Test(arguments: [
        (0.0041, "4.1ms"), (0.0418, "42ms"), (0.418, "0.42s"), (0.996, "1.0s"), (8.12, "8.1s"),
        (9.96, "10s"), (59.4, "59s"),
        (59.6, "1m 00s"), (723.0, "12m 03s"), (3_599.9, "1h 00m"), (11_220.0, "3h 07m"),
        (187_200.0, "2d 04h"), (-1.0, "0.0ms"), (.infinity, "unknown"), (.nan, "unknown"),
    ])
    func writesDurations(seconds: Double, text: String) {
        #expect(Format.duration(seconds) == text)
    }

    @Test func takesDurations() {
        #expect(Format.duration(.milliseconds(1_500)) == "1.5s")
    }
}
