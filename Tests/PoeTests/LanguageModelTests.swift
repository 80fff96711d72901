import Poe
import PoeCore
import PoeModel
import PoeTokenizer
import PoemFile
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Language model")
struct LanguageModelTests {
    @Test("a file gives the model that was written")
    func file() throws {
        let path = "/tmp/poe-tests-\(getpid())-\(UInt64.random(in: 0 ... .max)).poem"
        defer { unsafe unlink(path) }
        let model = try TinyModel.model()
        try model.write(to: path, profile: .lossless)
        let opened = try LanguageModel(contentsOf: path)
        #expect(opened.configuration == model.configuration)
        #expect(opened.vocabularySize == model.configuration.vocabularySize)
        #expect(opened.card == "# A tiny model\n")
        #expect(opened.decode(try opened.encode("no abc")) == "no abc")
        let text = try TextGenerator(opened, options: fixed).generate("abc").text
        #expect(
            try text == TextGenerator(LanguageModel(model), options: fixed).generate("abc").text)

        let error = #expect(throws: PoeError.self) {
            try LanguageModel(contentsOf: path, maxMemory: 1_000)
        }
        #expect(error?.code == .malformedFile && error?.failureKind == .malformed)
    }

    private var fixed: GenerationOptions {
        var options = GenerationOptions()
        options.seed = 3
        return options
    }

    @Test("a missing file and a file of another kind are told apart")
    func badFiles() throws {
        let folder = "/tmp/poe-tests-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try #require(unsafe mkdir(folder, 0o700) == 0)
        defer { unsafe rmdir(folder) }
        let missing = #expect(throws: PoeError.self) {
            try LanguageModel(contentsOf: folder + "/no-such-file.poem")
        }
        #expect(missing?.code == .noInput && missing?.failureKind == .noInput)
        let other = #expect(throws: PoeError.self) { try LanguageModel(contentsOf: folder) }
        #expect(other?.failureKind == .noInput)
    }

    @Test("a text's score is the reference's cross-entropy, window by window")
    func score() throws {
        let model = try TinyModel.model()
        let text = "abc no defgh—é\nponmlkjihgfedcba abc no abc no abc"
        let score = try LanguageModel(model).score(text, threads: 2)
        let tokens = try model.tokenizer.encode(text)
        let reference = ReferenceModel(model.weights)
        var nats = 0.0
        for start in stride(from: 0, to: tokens.count - 1, by: 16) {
            let inputs = Array(tokens[start..<min(start + 16, tokens.count - 1)])
            for (t, row) in reference.logits(inputs).enumerated() {
                let sum = row.reduce(0) { $0 + exp($1) }
                nats += log(sum) - row[Int(tokens[start + t + 1])]
            }
        }
        #expect(score.tokens == tokens)
        #expect(score.logProbabilities.count == tokens.count - 1)
        // f32 logits are within 1e-4 of the reference; 40 tokens.
        #expect(abs(score.totalNats - nats) < 1e-3)
        #expect(score.characters == text.unicodeScalars.count)
        #expect(abs(score.natsPerToken - nats / Double(tokens.count - 1)) < 1e-4)
        #expect(abs(score.natsPerCharacter - nats / Double(score.characters)) < 1e-4)
        #expect(abs(score.bitsPerCharacter - score.natsPerCharacter / log(2)) < 1e-12)
    }

    @Test("an unknown character costs one of 1,114,112 code points")
    func unknownCharacters() throws {
        let model = LanguageModel(try TinyModel.model())
        let known = try model.score("abc no")
        let score = try model.score("abcZ no\u{416}")
        #expect(TextScore.unknownCharacterNats == log(1_114_112))
        #expect(score.unknownCharacters == 2 && score.characters == 8)
        #expect(score.tokens == known.tokens)
        #expect(abs(score.totalNats - known.totalNats - 2 * log(1_114_112)) < 1e-9)
    }

    @Test("texts of no or one token have no loss", arguments: ["", "a"])
    func shortTexts(text: String) throws {
        let score = try LanguageModel(try TinyModel.model()).score(text)
        #expect(score.totalNats == 0 && score.natsPerToken == 0 && score.natsPerCharacter == 0)
    }

    @Test("a text in progress that takes too much memory is refused")
    func memory() throws {
        // Keys and values of 2 blocks of width 16: 256 bytes a token.
        let model = LanguageModel(try TinyModel.model(), maxMemory: 1_000)
        #expect(try model.score("ace").tokens.count == 3)
        let text = "defghijk"
        let scored = #expect(throws: PoeError.self) { try model.score(text) }
        let generated = #expect(throws: PoeError.self) { try TextGenerator(model).generate("a") }
        for error in [scored, generated] {
            #expect(error?.code == .invalidOption)
            #expect(error?.description.contains("take a model with a shorter context") == true)
        }
        #expect(scored?.description.hasPrefix("one text of 8 tokens takes 2048 bytes") == true)
    }

    @Test("a stride out of range is refused", arguments: [0, -1, 17])
    func badStride(stride: Int) throws {
        let model = LanguageModel(try TinyModel.model())
        #expect(throws: PoeError.self) { try model.score("abc", stride: stride) }
    }
}
