import PoeCore
import PoeTokenizer
import Testing

@Suite struct PretokenizerTests {
    private func pieces(_ text: String, _ pretokenizer: Pretokenizer) -> [String] {
        let bytes = Array(text.utf8)
        return pretokenizer.pieces(of: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test(arguments: [
        ("Once upon a midnight", ["Once", " upon", " a", " midnight"]),
        ("don't we'll I'd 'tis", ["don", "'t", " we", "'ll", " I", "'d", " '", "tis"]),
        ("can't've", ["can", "'t", "'ve"]), ("'re're", ["'re", "'re"]), ("'l", ["'", "l"]),
        ("DON'T", ["DON", "'", "T"]), ("it’s", ["it", "’", "s"]),
        ("in 1845, two", ["in", " 1845", ",", " two"]), ("a1b", ["a", "1", "b"]),
        ("“Nevermore.” ", ["“", "Nevermore", ".”", " "]), ("½ Ⅷ x²", ["½", " Ⅷ", " x", "²"]),
        ("a  b", ["a", " ", " b"]), ("a\n\nb", ["a", "\n", "\n", "b"]),
        ("a \n b", ["a", " \n", " b"]), ("a\n b", ["a", "\n", " b"]),
        ("a \nb", ["a", " ", "\n", "b"]),
        ("end \n\n", ["end", " \n\n"]), ("   ", ["   "]), (" ", [" "]), ("", []),
        ("a\u{A0}b\u{2003}\u{2003}c", ["a", "\u{A0}", "b", "\u{2003}", "\u{2003}", "c"]),
        ("e\u{301}a", ["e", "\u{301}", "a"]), (" 字字 😀", [" 字字", " 😀"]),
    ])
    func gpt2(text: String, expected: [String]) {
        #expect(pieces(text, .gpt2) == expected)
    }

    @Test(arguments: [
        ("Once upon  a", ["Once", " ", "upon", "  ", "a"]), ("\n\na,b\n", ["\n\n", "a,b", "\n"]),
        ("don't “stop”—", ["don't", " ", "“stop”—"]), (" \t\u{A0}é", [" \t\u{A0}", "é"]), ("", []),
    ])
    func words(text: String, expected: [String]) {
        #expect(pieces(text, .words) == expected)
    }

    /// The published expressions themselves, over scalars, are the reference.
    @Test func cutsAgreeWithRegularExpressions() throws {
        let gpt2 = try Regex(
            #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        ).matchingSemantics(.unicodeScalar)
        let words = try Regex(#"\s+|\S+"#).matchingSemantics(.unicodeScalar)
        var random = RandomText(seed: 21)
        let alphabet = [Unicode.Scalar].alphabet(
            " \n\t\r\u{A0}\u{2003}'’strevmld19½Ⅷ²,.“—é\u{301}ῦ字ʰ😀\u{200D}\u{0}\u{FFFD}")
        for count in 0..<300 {
            let text =
                random.string(of: alphabet, count: count % 40)
                + random.string(of: [" ", "'", "s", "l", "\n", "1"], count: count % 25)
            #expect(pieces(text, .gpt2) == text.matches(of: gpt2).map { String(text[$0.range]) })
            #expect(pieces(text, .words) == text.matches(of: words).map { String(text[$0.range]) })
        }
    }

    /// Whatever the bytes: the pieces follow each other without a gap, and none is empty.
    @Test(arguments: Pretokenizer.allCases)
    func piecesTileAnyBytes(pretokenizer: Pretokenizer) {
        var random = RandomText(seed: 22)
        for count in 0..<200 {
            let bytes = random.bytes(count: count)
            var end = 0
            for piece in pretokenizer.pieces(of: bytes) {
                #expect(piece.lowerBound == end)
                #expect(!piece.isEmpty)
                end = piece.upperBound
            }
            #expect(end == bytes.count)
        }
    }
}
