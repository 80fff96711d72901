import PoeCore
import PoeTokenizer
import Testing

@Suite struct StreamingDecoderTests {
    /// Tokens that are single bytes: every split of a character between tokens occurs.
    private let bytes: Tokenizer

    init() throws {
        bytes = try Tokenizer(TokenizerDescription(base: .bytes))
    }

    private func pieces(_ tokens: [TokenID], _ tokenizer: Tokenizer) -> [String] {
        var decoder = StreamingDecoder(tokenizer)
        return tokens.map { decoder.append($0) } + [decoder.finish()]
    }

    @Test func charactersAreHeldBackUntilWhole() {
        let tokens = Array("aé—😀b".utf8).map { TokenID($0) }
        #expect(
            pieces(tokens, bytes)
                == ["a", "", "é", "", "", "—", "", "", "", "😀", "b", ""])
    }

    @Test(
        arguments: [
            // What cannot become a character is not held back.
            ([0x80, 0x61], ["\u{FFFD}", "a", ""]), ([0xFF], ["\u{FFFD}", ""]),
            ([0xC1, 0x80], ["\u{FFFD}", "\u{FFFD}", ""]),
            // The end of the text, or a byte that does not fit, drains what was held: one U+FFFD for the
            // longest part that could have gone on.
            ([0xE2, 0x80], ["", "", "\u{FFFD}"]), ([0xE2, 0x80, 0x61], ["", "", "\u{FFFD}a", ""]),
            ([0xF0, 0x9F, 0xE2, 0x80, 0x94], ["", "", "\u{FFFD}", "", "—", ""]),
            ([0xC3, 0xC3, 0xA9], ["", "\u{FFFD}", "é", ""]),
            // Overlong, surrogate and too large: the second byte already rules them out.
            ([0xE0, 0x80], ["", "\u{FFFD}\u{FFFD}", ""]),
            ([0xED, 0xA0], ["", "\u{FFFD}\u{FFFD}", ""]),
            ([0xF4, 0x90], ["", "\u{FFFD}\u{FFFD}", ""]),
            ([0xF5, 0x80], ["\u{FFFD}", "\u{FFFD}", ""]),
        ] as [([TokenID], [String])])
    func brokenBytes(tokens: [TokenID], expected: [String]) {
        #expect(pieces(tokens, bytes) == expected)
    }

    /// The joined stream is what decoding everything at once gives, and holds back no more than the
    /// three bytes that may still become a character.
    @Test func joinedStreamEqualsDecode() throws {
        var random = RandomText(seed: 31)
        let merged = try Tokenizer(
            TokenizerTrainer.byteLevelBPE(texts: [random.prose(words: 200)], vocabularySize: 330))
        for count in 0..<400 {
            let tokens = (0..<count % 60).map { _ in TokenID(random.integer(below: 340)) }
            #expect(same(pieces(tokens, merged).joined(), merged.decode(tokens)))
            let any = random.bytes(count: count % 60)
            let stream = pieces(any.map { TokenID($0) }, bytes)
            #expect(same(stream.joined(), String(decoding: any, as: UTF8.self)))
        }
    }

    @Test func tokensThatDoNotExistAreReplacementCharacters() {
        #expect(bytes.decode([0x61, 256, TokenID.max, 0x62]) == "a\u{FFFD}\u{FFFD}b")
        #expect(bytes.bytes(of: 256) == [0xEF, 0xBF, 0xBD])
        #expect(pieces([0xE2, 256], bytes) == ["", "\u{FFFD}\u{FFFD}", ""])
    }

    @Test func finishLeavesTheDecoderReady() {
        var decoder = StreamingDecoder(bytes)
        #expect(decoder.append(0xE2).isEmpty)
        #expect(decoder.finish() == "\u{FFFD}")
        #expect(decoder.append(0x61) == "a")
        #expect(decoder.finish().isEmpty)
    }
}
