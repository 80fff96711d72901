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
    let unknown: [Unicode.Scalar]
    /// How often they occur.
    let unknownCount: Int

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
        tokenizer =
            try base ?? Tokenizer(Self.learn(options, corpus: corpus, train: split.train))
        let encoding = Encoding(tokenizer: tokenizer, isForeign: base != nil)
        (unknown, unknownCount) = try encoding.unknown(in: corpus.text)
        validation = try Self.evaluationText(split.validation, encoding)
        let spared = calibrates ? try Self.calibration(of: split.train, encoding) : nil
        calibration = spared?.calibration
        let text = (spared?.rest ?? split.train).text
        trainingTokens = try encoding.encode(text).tokens
        trainingCharacters = text.unicodeScalars.count
    }

    /// How text becomes tokens.
    private struct Encoding {
        let tokenizer: Tokenizer
        /// Whether the tokenizer comes from another text: what it lacks is folded to what it has, or
        /// replaced, as in a prompt.
        let isForeign: Bool

        /// The tokens of `text`, the characters that were replaced, and how often they occur.
        func encode(
            _ text: String
        ) throws -> (tokens: [TokenID], unknown: [Unicode.Scalar], count: Int) {
            guard isForeign else { return (try tokenizer.encode(text), [], 0) }
            return try tokenizer.encodeFolded(text, unknown: .replace)
        }

        /// The characters that will be replaced in a corpus, and how often they occur.
        ///
        /// - Throws: ``CommandFailure`` if they are more than a twentieth of it: another script.
        func unknown(in text: String) throws -> ([Unicode.Scalar], count: Int) {
            guard isForeign else { return ([], 0) }
            let (_, unknown, count) = try encode(text)
            let characters = text.unicodeScalars.count
            guard let first = unknown.first, count * 20 > characters else {
                return (unknown, count)
            }
            throw CommandFailure(
                .usage,
                "the model of --base does not know \(Format.count(count)) of the text's "
                    + "\(Format.count(characters, "character")), such as "
                    + "\(TokenizerError.name(of: first)); train without --base")
        }
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
        let (tokens, _, unknown) = try encoding.encode(text)
        guard tokens.count > 1 else { return nil }
        return EvaluationText(
            tokens: tokens, characters: text.unicodeScalars.count, unknownCharacters: unknown,
            isFolded: encoding.isForeign)
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
            switch options.kind {
            case .char:
                return TokenizerTrainer.characters(of: alphabetTexts(corpus))
            case .bpe:
                return try TokenizerTrainer.bpe(
                    texts: train.works.map(\.text), alphabetTexts: alphabetTexts(corpus),
                    vocabularySize: options.bpeVocabSize,
                    pretokenizer: (options.pretokenizer ?? .gpt2).pretokenizer)
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
