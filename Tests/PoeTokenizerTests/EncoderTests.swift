import PoeCore
import PoeTokenizer
import Testing

@Suite struct EncoderTests {
    @Test(arguments: Pretokenizer.allCases)
    func agreesWithPlainEncoder(pretokenizer: Pretokenizer) throws {
        var random = RandomText(seed: 11)
        let description = try TokenizerTrainer.bpe(
            texts: [random.prose(words: 400)], vocabularySize: 150, pretokenizer: pretokenizer)
        let tokenizer = try Tokenizer(description)
        for _ in 0..<30 {
            let text = random.prose(words: 40)
            let tokens = try tokenizer.encode(text)
            #expect(tokens == PlainBPE.encode(Array(text.utf8), description))
            #expect(tokens.count < text.unicodeScalars.count)
            #expect(same(tokenizer.decode(tokens), text))
        }
    }

    /// Any strings over the alphabet, where the cuts and the neighbours are not those of prose.
    @Test(arguments: Pretokenizer.allCases)
    func everyStringOverTheAlphabetComesBack(pretokenizer: Pretokenizer) throws {
        var random = RandomText(seed: 12)
        let alphabet = [Unicode.Scalar].alphabet("ab '—’1\n\te\u{301}é\u{85}字😀\u{200D}")
        let text = random.string(of: alphabet, count: 4000)
        let description = try TokenizerTrainer.bpe(
            texts: [text], vocabularySize: 90, pretokenizer: pretokenizer)
        #expect(description.base == .characters(alphabet))
        #expect(description.vocabularySize == 90)
        let tokenizer = try Tokenizer(description)
        let characters = try Tokenizer(TokenizerTrainer.characters(of: [text]))
        for count in 0..<200 {
            let text = random.string(of: alphabet, count: count)
            let tokens = try tokenizer.encode(text, unknown: .error)
            #expect(tokens == PlainBPE.encode(Array(text.utf8), description))
            #expect(same(tokenizer.decode(tokens), text))
            let singles = try characters.encode(text, unknown: .error)
            #expect(singles.count == count)
            #expect(same(characters.decode(singles), text))
        }
    }

    /// Short words are merged by looking at every pair, long ones through a heap: the lengths around
    /// the change from one to the other, with two letters so that merges overlap.
    @Test func shortAndLongWordsAgreeWithPlainEncoder() throws {
        var random = RandomText(seed: 13)
        let description = try TokenizerTrainer.bpe(
            texts: [random.string(of: ["a", "b"], count: 600)], vocabularySize: 40)
        let border = WordMerger.shortLength
        var merger = WordMerger()
        for count in Array(0...40) + [border - 1, border, border + 1, 63, 64, 65, 257, 1000] {
            for letters in [["a"], ["a", "b"]] as [[Unicode.Scalar]] {
                let text = random.string(of: letters, count: count)
                let word = text.unicodeScalars.map { TokenID($0.value - 97) }
                let plain = PlainBPE.encode(word, description.merges, baseCount: 2)
                #expect(merger.encode(word, merges: description.merges, baseCount: 2) == plain)
            }
        }
    }

    /// The work for a word of equal letters is bounded by a multiple of its length, and a word of a
    /// megabyte is encoded at once (quadratic work would take hours).
    @Test(.timeLimit(.minutes(1)))
    func aVeryLongWordIsNotQuadratic() throws {
        let description = try TokenizerTrainer.bpe(
            texts: [String(repeating: "a", count: 2048)], vocabularySize: 9)
        #expect(description.merges == (0..<8).map { Merge($0, $0) })
        let word = [TokenID](repeating: 0, count: 1 << 16)
        var merger = WordMerger()
        let tokens = merger.encode(word, merges: description.merges, baseCount: 1)
        #expect(tokens == Array(repeating: 8, count: 1 << 8))
        // Each pair is a candidate to begin with; each merge takes one and puts in two at most.
        #expect(merger.steps <= 3 * word.count)
        let text = String(repeating: "a", count: 1 << 20)
        let long = try Tokenizer(description).encode(text)
        #expect(long == Array(repeating: 8, count: 1 << 12))
    }

    /// Merges that a well-known multiplier, the golden ratio, would put into one slot are spread as others
    /// are: with 16,384 slots for 8,192 merges a search ends after some dozens.
    @Test func mergesAreSpreadWhateverTheyAre() {
        var merges: [Merge] = []
        for left in 0..<TokenID(20_000) where merges.count < 8_192 {
            for right in 0..<TokenID(20_000) {
                let pair = UInt64(left) << 32 | UInt64(right)
                if (pair &* 0x9E37_79B9_7F4A_7C15) >> 50 == 0 { merges.append(Merge(left, right)) }
            }
        }
        merges.removeLast(merges.count - 8_192)
        let pairs = PairTable(merges, baseCount: 20_000)
        #expect(pairs.longestProbe < 256)
    }

    @Test func byteLevelKeepsAnyBytes() throws {
        var random = RandomText(seed: 14)
        let description = try TokenizerTrainer.byteLevelBPE(
            texts: [random.prose(words: 300)], vocabularySize: 400)
        let tokenizer = try Tokenizer(description)
        for count in 0..<150 {
            let bytes = random.bytes(count: count)
            let tokens = try tokenizer.encode(bytes: bytes)
            #expect(tokens == PlainBPE.encode(bytes, description))
            #expect(tokenizer.decodeBytes(tokens) == bytes)
        }
        let prose = random.prose(words: 200)
        let tokens = try tokenizer.encode(prose)
        #expect(tokens.count < prose.utf8.count)
        #expect(same(tokenizer.decode(tokens), prose))
    }

    /// The memory for pieces has far fewer slots than there are words, so entries push each other
    /// out; and pieces of one length around the size of a key must not be taken for one another.
    @Test func rememberedPiecesAreNotMixedUp() throws {
        var random = RandomText(seed: 15)
        var text = ""
        for length in Array(1...20) + Array(6...18) {
            for _ in 0..<150 { text += random.string(of: ["a", "b", "é"], count: length) + " " }
        }
        let description = try TokenizerTrainer.bpe(texts: [text], vocabularySize: 60)
        let tokens = try Tokenizer(description).encode(text)
        #expect(tokens == PlainBPE.encode(Array(text.utf8), description))
    }

    @Test func emptyTextHasNoTokens() throws {
        let characters = try Tokenizer(TokenizerTrainer.characters(of: ["a"]))
        let bytes = try Tokenizer(TokenizerTrainer.byteLevelBPE(texts: ["aa"], vocabularySize: 256))
        #expect(try characters.encode("").isEmpty)
        #expect(try bytes.encode("").isEmpty)
        #expect(try bytes.encode("é") == [0xC3, 0xA9])
        #expect(characters.decode([]).isEmpty)
    }

    @Test func specialTokensDoNotComeFromText() throws {
        var description = TokenizerTrainer.characters(of: ["<end>"])
        description.specialTokens = [
            SpecialToken(id: 5, bytes: Array("<end>".utf8), role: .endOfText),
            SpecialToken(id: 6, bytes: Array("<pad>".utf8), role: .other),
            SpecialToken(id: 7, bytes: Array("<END>".utf8), role: .endOfText),
        ]
        let tokenizer = try Tokenizer(description)
        #expect(tokenizer.vocabularySize == 8)
        #expect(tokenizer.endOfText == 5)
        #expect((TokenID(0)...8).filter(tokenizer.endsText) == [5, 7])
        #expect(!tokenizer.endsText(.max))
        #expect(try !tokenizer.encode("<end>").contains(5))
        #expect(tokenizer.decode([5]) == "<end>")
    }
}
