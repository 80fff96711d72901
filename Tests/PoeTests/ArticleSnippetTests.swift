import Poe
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
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
        return try generator.generate(completion.prompt)
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
        let first = try generator.generate("ab no")
        #expect(try again(first, by: generator).text == first.text)
        let texts = try variants(of: ["abc", "no"], by: generator)
        #expect(texts.map { $0.hasPrefix("abc") } == [true, true, true, false, false, false])
        #expect(Set(texts).count == 6)
        #expect(try !firstLine(after: "abc", by: generator).contains("\n"))
        let scores = try ["abc", "lon"].map { try model.score($0).natsPerCharacter }
        #expect(try likelier("abc", "lon", to: model) == (scores[0] <= scores[1] ? "abc" : "lon"))
    }
}
