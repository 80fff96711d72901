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

    init(
        paths: [String], splitPath: String?, options: TokenizerOptions, calibrates: Bool
    ) throws {
        let corpus = try Corpus(paths: paths)
        let split = try splitPath.map(corpus.split(contentsOf:)) ?? corpus.automaticSplit()
        name = Self.name(of: paths)
        corpusHash = corpus.hash
        works = corpus.works.count
        splitName =
            splitPath.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "automatic"
        let description = try Self.learn(options, corpus: corpus, train: split.train)
        tokenizer = try Tokenizer(description)
        validation = try Self.evaluationText(split.validation, tokenizer)
        let spared = calibrates ? try Self.calibration(of: split.train, tokenizer) : nil
        calibration = spared?.calibration
        let text = (spared?.rest ?? split.train).text
        trainingTokens = try tokenizer.encode(text)
        trainingCharacters = text.unicodeScalars.count
    }

    /// A hundredth of the training text at most, and no more than is needed: it is read many times.
    private static let smallestCalibrationPart = 100, mostCalibrationCharacters = 50_000
    /// Fewer would fit the factor of the logits worse than one would guess it.
    private static let fewestCalibrationTokens = 1_000

    /// What of the training text calibrates, and what is left to learn; nil if it is too short for that.
    private static func calibration(
        of train: Corpus, _ tokenizer: Tokenizer
    ) throws -> (calibration: EvaluationText, rest: Corpus)? {
        let parts = train.automaticSplit(
            oneIn: max(
                smallestCalibrationPart, train.characterCount / mostCalibrationCharacters))
        guard let text = try evaluationText(parts.validation, tokenizer),
            text.tokens.count >= fewestCalibrationTokens
        else { return nil }
        return (text, parts.train)
    }

    private static func evaluationText(
        _ corpus: Corpus, _ tokenizer: Tokenizer
    ) throws -> EvaluationText? {
        let text = corpus.text
        let tokens = try tokenizer.encode(text)
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
