import PoeCore
import PoeTokenizer
import Testing

@Suite struct PromptFoldingTests {
    /// Letters and the typographic signs of a cleaned corpus, without their typewriter forms.
    private static let corpus =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \n.,!?;:()[]-áéèÅ“”‘’—…"

    private let tokenizer: Tokenizer

    init() throws {
        tokenizer = try Tokenizer(TokenizerTrainer.characters(of: [Self.corpus]))
    }

    private func folded(_ text: String, _ tokenizer: Tokenizer? = nil) throws -> String {
        let tokenizer = tokenizer ?? self.tokenizer
        return tokenizer.decode(try tokenizer.encodePrompt(text).tokens)
    }

    @Test(arguments: [
        // Quotation marks, by what stands before and after.
        ("\"Nevermore,\" he said.", "“Nevermore,” he said."), ("\"", "“"),
        ("he said \"", "he said “"),
        ("(\"a\") [\"b\"]", "(“a”) [“b”]"), ("\"'Tis he,' said she\"", "“’Tis he,’ said she”"),
        ("\"'Who?' he\"", "“‘Who?’ he”"), ("don't", "don’t"),
        ("the '45 and 'em", "the ’45 and ’em"),
        ("the ravens' cry", "the ravens’ cry"), ("\n\"A", "\n“A"), ("a--\"b\"", "a—“b”"),
        ("\"I was--\" he", "“I was—” he"), ("it 'twas", "it ’twas"), ("'emblem'", "‘emblem’"),
        // Dashes and dots.
        ("a--b", "a—b"), ("a---b", "a—b"), ("Mr. D----", "Mr. D——"), ("well-known", "well-known"),
        ("a...b", "a…b"), ("a....", "a…."), ("a..", "a.."), ("......", "……"), ("--...--", "—…—"),
        // Line ends.
        ("a\r\nb\rc\n", "a\nb\nc\n"), ("\r\r\n\n", "\n\n\n"),
        // Accents, alone and beside what stays unknown; U+212B is the angstrom sign.
        ("e\u{301}e\u{300}", "éè"), ("A\u{30A}\u{212B}", "ÅÅ"), ("z\u{301}", "z "),
        ("plain", "plain"), ("", ""),
    ])
    func folds(text: String, expected: String) throws {
        #expect(same(try folded(text), expected))
    }

    /// As bytes, which is how a stop string is looked for.
    @Test(arguments: [
        ("--", ["--", "—"]), ("\"", ["\"", "“", "”"]), ("plain", ["plain"]),
        ("e\u{301}", ["e\u{301}", "é"]), ("\u{301}", ["\u{301}"]), ("\u{301}x", ["\u{301}x"]),
    ])
    func spellings(text: String, expected: [String]) {
        #expect(
            tokenizer.spellings(of: text).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }

    @Test func exactEncodingFoldsNothing() throws {
        #expect(try tokenizer.decode(tokenizer.encode("\"a--b\"")) == " a--b ")
        #expect(throws: TokenizerError.unknownCharacter("\"", offset: 0, line: 1, column: 1)) {
            try tokenizer.encode("\"a", unknown: .error)
        }
    }

    /// What the alphabet has as it is typed is left alone.
    @Test func knownCharactersStay() throws {
        let text = "\"don't\" “a” ‘b’ -- e\u{301} é — ... …\r\n"
        let all = try Tokenizer(TokenizerTrainer.characters(of: [text]))
        #expect(same(try folded(text, all), text))
        #expect(try all.encodePrompt(text).unknown.isEmpty)
    }

    /// A flag alone does not fold to what the alphabet lacks.
    @Test func targetsMustBeKnown() throws {
        let description = TokenizerDescription(
            base: .characters([" ", "-", ".", "a"]), unknownPolicy: .skip, replacement: 0,
            folds: [.lineEnds, .canonicalComposition, .quotes, .dashes, .ellipses])
        let plain = try Tokenizer(description)
        let result = try plain.encodePrompt("\"a--a...a'\r\na\u{301}")
        #expect(plain.decode(result.tokens) == "a--a...aa")
        #expect(result.unknown == ["\"", "'", "\r", "\n", "\u{301}"])
    }

    @Test func unsetFlagsFoldNothing() throws {
        var description = TokenizerTrainer.characters(of: [Self.corpus])
        description.folds = []
        let plain = try Tokenizer(description)
        #expect(try folded("\"a\"--...e\u{301}", plain) == " a --...e ")
    }

    @Test func unknownCharactersAreReportedOnce() throws {
        let result = try tokenizer.encodePrompt("жa☃ж\"☃", unknown: .skip)
        #expect(result.unknown == ["ж", "☃"])
        #expect(tokenizer.decode(result.tokens) == "a”")
        #expect(try tokenizer.encodePrompt("“plain”").unknown.isEmpty)
    }

    /// The place is the one in the prompt as typed, although folds before it changed lengths.
    @Test func errorsNameThePlaceAsTyped() throws {
        let error = TokenizerError.unknownCharacter("ж", offset: 12, line: 2, column: 4)
        #expect(throws: error) {
            try tokenizer.encodePrompt("e\u{301}--...\r\n\"--ж", unknown: .error)
        }
    }

    @Test func byteLevelFoldsNothing() throws {
        let bytes = try Tokenizer(TokenizerTrainer.byteLevelBPE(texts: [""], vocabularySize: 256))
        let text = "\"a\"--...e\u{301}\r\n😀"
        #expect(same(try folded(text, bytes), text))
        #expect(try bytes.encodePrompt(text, unknown: .error).unknown.isEmpty)
    }
}
