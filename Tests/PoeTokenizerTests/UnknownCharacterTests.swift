import PoeCore
import PoeTokenizer
import Testing

@Suite struct UnknownCharacterTests {
    private static func tokenizers() throws -> [Tokenizer] {
        let text = "the tale of the teller\n"
        return [
            try Tokenizer(TokenizerTrainer.characters(of: [text])),
            try Tokenizer(TokenizerTrainer.bpe(texts: [text], vocabularySize: 14)),
            try Tokenizer(
                TokenizerTrainer.bpe(texts: [text], vocabularySize: 14, pretokenizer: .words)),
        ]
    }

    @Test func replacedByTheStandIn() throws {
        for tokenizer in try Self.tokenizers() {
            let tokens = try tokenizer.encode("tжall😀", unknown: .replace)
            #expect(try tokens == tokenizer.encode("t all ", unknown: .error))
        }
    }

    @Test func skipped() throws {
        for tokenizer in try Self.tokenizers() {
            let tokens = try tokenizer.encode("жt\u{0}h\u{FFFD}e😀", unknown: .skip)
            #expect(try tokens == tokenizer.encode("the", unknown: .error))
            #expect(try tokenizer.encode("ж", unknown: .skip).isEmpty)
        }
    }

    @Test func errorNamesTheCharacterAndItsPlace() throws {
        for tokenizer in try Self.tokenizers() {
            let error = TokenizerError.unknownCharacter("ж", offset: 9, line: 2, column: 3)
            #expect(throws: error) { try tokenizer.encode("teller\nthж\n", unknown: .error) }
        }
    }

    @Test func descriptionDecidesUnlessTold() throws {
        var description = TokenizerTrainer.characters(of: ["ab "])
        description.unknownPolicy = .skip
        #expect(try Tokenizer(description).encode("axb") == [1, 2])
        description.unknownPolicy = .replace
        #expect(try Tokenizer(description).encode("axb") == [1, 0, 2])
        description.unknownPolicy = .error
        #expect(throws: TokenizerError.unknownCharacter("x", offset: 1, line: 1, column: 2)) {
            try Tokenizer(description).encode("axb")
        }
    }

    @Test func messagesShowWhatCanBeShown() {
        #expect(
            TokenizerError.unknownCharacter("ж", offset: 6, line: 1, column: 7).description
                == "the character “ж” (U+0436) at offset 6 (line 1, column 7) is not in the "
                + "vocabulary; remove it, or let unknown characters be replaced or skipped")
        #expect(TokenizerError.name(of: "\r") == "U+000D")
        #expect(TokenizerError.name(of: "\u{301}") == "U+0301")
        #expect(TokenizerError.name(of: "\u{A0}") == "U+00A0")
        #expect(TokenizerError.name(of: "😀") == "“😀” (U+1F600)")
    }

    /// Bytes that are not UTF-8 are characters like others to a tokenizer over characters.
    @Test func brokenBytesBecomeTheReplacementCharacter() throws {
        let tokenizer = try Tokenizer(TokenizerTrainer.characters(of: ["a\u{FFFD}"]))
        #expect(try tokenizer.encode(bytes: [0x61, 0xFF, 0x61]) == [0, 1, 0])
        let without = try Tokenizer(TokenizerTrainer.characters(of: ["a"]))
        #expect(throws: TokenizerError.unknownCharacter("\u{FFFD}", offset: 1, line: 1, column: 2))
        {
            try without.encode(bytes: [0x61, 0xFF, 0x61], unknown: .error)
        }
    }
}
