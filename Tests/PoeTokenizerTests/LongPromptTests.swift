import PoeCore
import PoeTokenizer
import Testing

/// Prompts of more than 64 KiB, which are folded some whole lines at a time.
@Suite struct LongPromptTests {
    /// Letters and typographic signs, without the forms that typewriters have for them.
    private static let corpus =
        "abcdefghijklmnopqrstuvwxyz THN 0123456789\n.,!?;:()[]-\u{E9}\u{E8}“”‘’—…\n"
        + "“the raven,” he said, “is ’tis” — the raven that he said…\n"

    private static func characters() throws -> Tokenizer {
        try Tokenizer(TokenizerTrainer.characters(of: [corpus]))
    }

    /// Thousands of lines of what is folded, with line ends of every kind.
    private static func lines() -> [String] {
        let parts = [
            "\"Nevermore,\" he said", "'Tis he--", "don't", "(\"a\") [\"b\"]", "the '45 and 'em",
            "e\u{301}e\u{300}", "a....", "it was--\"so\"", "----", "'", "\"", "he\ris", "...",
        ]
        let ends = ["\n", "\r\n", "--\r\n", "\"\n", "'\r\n", "\r\r\n"]
        var random = RandomText(seed: 12)
        return (0..<6_000).map { _ in
            let words = (0...random.integer(below: 8)).map { _ in
                parts[random.integer(below: parts.count)]
            }
            return words.joined(separator: " ") + ends[random.integer(below: ends.count)]
        }
    }

    @Test func aTextIsFoldedAsItsLinesAre() throws {
        let lines = Self.lines()
        let text = lines.joined()
        #expect(text.utf8.count > 3 << 16)
        let merging = try Tokenizer(
            TokenizerTrainer.bpe(texts: [Self.corpus], vocabularySize: 90))
        #expect(!merging.description.merges.isEmpty)
        for tokenizer in [try Self.characters(), merging] {
            var folded = ""
            for line in lines {
                folded += tokenizer.decode(try tokenizer.encodePrompt(line).tokens)
            }
            let found = try tokenizer.encodePrompt(text)
            #expect(found.unknown.isEmpty)
            // As a truth value, since a failure would print both texts.
            let isSame = try found.tokens == tokenizer.encode(folded, unknown: .error)
            #expect(isSame)
        }
    }

    /// The 64 KiB end at every place of a line, one after the other, and the line is folded whole.
    @Test func aPieceEndsWithALine() throws {
        let tokenizer = try Self.characters()
        let line = "\"a\"--'b' '45 'tis ...e\u{301}--\"c\"\r\n"
        let count = (1 << 16) / line.utf8.count + 2
        let lines = String(repeating: line, count: count)
        let once = try tokenizer.encodePrompt(line).tokens
        let expected = Array(repeatElement(once, count: count).joined())
        for shift in 0..<line.utf8.count {
            let start = String(repeating: "a", count: shift) + "\n"
            let found = try tokenizer.encodePrompt(start + lines).tokens
            let isSame = try found == tokenizer.encodePrompt(start).tokens + expected
            #expect(isSame, "after \(shift) letters")
        }
    }

    @Test func errorsNameThePlaceInTheWholeText() throws {
        let count = 7_000
        let text = String(repeating: "e\u{301}--\"a\"\r\n", count: count) + "abж"
        #expect(text.utf8.count > 1 << 16)
        let error = TokenizerError.unknownCharacter(
            "ж", offset: 9 * count + 2, line: count + 1, column: 3)
        let tokenizer = try Self.characters()
        #expect(throws: error) { try tokenizer.encodePrompt(text, unknown: .error) }
    }

    /// Of letters with an accent of their own, those that the vocabulary has are composed; of the
    /// others the letter is known, and the accent counts.
    @Test func whatFoldingLeavesUnknownIsCounted() throws {
        let tokenizer = try Tokenizer(TokenizerTrainer.characters(of: ["eo \u{E9}\n"]))
        let count = 12_000
        let text = String(repeating: "e\u{301}o\u{301}\n", count: count)
        #expect(text.utf8.count > 1 << 16)
        let found = try tokenizer.encodeFolded(text, unknown: .skip)
        #expect(found.count == count)
        #expect(found.unknown == ["\u{301}"])
        let known = String(repeating: "\u{E9}o\n", count: count)
        let isSame = try found.tokens == tokenizer.encode(known, unknown: .error)
        #expect(isSame)
    }
}
