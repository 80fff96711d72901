import PoeTraining
import Testing

@Suite struct FittedChoicesTests {
    @Test func longTextsAreReadLessOftenAndLessStrictly() {
        let words = FittedChoices(tokens: 923_317, hasMerges: true)
        #expect(words.width == 256 && words.layers == 6)
        #expect(words.epochs == 20 && words.dropout == 0.05)
        #expect(words.weightDecay == 0.2 && words.mergeDropout == 0.1 && words.halfDepth == 0)
        #expect(words.matrixOptimizer == .muon)

        let characters = FittedChoices(tokens: 2_149_646, hasMerges: false)
        #expect(characters.epochs == 9 && characters.dropout == 0.05)
        #expect(characters.weightDecay == 0.09 && characters.mergeDropout == 0)
    }

    @Test func shortTextsGetSmallModels() {
        let tale = FittedChoices(tokens: 139_000, hasMerges: true)
        #expect(tale.width == 192 && tale.epochs == 40 && tale.weightDecay == 0.4)
        #expect(tale.dropout == 0.1 && tale.mergeDropout == 0.4 && tale.halfDepth == 0.3)
        #expect(tale.matrixOptimizer == .muon)
        let page = FittedChoices(tokens: 1_000, hasMerges: true)
        #expect(page.width == 128 && page.layers == 4 && page.dropout == 0.1)
        #expect(FittedChoices(tokens: 0, hasMerges: true).epochs == 40)
    }

    @Test func aTextOfCharactersIsNoLongerThanOneOfWords() {
        #expect(FittedChoices(tokens: 110_000, hasMerges: false).dropout == 0.15)
        #expect(FittedChoices(tokens: 110_000, hasMerges: true).width == 192)
        #expect(FittedChoices(tokens: 199_999, hasMerges: false).width == 128)
        #expect(FittedChoices(tokens: 200_000, hasMerges: false).width == 192)
        #expect(FittedChoices(tokens: 799_999, hasMerges: false).width == 192)
        #expect(FittedChoices(tokens: 800_000, hasMerges: false).width == 256)
    }

    @Test func fewStepsAreMadeMoreBySmallerOnes() {
        #expect(FittedChoices(tokens: 923_317, hasMerges: true).batchWindows == 32)
        #expect(FittedChoices(tokens: 102_400, hasMerges: true).batchWindows == 32)
        #expect(FittedChoices(tokens: 102_300, hasMerges: true).batchWindows == 16)
        #expect(FittedChoices(tokens: 102_400, context: 256, hasMerges: true).batchWindows == 16)
        #expect(FittedChoices(tokens: 102_300, hasMerges: false).batchWindows == 32)
        #expect(FittedChoices(tokens: 102_400, hasMerges: true).matrixOptimizer == .muon)
        #expect(FittedChoices(tokens: 102_300, hasMerges: true).matrixOptimizer == .norMuon)
        #expect(FittedChoices(tokens: 102_300, hasMerges: false).matrixOptimizer == .muon)
        #expect(FittedChoices(tokens: 24_999, hasMerges: true).batchWindows == 32)
        #expect(FittedChoices(tokens: 25_000, hasMerges: true).batchWindows == 16)
        #expect(FittedChoices(tokens: 102_400, hasMerges: true).mergeDropout == 0.4)
        #expect(FittedChoices(tokens: 102_300, hasMerges: true).mergeDropout == 0.6)
        #expect(FittedChoices(tokens: 24_999, hasMerges: true).mergeDropout == 0.4)
    }

    /// A finished model is trained in few passes, of many small steps.
    @Test func aBaseIsKept() {
        let fresh = FittedChoices(tokens: 40_000, hasMerges: true)
        let book = FittedChoices(tokens: 40_000, hasMerges: true, hasBase: true)
        #expect(book.epochs == 6 && book.batchWindows == 16 && book.halfDepth == 0)
        #expect(book.dropout == 0.1 && book.weightDecay == 0.05 && book.mergeDropout == 0)
        #expect(book.matrixOptimizer == .muon && fresh.matrixOptimizer == .norMuon)
        #expect(book.learningRate == 0.0004 && fresh.learningRate == 0.004)
        #expect(book.matrixLearningRate == 0.002 && fresh.matrixLearningRate == 0.02)
        #expect(FittedChoices(tokens: 24_999, hasMerges: true, hasBase: true).batchWindows == 8)
        let long = FittedChoices(tokens: 923_317, hasMerges: true, hasBase: true)
        #expect(long.epochs == 6 && long.batchWindows == 32)
    }

    @Test func dialsFollowThePassesThatAreAskedFor() {
        let few = FittedChoices(tokens: 923_317, epochs: 2, hasMerges: true)
        #expect(few.epochs == 2 && few.dropout == 0.05 && few.weightDecay == 0.05)
        let many = FittedChoices(tokens: 923_317, epochs: 1_000, hasMerges: true)
        #expect(FittedChoices(tokens: 139_000, epochs: 39, hasMerges: true).halfDepth == 0)
        #expect(many.halfDepth == 0.3)
        #expect(many.epochs == 1_000 && many.dropout == 0.1 && many.mergeDropout == 0.4)
    }
}
