import PoeCore
import PoeInference
import PoeNumerics
import Testing

@Suite("Sampler")
struct SamplerTests {
    /// Logits of the probabilities 0.5, 0.25, 0.15, 0.1 (tokens 2, 0, 3, 1).
    static let logits: [Float] = [-1.3862944, -2.3025851, -0.6931472, -1.89712]

    /// Which tokens are ever drawn in 2,000 draws, ascending.
    private func support(_ options: SamplingOptions, _ logits: [Float] = logits) -> [TokenID] {
        var sampler = Sampler(options)
        let drawn = (0..<2_000).map { sampler.next(from: logits, position: $0) }
        return Set(drawn.compactMap { $0 }).sorted()
    }

    private func options(
        temperature: Float = 1, topK: Int = 0, topP: Float = 1, minP: Float = 0,
        repeatPenalty: Float = 1, seed: UInt64 = 5
    ) -> SamplingOptions {
        SamplingOptions(
            temperature: temperature, topK: topK, topP: topP, minP: minP,
            repeatPenalty: repeatPenalty, seed: seed)
    }

    @Test("one seed gives one sequence, another seed, sample or position another")
    func seeds() {
        let flat = [Float](repeating: 0, count: 1_000)
        func sequence(_ seed: UInt64, _ sample: UInt64) -> [TokenID?] {
            var sampler = Sampler(options(seed: seed), sample: sample)
            return (0..<20).map { sampler.next(from: flat, position: $0) }
        }
        // Of 1,000 equal tokens, two unrelated sequences of 20 agree with probability 1e-60.
        #expect(sequence(1, 0) == sequence(1, 0))
        #expect(sequence(1, 0) != sequence(2, 0))
        #expect(sequence(1, 0) != sequence(1, 1))
        #expect(Set(sequence(1, 0)).count > 1)
    }

