import PoeCore
import PoeTokenizer
import Testing

/// One bad description for each rule, so that a model file cannot bring in a broken tokenizer.
@Suite struct DescriptionRulesTests {
    private func expect(
        _ error: TokenizerError, _ description: TokenizerDescription,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: location) { try Tokenizer(description) }
        #expect(!error.description.isEmpty, sourceLocation: location)
    }

    @Test func charactersAscend() {
        expect(.emptyAlphabet, TokenizerDescription(base: .characters([])))
        expect(
            .charactersNotAscending(index: 2),
            TokenizerDescription(base: .characters(["a", "b", "b"])))
        expect(
            .charactersNotAscending(index: 1), TokenizerDescription(base: .characters(["b", "a"])))
    }

    @Test func replacementIsABaseToken() throws {
        var description = TokenizerDescription(
            base: .characters(["a", "b"]), merges: [Merge(0, 1)], replacement: 2)
        expect(.replacementOutOfRange(token: 2, baseCount: 2), description)
        description.replacement = 1
        _ = try Tokenizer(description)
    }

    @Test func mergesReferBackwards() throws {
        let base = TokenizerDescription.Base.characters(["a", "b"])
        expect(
            .mergeOutOfOrder(index: 0, token: 2, limit: 2),
            TokenizerDescription(base: base, merges: [Merge(2, 0)]))
        expect(
            .mergeOutOfOrder(index: 1, token: 3, limit: 3),
            TokenizerDescription(base: base, merges: [Merge(0, 1), Merge(0, 3)]))
        expect(
            .mergeOutOfOrder(index: 0, token: .max, limit: 2),
            TokenizerDescription(base: base, merges: [Merge(.max, .max)]))
        _ = try Tokenizer(TokenizerDescription(base: base, merges: [Merge(0, 1), Merge(2, 2)]))
    }

    @Test func mergesAreDistinct() {
        expect(
            .duplicateMerge(index: 2, pair: Merge(0, 1)),
            TokenizerDescription(
                base: .characters(["a", "b"]), merges: [Merge(0, 1), Merge(1, 0), Merge(0, 1)]))
    }

    /// Eight doublings of one byte reach 256; the ninth, and one more byte, are too much.
    @Test func expansionsAreBounded() throws {
        let doublings =
            [Merge(97, 97)] + (0..<7).map { Merge(TokenID(256 + $0), TokenID(256 + $0)) }
        let bytes = TokenizerDescription(base: .bytes, merges: doublings)
        #expect(try Tokenizer(bytes).bytes(of: 263).count == 256)
        var bomb = bytes
        bomb.merges += (7..<60).map { Merge(TokenID(256 + $0), TokenID(256 + $0)) }
        expect(.expansionTooLong(token: 264, bytes: 512), bomb)
        var oneMore = bytes
        oneMore.merges.append(Merge(263, 0))
        expect(.expansionTooLong(token: 264, bytes: 257), oneMore)
        // The limit counts bytes, not characters.
        let wide = (0..<8).map { Merge(TokenID($0), TokenID($0)) }
        expect(
            .expansionTooLong(token: 7, bytes: 512),
            TokenizerDescription(base: .characters(["😀"]), merges: wide))
    }

    @Test func specialTokensFollow() throws {
        var description = TokenizerDescription(base: .bytes, merges: [Merge(97, 98)])
        func special(_ id: TokenID, _ count: Int = 1) -> SpecialToken {
            SpecialToken(id: id, bytes: Array(repeating: 0x3C, count: count), role: .other)
        }
        description.specialTokens = [special(256)]
        expect(.specialTokenOutOfOrder(index: 0, found: 256, expected: 257), description)
        description.specialTokens = [special(257), special(259)]
        expect(.specialTokenOutOfOrder(index: 1, found: 259, expected: 258), description)
        description.specialTokens = [special(257, 0)]
        expect(.specialTokenEmpty(token: 257), description)
        description.specialTokens = [special(257, 257)]
        expect(.expansionTooLong(token: 257, bytes: 257), description)
        description.specialTokens = [special(257), special(258, 256)]
        let tokenizer = try Tokenizer(description)
        #expect(tokenizer.vocabularySize == 259)
        #expect(tokenizer.endOfText == nil)
    }

    @Test func vocabularyIsBounded() {
        var description = TokenizerDescription(base: .bytes)
        description.specialTokens = (256...262_144).map {
            SpecialToken(id: TokenID($0), bytes: [0x3C], role: .other)
        }
        expect(.vocabularyTooLarge(count: 262_145), description)
    }

    /// Every error is one sentence: no line break, no full stop at its end.
    @Test func errorsAreSentences() {
        let errors: [TokenizerError] = [
            .emptyAlphabet, .vocabularyTooLarge(count: 300_000),
            .vocabularyTooSmall(requested: 3, baseCount: 5), .textTooLarge(symbols: 9, limit: 8),
            .charactersNotAscending(index: 1), .mergeOutOfOrder(index: 1, token: 9, limit: 3),
            .duplicateMerge(index: 1, pair: Merge(0, 1)), .expansionTooLong(token: 9, bytes: 300),
            .replacementOutOfRange(token: 9, baseCount: 5),
            .specialTokenOutOfOrder(index: 0, found: 9, expected: 8),
            .specialTokenEmpty(token: 9), .unknownCharacter("\n", offset: 1, line: 1, column: 2),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        for error in errors {
            #expect(!error.description.contains("\n"))
            #expect(!error.description.hasSuffix("."))
        }
    }
}
