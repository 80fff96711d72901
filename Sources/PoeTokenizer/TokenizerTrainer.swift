package import PoeCore

/// Learns tokenizers from texts.
///
/// Everything is counted and ordered by written rules, so two trainings on equal texts give equal
/// descriptions.
package enum TokenizerTrainer {
    /// A token for each distinct Unicode scalar of `texts`, in ascending order.
    ///
    /// Without any text the description is empty, which ``Tokenizer/init(_:)`` refuses.
    package static func characters(of texts: [String]) -> TokenizerDescription {
        let corpus = CorpusBytes(texts)
        let alphabet = corpus.alphabet()
        return TokenizerDescription(
            base: .characters(alphabet),
            replacement: replacement(in: alphabet),
            folds: folds(alphabet, corpus))
    }

    /// Byte-pair encoding over characters.
    ///
    /// Again and again the most frequent pair of adjacent tokens becomes one token, until
    /// `vocabularySize` is reached. Pairs are counted in all texts, overlaps included, but not
    /// across the pre-tokenizer's cuts. Of equally frequent pairs the one with the smaller left token
    /// is taken, then the one with the smaller right token. A pair that occurs once, or whose token
    /// would stand for more than ``TokenizerLimits/expansionBytes``, is not merged; so a small text
    /// can give fewer tokens than were asked for.
    ///
    /// Where no size is asked for, it is fitted to the texts: ``fittedSize(baseCount:)``, of pairs that they
    /// have ``fittedCount(characters:)`` times at least.
    ///
    /// - Parameters:
    ///   - texts: What merges are counted on; no merge crosses from one text to the next.
    ///   - alphabetTexts: Base tokens are the characters of these and of `texts`.
    ///   - vocabularySize: Tokens in all; nil: fitted.
    ///   - pretokenizer: How texts are cut.
    /// - Throws: ``TokenizerError/emptyAlphabet``, ``TokenizerError/vocabularyTooSmall(requested:baseCount:)``,
    ///   ``TokenizerError/vocabularyTooLarge(count:)``, ``TokenizerError/textTooLarge(symbols:limit:)``.
    package static func bpe(
        texts: [String], alphabetTexts: [String] = [], vocabularySize: Int? = nil,
        pretokenizer: Pretokenizer = .gpt2
    ) throws(TokenizerError) -> TokenizerDescription {
        let corpus = CorpusBytes(texts)
        let whole = CorpusBytes(alphabetTexts)
        let alphabet = CorpusBytes.alphabet(of: [corpus, whole])
        let size = try size(vocabularySize, baseCount: alphabet.count)
        let base = TokenizerDescription.Base.characters(alphabet)
        return TokenizerDescription(
            base: base,
            merges: try merges(corpus, base, size, isFitted: vocabularySize == nil, pretokenizer),
            pretokenizer: pretokenizer,
            replacement: replacement(in: alphabet),
            folds: folds(alphabet, whole.isEmpty ? corpus : whole))
    }

    /// Byte-pair encoding over the 256 bytes, cut as GPT-2 does; the rules of
    /// ``bpe(texts:alphabetTexts:vocabularySize:pretokenizer:)`` otherwise.
    package static func byteLevelBPE(
        texts: [String], vocabularySize: Int? = nil
    ) throws(TokenizerError) -> TokenizerDescription {
        let size = try size(vocabularySize, baseCount: 256)
        let merges = try merges(
            CorpusBytes(texts), .bytes, size, isFitted: vocabularySize == nil, .gpt2)
        return TokenizerDescription(base: .bytes, merges: merges, pretokenizer: .gpt2)
    }

    /// Characters of texts that are long enough for a model to learn how words are spelt.
    package static let spellingLength = 60_000

    /// How often `characters` of text must have a pair that is merged, where no size is asked for.
    ///
    /// A model hardly learns a token that a text has a few dozen times; it learns sooner which letters
    /// follow each other. A text that is too short for that as well keeps all its tokens: what it teaches is words.
    package static func fittedCount(characters: Int) -> Int {
        characters < spellingLength ? 2 : 100
    }

    /// Most tokens, where no size is asked for: 512, and 256 merges at least.
    package static func fittedSize(baseCount: Int) -> Int {
        max(512, baseCount + 256)
    }

    /// The vocabulary's size, if it is one that can be had.
    private static func size(_ asked: Int?, baseCount: Int) throws(TokenizerError) -> Int {
        guard baseCount > 0 else { throw .emptyAlphabet }
        let size = asked ?? fittedSize(baseCount: baseCount)
        guard size >= baseCount else {
            throw .vocabularyTooSmall(requested: size, baseCount: baseCount)
        }
        guard size <= TokenizerLimits.vocabularySize else {
            throw .vocabularyTooLarge(count: size)
        }
        return size
    }

    private static func merges(
        _ corpus: CorpusBytes, _ base: TokenizerDescription.Base, _ size: Int, isFitted: Bool,
        _ pretokenizer: Pretokenizer
    ) throws(TokenizerError) -> [Merge] {
        let description = TokenizerDescription(base: base)
        let words = WordCounts(corpus, base: base, pretokenizer: pretokenizer)
        guard words.symbols.count <= MergeLearner.largestInput else {
            throw .textTooLarge(symbols: words.symbols.count, limit: MergeLearner.largestInput)
        }
        var learner = MergeLearner(words, baseLengths: description.baseLengths())
        let leastCount = isFitted ? fittedCount(characters: corpus.characterCount) : 2
        return learner.learn(size - description.baseCount, leastCount: leastCount)
    }

    /// What stands in for unknown characters: a blank, else a line feed, else the first character.
    private static func replacement(in alphabet: [Unicode.Scalar]) -> TokenID {
        let rank = alphabet.firstIndex(of: " ") ?? alphabet.firstIndex(of: "\n") ?? 0
        return TokenID(rank)
    }

    /// The folds that lead from what people type to what the corpus has.
    ///
    /// A fold is set where its target is in the alphabet and the texts do without its source.
    private static func folds(
        _ alphabet: [Unicode.Scalar], _ corpus: CorpusBytes
    ) -> TokenizerDescription.Folds {
        let known = Set(alphabet)
        func unknown(_ scalar: Unicode.Scalar) -> Bool { !known.contains(scalar) }
        var folds: TokenizerDescription.Folds = [.canonicalComposition]
        if known.contains("\n"), unknown("\r") { folds.insert(.lineEnds) }
        let double = known.contains("“") && known.contains("”") && unknown("\"")
        let single = known.contains("’") && unknown("'")
        if double || single { folds.insert(.quotes) }
        if known.contains("—"), !corpus.hasRun(of: UInt8(ascii: "-"), length: 2) {
            folds.insert(.dashes)
        }
        if known.contains("…"), !corpus.hasRun(of: UInt8(ascii: "."), length: 3) {
            folds.insert(.ellipses)
        }
        return folds
    }
}
