import Foundation
import PoeScrape
import Testing

@Suite struct TextRulesTests {
    private static let cases: [(String, String)] = [
        ("\"It is,\" he said.", "“It is,” he said."),
        ("'Tis the keeper's lamp, 'said' he", "’Tis the keeper’s lamp, ‘said’ he"),
        ("the year '49", "the year ’49"),
        ("(\"so\")", "(“so”)"),
        ("\"'No,' she said.\"", "“‘No,’ she said.”"),
        ("\"Stop--\" he cried--\"now!\"", "“Stop—” he cried—“now!”"),
        ("``old'' marks", "“old” marks"),
        ("one -- two --- three", "one—two—three"),
        ("a – b and 1830–40", "a—b and 1830–40"),
        ("well-kept", "well-kept"),
        ("Mr. ---- of the ---- Inn", "Mr. —— of the —— Inn"),
        ("so... and . . . so", "so… and … so"),
        ("a — - b, a - - b, a -- — - b", "a—b, a—b, a —— b"),
        ("Mr. ---- ---- or Mr. ---- - he", "Mr. —— —— or Mr. —— he"),
        ("a- b, a -b", "a- b, a -b"),
        (".  .  .", "…"),
        ("_very_ old, snake_case", "very old, snake_case"),
        ("_a_, (_b_) and _c\nd_", "a, (b) and c\nd"),
        ("__init__, my_var_name, _a_b", "__init__, my_var_name, _a_b"),
        ("Mr. ____ of ____, 3_000_000", "Mr. ____ of ____, 3_000_000"),
        ("_(_so_)_ it[_1_] is[1[2]]", "(so) it is"),
        ("a word[1] and {*2} more(*3).", "a word and more."),
        ("[*] signs * [stay]", " signs * [stay]".trimmingCharacters(in: .whitespaces)),
        ("soft\u{AD}ly \u{FEFF}no\u{A0}break\tand  two", "softly no break and two"),
        ("e\u{301} ﬁn", "\u{E9} fin"),
        ("e\u{200B}\u{301}\u{FEFF}", "\u{E9}"),
        ("  verse line  \n\n   another ", "verse line\nanother"),
    ]

    @Test(arguments: 0..<cases.count)
    func ruleHolds(index: Int) {
        let (text, expected) = Self.cases[index]
        #expect(isSame(TextRules.normalized(text), expected), "\(TextRules.normalized(text))")
    }

    @Test(arguments: 0..<cases.count)
    func rulesKeepTheirOwnResult(index: Int) {
        let once = TextRules.normalized(Self.cases[index].0)
        #expect(isSame(TextRules.normalized(once), once))
    }

    @Test func rulesKeepTheirOwnResultWhateverMeets() {
        let parts = ["a", " ", "_", "-", "—", ".", "[1]", "\"", "\u{200B}", "\u{301}"]
        var texts = [""]
        for _ in 0..<4 { texts = texts.flatMap { text in parts.map { text + $0 } } }
        let changed = texts.filter { text in
            let once = TextRules.normalized(text)
            return !isSame(TextRules.normalized(once), once)
        }
        #expect(changed.isEmpty, "\(changed.prefix(5))")
    }

    /// Whether two texts are of the same scalars; to `==` a letter and its parts are one.
    private func isSame(_ text: String, _ other: String) -> Bool {
        text.unicodeScalars.elementsEqual(other.unicodeScalars)
    }
}

@Suite struct TextDecodingTests {
    private func text(_ bytes: [UInt8], _ declared: String?) -> String {
        TextDecoding.text(bytes, declared: declared)
    }

    @Test func validUTF8IsUTF8WhateverIsDeclared() {
        let bytes = Array("“Æon” café".utf8)
        #expect(text(bytes, "iso-8859-1") == "“Æon” café")
        #expect(text(bytes, nil) == "“Æon” café")
        #expect(text([0xEF, 0xBB, 0xBF] + bytes, nil) == "“Æon” café")
    }

    @Test func otherBytesAreWindows1252() {
        let bytes: [UInt8] = [0x93, 0x41, 0x94, 0x97, 0xE9, 0x85, 0x92]
        #expect(text(bytes, "utf-8") == "“A”—é…’")
        #expect(text(bytes, nil) == "“A”—é…’")
        #expect(text([0x81, 0xFF], "iso-8859-1") == "\u{FFFD}ÿ")
    }

    @Test func otherEncodings() throws {
        let text = "dash — é"
        let sixteen = try #require(text.data(using: .utf16LittleEndian))
        #expect(self.text([0xFF, 0xFE] + sixteen, nil) == text)
        let roman = try #require("é".data(using: .macOSRoman))
        #expect(self.text([UInt8](roman), "macintosh") == "é")
    }

    @Test func charsetIsFound() {
        let page = Array("<html><meta charset='Windows-1252'>".utf8)
        #expect(TextDecoding.declared(contentType: "text/html; Charset=\"utf-8\"") == "utf-8")
        #expect(
            TextDecoding.declared(contentType: "text/html", page: page) == "Windows-1252")
        #expect(TextDecoding.declared(contentType: nil) == nil)
    }
}

@Suite struct PlainTextTests {
    @Test func wrappedProseIsJoinedAndVerseIsNot() {
        let lines = """
            It was the custom of the house to leave one window open to the rain, and
            nobody in the town could say who had begun it, or why the old woman who--
            every evening--set a chair beside it had gone on.

              The rain it came,
              the rain it fell,
              on all the same.

            He read it twice.
            """.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let paragraphs = PlainText.paragraphs(of: lines, isVerse: false)
        #expect(paragraphs.count == 3)
        #expect(paragraphs[0].contains("rain, and nobody in the town"))
        #expect(paragraphs[0].contains("who--every evening"))
        #expect(paragraphs[1].split(separator: "\n").count == 3)
        #expect(paragraphs[2] == "He read it twice.")
    }

    @Test func hyphensAtTheEndsOfLinesTakeNoBlank() {
        let lines = [
            "Every evening, when the lamps were lit along the quay, she set an old arm-",
            "chair beside the window, and at each of its arms a candle, number 1 - or 2 -",
            "and waited.",
        ]
        let expected =
            "Every evening, when the lamps were lit along the quay, she set an old arm-chair "
            + "beside the window, and at each of its arms a candle, number 1 - or 2 - and waited."
        #expect(PlainText.paragraphs(of: lines, isVerse: false) == [expected])
    }

    @Test func unwrappedTextKeepsItsLines() {
        let long = String(repeating: "word ", count: 40)
        let paragraphs = PlainText.paragraphs(
            of: [long, "", "one line", "another"], isVerse: false)
        #expect(
            paragraphs == [long.trimmingCharacters(in: .whitespaces) + " ", "one line\nanother"])
    }
}
