import PoeCore
import PoeTokenizer
import Testing

@Suite struct TrainerTests {
    /// Gage's example as textbooks have it, with our rule for ties.
    @Test func textbook() throws {
        // aaabdaaabac: aa occurs 4 times (overlaps count), so 4 = aa: 4 a b d 4 a b a c.
        // Then ab and 4a occur twice; the smaller left token wins, so 5 = ab: 4 5 d 4 5 a c.
        // Then 45 occurs twice, so 6 = aaab: 6 d 6 a c. No pair is left that occurs twice.
        let description = try TokenizerTrainer.bpe(texts: ["aaabdaaabac"], vocabularySize: 100)
        #expect(description.base == .characters(["a", "b", "c", "d"]))
        #expect(description.merges == [Merge(0, 0), Merge(0, 1), Merge(4, 5)])
        let tokenizer = try Tokenizer(description)
        #expect(try tokenizer.encode("aaabdaaabac") == [6, 3, 6, 0, 2])
        #expect(tokenizer.decode([6, 3, 6, 0, 2]) == "aaabdaaabac")
    }

    /// Four pairs occur twice each: the smaller left token is taken first, then the smaller right one.
    @Test func tiesGoToSmallerTokens() throws {
        let description = try TokenizerTrainer.bpe(
            texts: ["dc db ca cb dc db ca cb"], vocabularySize: 7, pretokenizer: .words)
        #expect(description.base == .characters([" ", "a", "b", "c", "d"]))
        #expect(description.merges == [Merge(3, 1), Merge(3, 2)])
    }

    @Test(arguments: Pretokenizer.allCases)
    func agreesWithPlainTrainer(pretokenizer: Pretokenizer) throws {
        for seed in 0..<4 {
            var random = RandomText(seed: UInt64(seed))
            let texts = (0..<3).map { _ in random.prose(words: 25) }
            let description = try TokenizerTrainer.bpe(
                texts: texts, vocabularySize: 120, pretokenizer: pretokenizer)
            let plain = PlainBPE.train(
                PlainBPE.words(texts, description.base, pretokenizer),
                lengths: lengths(description.base), count: 120 - description.baseCount)
            #expect(description.merges == plain)
            #expect(!plain.isEmpty)
        }
    }

    /// Two or three letters give many ties and overlaps, with words of every length.
    @Test(arguments: [2, 3])
    func agreesWithPlainTrainerOnTies(letters: Int) throws {
        for seed in 0..<20 {
            var random = RandomText(seed: UInt64(1000 + seed))
            let alphabet: [Unicode.Scalar] = ["a", "b", "c"].prefix(letters) + [" "]
            let texts = [random.string(of: alphabet, count: 20 + seed * 6)]
            let description = try TokenizerTrainer.bpe(
                texts: texts, vocabularySize: 60, pretokenizer: .words)
            let plain = PlainBPE.train(
                PlainBPE.words(texts, description.base, .words),
                lengths: lengths(description.base), count: 60 - description.baseCount)
            #expect(description.merges == plain)
        }
    }

