import Foundation
import Poe
import PoeCore
import PoeInference
import PoeModel
import PoeTokenizer
import Testing

/// Every sampling option arrives at the sampler, whether a program sets it or a flag does.
@Suite struct SamplingOptionTests {
    /// One option away from its default: as a flag, for the engine, and as a program sets it.
    struct Setting: Sendable, CustomTestStringConvertible {
        let flags: [String]
        let sampling: SamplingOptions
        let change: @Sendable (inout GenerationOptions) -> Void

        init(
            _ flag: String, _ value: String, _ sampling: SamplingOptions,
            _ change: @escaping @Sendable (inout GenerationOptions) -> Void
        ) {
            flags = [flag, value]
            self.sampling = sampling
            self.change = change
        }

        var testDescription: String { flags.joined(separator: " ") }
    }

    private static let prompt = "The quick"
    /// So many that no two ways of choosing among 79 tokens choose alike all the way.
    private static let tokenCount = 60
    private static let seed: UInt64 = 5

    static let settings = [
        Setting("--temp", "1.5", SamplingOptions(temperature: 1.5, seed: seed)) {
            $0.temperature = 1.5
        },
        Setting("--top-k", "3", SamplingOptions(topK: 3, seed: seed)) { $0.topK = 3 },
        Setting("--top-p", "0.5", SamplingOptions(topP: 0.5, seed: seed)) { $0.topP = 0.5 },
        Setting("--min-p", "0.5", SamplingOptions(minP: 0.5, seed: seed)) { $0.minP = 0.5 },
        Setting("--repeat-penalty", "2", SamplingOptions(repeatPenalty: 2, seed: seed)) {
            $0.repeatPenalty = 2
        },
    ]

    private let place: Workplace

    init() throws { place = try Workplace() }

    /// What the engine makes with these options, without the library.
    private func tokens(_ sampling: SamplingOptions) throws -> [TokenID] {
        let model = try TinyModel.make()
        let request = GenerationRequest(
            prompt: try model.tokenizer.encodePrompt(Self.prompt).tokens,
            maxNewTokens: Self.tokenCount, sampling: sampling)
        let results = try Engine(model.weights, threads: 1).generate([request]).results
        return results[0].tokens
    }

    @Test(arguments: settings) func arrivesAtTheSampler(setting: Setting) throws {
        let expected = try tokens(setting.sampling)
        #expect(expected.count == Self.tokenCount)
        let usual = try tokens(SamplingOptions(seed: Self.seed))
        #expect(usual != expected)

        var options = GenerationOptions()
        options.seed = Self.seed
        options.maxNewTokens = Self.tokenCount
        setting.change(&options)
        let generator = TextGenerator(try LanguageModel(contentsOf: place.model), options: options)
        let completion = try generator.generate(Self.prompt)
        #expect(completion.tokens == expected)

        let run = try Program("poe-run").run(
            [
                place.model, "-p", Self.prompt, "-n", "\(Self.tokenCount)", "--seed",
                "\(Self.seed)", "--jsonl",
            ] + setting.flags)
        #expect(run.status == 0, "\(run.errors)")
        let written = try run.json()["tokens"] as? [Int]
        #expect(written == expected.map { Int($0) })
    }
}
