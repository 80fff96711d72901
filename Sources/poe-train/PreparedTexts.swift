import PoeCommand
import PoeCore
import PoeCorpus
import PoeSplit
import PoeTokenizer
import PoeTraining

/// A corpus made ready: split, its tokenizer learnt, and both parts as tokens.
struct PreparedTexts {
    /// The corpus's file or folder, without path and extension.
    let name: String
    let corpusHash: UInt64
    /// How the validation text was chosen, for people.
    let splitName: String
    let tokenizer: Tokenizer
    let trainingTokens: [TokenID]
    let trainingCharacters: Int
    /// Text of the training part that is not learnt, but says how sure the model may be; nil if none
    /// was asked for, or the corpus is too small to spare any.
    let calibration: EvaluationText?
    /// nil if the corpus is too small to spare any text.
    let validation: EvaluationText?
    let works: Int
    /// Characters that a base model lacks and that are replaced, in order of appearance.
    let unknownCharacters: [Unicode.Scalar]

    /// - Parameter base: The tokenizer of a model that is trained further; nil to learn one.
    init(
        paths: [String], splitPath: String?, options: TokenizerOptions, calibrates: Bool,
        base: Tokenizer? = nil
    ) throws {
        let corpus = try Corpus(paths: paths)
        let split = try splitPath.map(corpus.split(contentsOf:)) ?? corpus.automaticSplit()
        name = Self.name(of: paths)
        corpusHash = corpus.hash
        works = corpus.works.count
        splitName =
            splitPath.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "automatic"
        unknownCharacters = try base.map { try Self.unknown(in: corpus.text, to: $0) } ?? []
        tokenizer =
            try base ?? Tokenizer(Self.learn(options, corpus: corpus, train: split.train))
        let encoding = Encoding(tokenizer: tokenizer, isForeign: base != nil)
        validation = try Self.evaluationText(split.validation, encoding)
        let spared = calibrates ? try Self.calibration(of: split.train, encoding) : nil
        calibration = spared?.calibration
        let text = (spared?.rest ?? split.train).text
        trainingTokens = try encoding.tokens(of: text)
        trainingCharacters = text.unicodeScalars.count
    }

    /// How text becomes tokens.
    private struct Encoding {
        let tokenizer: Tokenizer
        /// Whether the tokenizer comes from another text: what it lacks is folded to what it has, or
        /// replaced, as in a prompt.
        let isForeign: Bool

        func tokens(of text: String) throws -> [TokenID] {
            isForeign
                ? try tokenizer.encodePrompt(text, unknown: .replace).tokens
                : try tokenizer.encode(text)
        }
    }

    /// The characters of `text` that a base model's tokenizer lacks.
    ///
    /// - Throws: ``CommandFailure`` if they are more than a twentieth of the text: another script.
    private static func unknown(
        in text: String, to tokenizer: Tokenizer
    ) throws -> [Unicode.Scalar] {
        let unknown = try tokenizer.encodePrompt(text, unknown: .replace).unknown
        let (scalars, lacking) = (text.unicodeScalars, Set(unknown))
        let count = scalars.count { lacking.contains($0) }
        guard count * 20 <= scalars.count else {
            throw CommandFailure(
                .usage,
                "the model of --base does not know \(Format.count(count)) of the text's "
                    + "\(Format.count(scalars.count, "character")), such as "
                    + "\(TokenizerError.name(of: unknown[0])); train without --base")
        }
        return unknown
    }

    /// A hundredth of the training text at most, and no more than is needed: it is read many times.
    private static let smallestCalibrationPart = 100, mostCalibrationCharacters = 50_000
    /// Fewer would fit the factor of the logits worse than one would guess it.
    private static let fewestCalibrationTokens = 1_000

    /// What of the training text calibrates, and what is left to learn; nil if it is too short for that.
    private static func calibration(
        of train: Corpus, _ encoding: Encoding
    ) throws -> (calibration: EvaluationText, rest: Corpus)? {
        let parts = train.automaticSplit(
            oneIn: max(
                smallestCalibrationPart, train.characterCount / mostCalibrationCharacters))
        guard let text = try evaluationText(parts.validation, encoding),
            text.tokens.count >= fewestCalibrationTokens
        else { return nil }
        return (text, parts.train)
    }

    private static func evaluationText(
        _ corpus: Corpus, _ encoding: Encoding
    ) throws -> EvaluationText? {
        let text = corpus.text
        let tokens = try encoding.tokens(of: text)
        guard tokens.count > 1 else { return nil }
        return EvaluationText(tokens: tokens, characters: text.unicodeScalars.count)
    }

    /// What the alphabet is taken from: all works, and what joins them.
    private static func alphabetTexts(_ corpus: Corpus) -> [String] {
        corpus.works.map(\.text) + (corpus.works.count > 1 ? ["\n"] : [])
    }

    /// One alphabet for all of the corpus; merges from the training works alone.
    private static func learn(
        _ options: TokenizerOptions, corpus: Corpus, train: Corpus
    ) throws -> TokenizerDescription {
        do {
            switch options.tokenizer {
            case .char:
                return TokenizerTrainer.characters(of: alphabetTexts(corpus))
            case .bpe:
                return try TokenizerTrainer.bpe(
                    texts: train.works.map(\.text), alphabetTexts: alphabetTexts(corpus),
                    vocabularySize: options.bpeVocabSize,
                    pretokenizer: options.pretokenizer.pretokenizer)
            case .byteLevelBPE:
                return try TokenizerTrainer.byteLevelBPE(
                    texts: train.works.map(\.text), vocabularySize: options.bpeVocabSize)
            }
        } catch {
            // Texts cannot be wrong here: it is the size that was asked for.
            throw CommandFailure(.usage, "--bpe-vocab-size: \(error)")
        }
    }

    private static func name(of paths: [String]) -> String {
        let last = paths.first?.split(separator: "/").last.map(String.init) ?? "model"
        guard last != ".", last != ".." else { return "model" }
        return last.hasSuffix(".txt") ? String(last.dropLast(4)) : last
    }
}
