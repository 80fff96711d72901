import PoeCore
import PoeTokenizer
import PoeTraining
import Testing

@Suite struct TextPerturbationTests {
    private let text = String(
        repeating: "the raven and the lamp, the lamp and the raven; ", count: 40)

    private func perturbation(
        _ merges: Float, noise: Float = 0
    ) throws -> (tokens: [TokenID], tokenizer: Tokenizer, made: TextPerturbation) {
        let description = try TokenizerTrainer.bpe(
            texts: [text], alphabetTexts: [text], vocabularySize: 40, pretokenizer: .gpt2)
        let tokenizer = try Tokenizer(description)
        let tokens = try tokenizer.encode(text)
        var recipe = Recipe()
        recipe.mergeDropout = merges
        recipe.tokenNoise = noise
        return (
            tokens, tokenizer,
            TextPerturbation(tokens, tokenizer: description, recipe: recipe, stepCount: 100)
        )
    }

    @Test func undoneMergesAreTheSameText() throws {
        let (tokens, tokenizer, made) = try perturbation(0.5)
        for (step, window) in [(0, 0), (0, 1), (10, 0), (60, 3)] {
            let cut = made.text(from: 7, count: 90, step: step, window: window)
            #expect(cut.count == 90)
            #expect(cut != Array(tokens[7..<97]))
            let whole = tokenizer.decode(Array(tokens[7...]))
            #expect(whole.hasPrefix(tokenizer.decode(cut)))
            #expect(cut == made.text(from: 7, count: 90, step: step, window: window))
        }
        #expect(
            made.text(from: 7, count: 90, step: 0, window: 0)
                != made.text(from: 7, count: 90, step: 1, window: 0))
    }

    /// Fewer and fewer merges are undone, in the end none.
    @Test func theEndIsAsTheTokenizerCuts() throws {
        let (tokens, tokenizer, made) = try perturbation(0.9)
        let lengths = [0, 50, 100].map { step in
            tokenizer.decode(made.text(from: 0, count: 200, step: step, window: 0)).count
        }
        #expect(lengths[0] < lengths[1] && lengths[1] < lengths[2])
        #expect(made.text(from: 0, count: 200, step: 100, window: 0) == Array(tokens[..<200]))
        // At the end of the text too, no token is asked for that is not there.
        let last = made.text(from: tokens.count - 20, count: 20, step: 99, window: 0)
        #expect(last.count == 20)
    }

    @Test func noiseReplacesItsShare() throws {
        let (tokens, _, made) = try perturbation(0, noise: 0.25)
        #expect(made.text(from: 3, count: 50, step: 0, window: 0) == Array(tokens[3..<53]))
        var changed = 0
        for step in 0..<50 {
            let inputs = Array(tokens[..<200])
            changed += zip(inputs, made.noisy(inputs, step: step, window: 0)).count { $0 != $1 }
        }
        // A token that is replaced by its like does not show: fewer than a quarter.
        #expect((1_500...2_500).contains(changed))
    }
}
