import Foundation
import PoeCore
import PoeInference
import PoeModel
import PoeNumerics
import PoeTestSupport
import PoeTokenizer
import PoemFile
import Testing

/// The promise of the runtime: same file, prompt, seed and sampler give the same text, whatever else
/// runs beside it and on whatever processor.
@Suite struct SameTextTests {
    /// 64 texts of 100 tokens; some prompts are so long that the window slides.
    private static func requests(_ tokenizer: Tokenizer) throws -> [GenerationRequest] {
        let random = CounterRandom(seed: 6)
        let words = [
            "the", "house", "of", "a", "dark", "lamp", "and", "then", "I", "saw", "her", "voice",
            "upon", "door", "without", "water", "silence", "was", "not", "there,",
        ]
        return try (0..<64).map { i in
            let count = 1 + random.integer(below: i % 8 == 7 ? 60 : 20, stream: 0, index: UInt64(i))
            let prompt = (0..<count).map {
                words[random.integer(below: words.count, stream: 1 + UInt64(i), index: UInt64($0))]
            }.joined(separator: " ")
            return GenerationRequest(
                prompt: try tokenizer.encodePrompt(prompt).tokens, maxNewTokens: 100,
                sampling: SamplingOptions(seed: 1), sample: UInt64(i % 3))
        }
    }

    /// The hash of all texts, in order.
    private func hash(
        _ reader: PoemReader, _ kernels: KernelSet, rows: Int, threads: Int
    ) throws -> String {
        let tokenizer = try Model.tokenizer(of: reader)
        let weights = try PackedWeights.load(reader, kernels: kernels)
        let engine = Engine(weights, threads: threads, kernels: kernels)
        let results = try engine.generate(Self.requests(tokenizer), maximumRows: rows).results
        #expect(weights.arithmetic == .int8)
        #expect(results.allSatisfy { $0.tokens.count == 100 })
        let text = results.map { tokenizer.decode($0.tokens) }.joined(separator: "\n")
        return String(XXH64.hash(Array(text.utf8)), radix: 16)
    }

    /// `POE_UPDATE_GOLDENS=1 swift test --filter SameTextTests` writes the hashes anew.
    @Test(arguments: ["bpe", "char"]) func isTheGoldenText(_ name: String) throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let models = tests.deletingLastPathComponent().deletingLastPathComponent()
        let reader = try PoemReader(path: models.appending(path: "models/\(name).poem").path)
        var hashes: [String: String] = [:]
        for kernels in KernelSet.available {
            for rows in [1, 7, 64] {
                for threads in [1, 2, 3] where Self.isTried(name, kernels, rows, threads) {
                    hashes["\(kernels) \(rows) \(threads)"] = try hash(
                        reader, kernels, rows: rows, threads: threads)
                }
            }
        }
        #expect(!hashes.isEmpty)
        let golden = tests.appending(path: "Goldens/\(name).text.xxh64")
        if GoldenSwitch.update.isOn {
            try hashes.values.first?.appending("\n").write(
                to: golden, atomically: true, encoding: .utf8)
            Issue.record("\(GoldenSwitch.update.complaint)")
        }
        let expected = try String(contentsOf: golden, encoding: .utf8).trimmingCharacters(
            in: .whitespacesAndNewlines)
        for (variant, hash) in hashes { #expect(hash == expected, "\(variant)") }
    }

    /// Everything with one model; the slow scalar set and the other model take less of it, and
    /// both together nothing, unless there is no other set.
    private static func isTried(
        _ name: String, _ kernels: KernelSet, _ rows: Int, _ threads: Int
    ) -> Bool {
        switch (name, kernels) {
        case ("bpe", .scalar): [[1, 1], [64, 3]].contains([rows, threads])
        case ("bpe", _): true
        default:
            (kernels != .scalar || KernelSet.available == [.scalar])
                && [[1, 2], [64, 2]].contains([rows, threads])
        }
    }
}
