import Poe
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The functions in the articles about the library, compiled and tried.
@Suite struct ArticleSnippetTests {
    func continuation(of beginning: String) throws -> String {
        let model = try LanguageModel(contentsOf: "models/bpe.poem")
        var options = GenerationOptions()
        options.maxNewTokens = 200
        options.temperature = 0.7
        options.stopStrings = ["\n\n"]
        return try TextGenerator(model, options: options).generate(beginning).text
    }

    func show(_ beginning: String, by generator: TextGenerator) async throws {
        for try await piece in generator.stream(beginning) {
            print(piece, terminator: "")
            fflush(nil)
        }
    }

    func firstLine(after beginning: String, by generator: TextGenerator) throws -> String {
        var line = ""
        _ = try generator.generate(beginning) { piece in
            line += piece
            return line.contains("\n") ? .interrupt : .proceed
        }
        return String(line.prefix { $0 != "\n" })
    }

    func variants(of beginnings: [String], by generator: TextGenerator) throws -> [String] {
        try generator.generate(batch: beginnings, samples: 3).map { $0.prompt + $0.text }
    }

    func likelier(_ one: String, _ other: String, to model: LanguageModel) throws -> String {
        let (a, b) = (try model.score(one), try model.score(other))
        return a.natsPerCharacter <= b.natsPerCharacter ? one : other
    }

    func again(_ completion: Completion, by generator: TextGenerator) throws -> Completion {
        var generator = generator
        generator.options.seed = completion.seed
        let samples = try generator.generate(
            batch: [completion.prompt], samples: completion.sample + 1)
        return samples[completion.sample]
    }

    @Test func articlesShowTheseFunctionsWordForWord() throws {
        let own = URL(filePath: #filePath)
        let catalogue = own.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Poe/Poe.docc")
        let source = try String(contentsOf: own, encoding: .utf8)
        var shown = 0
        for name in ["GenerateText.md", "Determinism.md"] {
            let article = try String(contentsOf: catalogue.appending(path: name), encoding: .utf8)
            for part in article.split(separator: "```swift\n").dropFirst() {
                let code = part.prefix(upTo: try #require(part.firstRange(of: "```")).lowerBound)
                let indented = code.split(separator: "\n").map { "    " + $0 }
                #expect(source.contains(indented.joined(separator: "\n")), "\(name): \(code)")
                shown += 1
            }
        }
        #expect(shown == 6)
    }

    @Test func theyDoWhatTheArticlesSay() throws {
        let model = LanguageModel(try TinyModel.model())
        var options = GenerationOptions()
        options.maxNewTokens = 40
        let generator = TextGenerator(model, options: options)
        for liked in try generator.generate(batch: ["ab no"], samples: 3) {
            #expect(try again(liked, by: generator).text == liked.text)
        }
        let texts = try variants(of: ["abc", "no"], by: generator)
        #expect(texts.map { $0.hasPrefix("abc") } == [true, true, true, false, false, false])
        #expect(Set(texts).count == 6)
        var seeded = generator
        seeded.options.seed = 1
        seeded.options.maxNewTokens = 400
        let whole = try seeded.generate("abc").text
        let line = try firstLine(after: "abc", by: seeded)
        #expect(whole.hasPrefix(line + "\n"), "\(line)")
        let likely = try model.score("abc").natsPerCharacter < model.score("lon").natsPerCharacter
        #expect(try likelier("abc", "lon", to: model) == (likely ? "abc" : "lon"))
        #expect(try likelier("lon", "abc", to: model) == (likely ? "abc" : "lon"))
    }
}