    @Test("frequencies follow the probabilities")
    func frequencies() throws {
        var sampler = Sampler(options())
        var counts = [Double](repeating: 0, count: 4)
        let draws = 20_000
        for i in 0..<draws {
            let token = sampler.next(from: Self.logits, position: i)
            counts[Int(try #require(token))] += 1
        }
        // Standard deviations are below 0.0036; the draws are seeded, so this cannot flake.
        for (count, p) in zip(counts, [0.25, 0.1, 0.5, 0.15]) {
            #expect(abs(count / Double(draws) - p) < 0.012)
        }
    }

    @Test("temperature 0 takes the largest, of equal ones the lowest id, whatever the seed")
    func greedy() {
        for seed: UInt64 in 0..<50 {
            var sampler = Sampler(options(temperature: 0, seed: seed))
            #expect(sampler.next(from: Self.logits) == 2)
            #expect(sampler.next(from: [0, 3, -1, 3]) == 1)
        }
    }

    @Test("a low temperature sharpens and a high one flattens")
    func temperature() {
        func share(_ temperature: Float) -> Double {
            var sampler = Sampler(options(temperature: temperature))
            let hits = (0..<4_000).filter {
                sampler.next(from: Self.logits, position: $0) == 2
            }
            return Double(hits.count) / 4_000
        }
        // p^2 / sum of p^2 = 0.25 / 0.345 = 0.725; sqrt(p) / sum of sqrt(p) = 0.707 / 1.911 = 0.370.
        #expect(abs(share(0.5) - 0.725) < 0.025)
        #expect(abs(share(2) - 0.370) < 0.025)
    }

    @Test("top-k 1 is greedy; top-k keeps the k largest, lower ids first")
    func topK() {
        #expect(support(options(topK: 1)) == [2])
        #expect(support(options(topK: 2)) == [0, 2])
        #expect(support(options(topK: 3)) == [0, 2, 3])
        #expect(support(options(topK: 9)) == [0, 1, 2, 3])
        #expect(support(options(topK: 3), [1, 1, 0, 1, 1, 1]) == [0, 1, 3])
        #expect(support(options(topK: 1), [-0.0, 0.0]) == [0])
    }

    @Test("top-k equals a full sort", arguments: [1, 2, 7, 40, 99, 100])
    func topKAgainstSort(k: Int) {
        let random = CounterRandom(seed: 3)
        // Eight values for 100 tokens: many ties.
        let logits = (0..<100).map { Float(random.integer(below: 8, stream: 0, index: $0)) / 8 }
        let order = logits.indices.sorted {
            logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1
        }
        let kept = support(options(topK: k), logits)
        #expect(kept == order.prefix(k).map { TokenID($0) }.sorted())
    }

    @Test("top-p keeps the most probable tokens that together reach p")
    func topP() {
        #expect(support(options(topP: 0.4)) == [2])
        #expect(support(options(topP: 0.6)) == [0, 2])
        #expect(support(options(topP: 0.8)) == [0, 2, 3])
        #expect(support(options(topP: 0.95)) == [0, 1, 2, 3])
        // On what top-k left: 0.5 and 0.25 of 0.75 are 0.67 and 0.33.
        #expect(support(options(topK: 2, topP: 0.6)) == [2])
    }

    @Test("min-p keeps tokens with that share of the largest probability")
    func minP() {
        #expect(support(options(minP: 1)) == [2])
        #expect(support(options(minP: 0.45)) == [0, 2])
        #expect(support(options(minP: 0.25)) == [0, 2, 3])
        #expect(support(options(minP: 0.15)) == [0, 1, 2, 3])
        #expect(support(options(topK: 3, topP: 0.6, minP: 0.6)) == [2])
    }

    @Test("top-p and min-p look at probabilities before the temperature")
    func filtersComeBeforeTemperature() {
        #expect(support(options(temperature: 100, topP: 0.6)) == [0, 2])
        #expect(support(options(temperature: 100, minP: 0.45)) == [0, 2])
    }

    @Test("the repeat penalty divides positive logits and multiplies the others, once")
    func repeatPenalty() {
        var sampler = Sampler(options(temperature: 0, repeatPenalty: 2))
        #expect(sampler.next(from: [3, 2, -9], recent: []) == 0)
        #expect(sampler.next(from: [3, 2, -9], recent: [0]) == 1)  // 1.5, 2
        #expect(sampler.next(from: [3, 1, -9], recent: [0, 0, 0]) == 0)  // 1.5, 1: once only
        #expect(sampler.next(from: [-3, -4, -9], recent: [0]) == 1)  // -6, -4
        let window = [TokenID](repeating: 2, count: Sampler.repeatWindow)
        #expect(sampler.next(from: [3, 2, -9], recent: [0] + window) == 0)
        #expect(sampler.next(from: [3, 2, -9], recent: [0] + window.dropLast()) == 1)
    }

    @Test("logits that are no finite numbers give no token", arguments: [Float(0), 0.8])
    func notFinite(_ temperature: Float) {
        for options in [
            options(temperature: temperature), options(temperature: temperature, topK: 2),
            options(temperature: temperature, topP: 0.5),
        ] {
            var sampler = Sampler(options)
            for value in [Float.nan, -.nan, .infinity, -.infinity] {
                #expect(sampler.next(from: [2, value, 1]) == nil)
            }
            #expect(sampler.next(from: [2, .greatestFiniteMagnitude, 1]) == 1)
        }
    }

    @Test("penalties beyond all measure leave scores that can be told apart")
    func extremePenalty() {
        var favoured = Sampler(options(temperature: 1, topK: 0, repeatPenalty: 1e-38))
        let drawn = Set(
            (0..<200).map { favoured.next(from: [1, 5, 9, 2], recent: [1, 2], position: $0) })
        #expect(drawn == [1, 2])
        var refused = Sampler(options(temperature: 1, topK: 0, repeatPenalty: 3e38))
        #expect(refused.next(from: [-1, -5, -9, -2], recent: [0, 1, 3]) == 2)
    }

    @Test("log-probabilities are those of the unmodified distribution")
    func logProbabilities() {
        let buffer = FloatBuffer(count: 4)
        for i in 0..<4 { buffer.vector(count: 4)[i] = Self.logits[i] + 10 }
        let found = LogProbabilities(logits: buffer.vector(count: 4), chosen: 3, alternatives: 2)
        #expect(abs(found.chosen - -1.8971200) < 1e-6)
        #expect(found.alternatives.map(\.token) == [2, 0])
        #expect(abs(found.alternatives[0].logProbability - -0.6931472) < 1e-6)
    }

    @Test(
        "options out of range are refused by name",
        arguments: [
            ("temperature", SamplingOptions(temperature: -1)),
            ("temperature", SamplingOptions(temperature: .nan)),
            ("temperature", SamplingOptions(temperature: .infinity)),
            ("topK", SamplingOptions(topK: -1)), ("topP", SamplingOptions(topP: 0)),
            ("topP", SamplingOptions(topP: 1.5)), ("minP", SamplingOptions(minP: -0.5)),
            ("minP", SamplingOptions(minP: 2)),
            ("repeatPenalty", SamplingOptions(repeatPenalty: 0)),
        ])
    func validation(option: String, options: SamplingOptions) throws {
        let error = #expect(throws: SamplingError.self) { try options.validate() }
        #expect(error?.option == option)
        try SamplingOptions().validate()
    }
}
