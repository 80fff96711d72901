import Foundation
import PoeCore
import PoeModel
import PoeNumerics
import PoeTokenizer
import PoeTraining

/// A model that trains in a moment, on text made here.
enum TinyTraining {
    static let text = sentences(words: 900, stream: 0)
    /// What is measured and never learnt: other sentences of the same words.
    static let otherText = sentences(words: 40, stream: 1)

    private static func sentences(words count: Int, stream: UInt64) -> String {
        let random = CounterRandom(seed: 9)
        let words = ["dull", "sullen", "glow", "lamp", "the", "of", "a", "window", "night", "sea"]
        return (0..<count).map { i in
            words[random.integer(below: words.count, stream: stream, index: UInt64(i))]
                + (i % 11 == 10 ? ".\n" : "")
        }.joined(separator: " ")
    }

    static func tokenizer() throws -> Tokenizer {
        try Tokenizer(TokenizerTrainer.characters(of: [text]))
    }

    static func validation() throws -> EvaluationText {
        EvaluationText(
            tokens: try tokenizer().encode(otherText), characters: otherText.unicodeScalars.count)
    }

    static var recipe: Recipe {
        var recipe = Recipe()
        recipe.epochs = 2
        recipe.batchWindows = 20
        // What has the most state. Its unit means lie in the second moments.
        recipe.matrixOptimizer = .norMuon
        recipe.dropout = 0.2
        recipe.attentionDropout = 0.1
        recipe.tokenNoise = 0.05
        recipe.mergeDropout = 0.1
        // So few steps have to be enough for the mean to differ from the latest.
        recipe.averaging = 0.3
        recipe.halfDepth = 0.5
        return recipe
    }

    static func configuration(_ tokenizer: Tokenizer) -> ModelConfiguration {
        ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize, contextLength: 24, layerCount: 2,
            headCount: 2, modelDimension: 24, feedForwardDimension: 40)
    }

    static func trainer(threads: Int = 1, recipe: Recipe = recipe) throws -> Trainer {
        let tokenizer = try tokenizer()
        return try Trainer(
            recipe: recipe, configuration: configuration(tokenizer),
            tokens: try tokenizer.encode(text), threads: threads)
    }

    static func run(
        in folder: URL, threads: Int = 1, recipe: Recipe = recipe,
        calibration: EvaluationText? = nil
    ) throws -> TrainingRun {
        let tokenizer = try tokenizer()
        let tokens = try tokenizer.encode(text)
        let validation = try validation()
        var options = TrainingRun.Options()
        options.keepsEpochs = true
        return TrainingRun(
            trainer: try trainer(threads: threads, recipe: recipe), tokenizer: tokenizer,
            validation: validation, calibration: calibration,
            record: TrainingRecord(
                recipe: recipe, corpusName: "tiny", corpusHash: 1, split: "other text",
                trainingTokens: tokens, validation: validation),
            files: RunFiles(model: folder.appendingPathComponent("tiny.poem").path),
            options: options)
    }

    /// The bits of all weights.
    static func bits(_ weights: ModelWeights) -> [UInt32] {
        (0..<weights.flat.count).map { weights.flat[$0].bitPattern }
    }
}

/// Stops a run after a number of steps, if any, and remembers what it was told.
final class Spectator: TrainingObserver {
    private let limit: Int?
    private(set) var steps: [StepReport] = []
    private(set) var epochs: [EpochRecord] = []
    private(set) var models: [Model] = []

    init(stopAfter limit: Int? = nil) { self.limit = limit }

    func willMeasure() {}
    func didTakeStep(_ report: StepReport) { steps.append(report) }
    func didFinishEpoch(_ record: EpochRecord, isBest: Bool, model: Model) {
        epochs.append(record)
        models.append(model)
    }
    var wantsToStop: Bool { limit.map { steps.count >= $0 } ?? false }
}

/// A folder that is removed after use.
func withTemporaryFolder<Value>(_ body: (URL) throws -> Value) throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}