    @Test func byteLevelAgreesWithPlainTrainer() throws {
        var random = RandomText(seed: 7)
        let texts = [random.prose(words: 80)]
        let description = try TokenizerTrainer.byteLevelBPE(texts: texts, vocabularySize: 330)
        #expect(description.base == .bytes)
        #expect(
            description.merges
                == PlainBPE.train(
                    PlainBPE.words(texts, .bytes, .gpt2), lengths: lengths(.bytes), count: 74))
    }

    /// A word that doubles would reach 512 bytes; the trainer must stop at the limit, as a plain one
    /// does, and what it makes must be accepted.
    @Test func tokensStayWithinTheLimit() throws {
        let texts = [String(repeating: "é", count: 700)]
        let description = try TokenizerTrainer.bpe(texts: texts, vocabularySize: 60)
        let plain = PlainBPE.train(
            PlainBPE.words(texts, description.base, .gpt2), lengths: [2], count: 59)
        #expect(description.merges == plain)
        let tokenizer = try Tokenizer(description)
        let longest = (0..<tokenizer.vocabularySize).map {
            tokenizer.bytes(of: TokenID($0)).count
        }.max()
        #expect(longest == TokenizerLimits.expansionBytes)
    }

    /// Where no size is asked for, a text that is long enough to teach spelling keeps rare pairs apart.
    @Test func fittedVocabulariesKeepToFrequentPairs() throws {
        var random = RandomText(seed: 11)
        let length = TokenizerTrainer.spellingLength
        var text = ""
        while text.unicodeScalars.count < length { text += random.prose(words: 900) + "\n" }
        text.unicodeScalars.removeLast(text.unicodeScalars.count - length)
        let description = try TokenizerTrainer.bpe(texts: [text])
        let plain = PlainBPE.train(
            PlainBPE.words([text], description.base, .gpt2), lengths: lengths(description.base),
            count: 512 - description.baseCount, leastCount: 100)
        #expect(description.merges == plain)
        let most = try TokenizerTrainer.bpe(texts: [text], vocabularySize: 512)
        #expect(!plain.isEmpty && plain.count < most.merges.count)

        text.unicodeScalars.removeLast()
        let shorter = try TokenizerTrainer.bpe(texts: [text])
        #expect(shorter == (try TokenizerTrainer.bpe(texts: [text], vocabularySize: 512)))
        #expect(try TokenizerTrainer.byteLevelBPE(texts: [text]).vocabularySize == 512)
    }

    /// Where there are more characters than 256, each is a token, and there is room for merges.
    @Test func fittedVocabulariesHoldEveryCharacter() throws {
        let many = String(String.UnicodeScalarView((0..<700).map { Unicode.Scalar(0x4E00 + $0)! }))
        let description = try TokenizerTrainer.bpe(texts: [many, "一丁\n一丁"])
        #expect(description.baseCount == 701)
        #expect(description.merges.count == 1)
        #expect(TokenizerTrainer.fittedSize(baseCount: 701) == 957)
    }

    @Test func noMergeCrossesTexts() throws {
        let description = try TokenizerTrainer.bpe(
            texts: ["a", "b", "a", "b", "a", "b"], vocabularySize: 10)
        #expect(description.merges.isEmpty)
        #expect(description.vocabularySize == 2)
    }

    @Test func alphabetComesFromBothKindsOfTexts() throws {
        let description = try TokenizerTrainer.bpe(
            texts: ["abab"], alphabetTexts: ["φ"], vocabularySize: 4)
        #expect(description.base == .characters(["a", "b", "φ"]))
        #expect(description.merges == [Merge(0, 1)])
    }

    @Test func charactersAreSortedScalars() throws {
        // U+0301 stands alone after e: scalars, not what a reader sees as one character.
        let description = TokenizerTrainer.characters(of: ["ba", "e\u{301}😀a"])
        #expect(description.base == .characters(["a", "b", "e", "\u{301}", "😀"]))
        #expect(description.merges.isEmpty)
    }

    @Test func trainingTwiceGivesTheSame() throws {
        var random = RandomText(seed: 3)
        let texts = [random.prose(words: 500)]
        let first = try TokenizerTrainer.bpe(texts: texts, vocabularySize: 120)
        let second = try TokenizerTrainer.bpe(texts: texts, vocabularySize: 120)
        #expect(first == second)
        #expect(first.vocabularySize == 120)
    }

    @Test func replacementIsABlankOrALineEnd() {
        #expect(TokenizerTrainer.characters(of: ["\n a"]).replacement == 1)
        #expect(TokenizerTrainer.characters(of: ["\na"]).replacement == 0)
        #expect(TokenizerTrainer.characters(of: ["!\u{9}\n"]).replacement == 1)
        #expect(TokenizerTrainer.characters(of: ["xyz"]).replacement == 0)
    }

    /// Each fold is set where its target is in the alphabet and its source is not used.
    @Test func foldsFollowTheTexts() {
        func folds(_ text: String) -> TokenizerDescription.Folds {
            TokenizerTrainer.characters(of: [text]).folds
        }
        #expect(folds("a") == [.canonicalComposition])
        #expect(folds("“a”").contains(.quotes))
        #expect(!folds("“a”\"").contains(.quotes))
        #expect(folds("a’s").contains(.quotes))
        #expect(!folds("a’s'").contains(.quotes))
        #expect(folds("a—b-c").contains(.dashes))
        #expect(!folds("a—b--c").contains(.dashes))
        #expect(folds("a….").contains(.ellipses))
        #expect(!folds("a…...").contains(.ellipses))
        #expect(folds("….. .a..").contains(.ellipses))
        #expect(!folds("…..a...").contains(.ellipses))
        // A run counts within one text only.
        #expect(TokenizerTrainer.characters(of: ["—-", "-—"]).folds.contains(.dashes))
        #expect(!TokenizerTrainer.characters(of: ["—", "--"]).folds.contains(.dashes))
        #expect(folds("a\n").contains(.lineEnds))
        #expect(!folds("a\r\n").contains(.lineEnds))
    }

    @Test func impossibleSizesAreErrors() {
        #expect(throws: TokenizerError.emptyAlphabet) {
            try TokenizerTrainer.bpe(texts: [""], vocabularySize: 10)
        }
        #expect(throws: TokenizerError.vocabularyTooSmall(requested: 2, baseCount: 3)) {
            try TokenizerTrainer.bpe(texts: ["abc"], vocabularySize: 2)
        }
        #expect(throws: TokenizerError.vocabularyTooSmall(requested: 255, baseCount: 256)) {
            try TokenizerTrainer.byteLevelBPE(texts: ["abc"], vocabularySize: 255)
        }
        #expect(throws: TokenizerError.vocabularyTooLarge(count: 262_145)) {
            try TokenizerTrainer.bpe(texts: ["abc"], vocabularySize: 262_145)
        }
        #expect(throws: TokenizerError.emptyAlphabet) {
            try Tokenizer(TokenizerTrainer.characters(of: []))
        }
    }

    private func lengths(_ base: TokenizerDescription.Base) -> [Int] {
        switch base {
        case .bytes: Array(repeating: 1, count: 256)
        case .characters(let scalars): scalars.map { UTF8.width($0) }
        }
    }
}
