import Poe
import Testing

@Suite("README")
struct ReadmeSnippetTests {
    // The lines between the marks stand in README.md, word for word.
    // snippet-begin
    func nevermore() throws -> String {
        let model = try LanguageModel(contentsOf: "models/bpe.poem")
        var options = GenerationOptions()
        options.seed = 1
        options.stopStrings = ["\n\n"]
        let generator = TextGenerator(model, options: options)
        return try generator.generate("Once upon a midnight dreary").text
    }
    // snippet-end

    @Test("the snippet compiles, and says which file it lacks")
    func snippet() throws {
        do {
            #expect(try !nevermore().isEmpty)
        } catch let error as PoeError {
            #expect(error.code == .noInput && error.description.contains("models/bpe.poem"))
        }
    }
}
