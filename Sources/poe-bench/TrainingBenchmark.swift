import PoeCore
import PoeTraining

/// Steps of the reference shape: 512 tokens, 64 windows of 128, AdamW, dropout as named.
struct TrainingBenchmark {
    let runs: Int
    let threads: Int

    private struct Setting {
        let name: String
        let dropout: Float
        let attentionDropout: Float
        let optimizer: MatrixOptimizer
    }

    private static let settings = [
        Setting(name: "dropout 0.1", dropout: 0.1, attentionDropout: 0.1, optimizer: .adamW),
        Setting(name: "no dropout", dropout: 0, attentionDropout: 0, optimizer: .adamW),
        Setting(name: "default recipe", dropout: 0.15, attentionDropout: 0, optimizer: .muon),
    ]

    func run(_ note: (Measurement) throws -> Void) throws {
        let random = CounterRandom(seed: 1)
        let tokens = (0..<200_000).map {
            TokenID(random.integer(below: 512, stream: 0, index: UInt64($0)))
        }
        let configuration = ModelConfiguration(vocabularySize: 512)
        for setting in Self.settings {
            var recipe = Recipe()
            recipe.batchWindows = 64
            recipe.dropout = setting.dropout
            recipe.attentionDropout = setting.attentionDropout
            recipe.matrixOptimizer = setting.optimizer
            let trainer = try Trainer(
                recipe: recipe, configuration: configuration, tokens: tokens, threads: threads)
            let perStep = recipe.batchWindows * configuration.contextLength
            let seconds = try Stopwatch.seconds(runs: runs) { _ = try trainer.takeStep() }
            let speeds = seconds.map { Double(perStep) / $0 }
            try note(
                Measurement(
                    "train", setting.name, rows: recipe.batchWindows, threads: threads,
                    values: speeds, unit: "tok/s"))
            let work = Self.operations(configuration) / 1e9
            try note(
                Measurement(
                    "train", setting.name, rows: recipe.batchWindows, threads: threads,
                    values: speeds.map { $0 * work }, unit: "GFLOP/s"))
        }
        try note(ProcessMemory.peak)
    }

    /// Floating-point operations of one token's forward and backward pass.
    ///
    /// Six for each weight of a matrix product (the tied head included, the tables' look-up not), and
    /// for attention 6 L T C: scores and sums over the T / 2 positions that a token sees on average,
    /// forward once and backward twice.
    static func operations(_ configuration: ModelConfiguration) -> Double {
        let (c, f) = (configuration.modelDimension, configuration.feedForwardDimension)
        let matrices =
            configuration.layerCount * (4 * c * c + 2 * c * f) + configuration.vocabularySize * c
        let attention = configuration.layerCount * configuration.contextLength * c
        return 6 * Double(matrices) + 6 * Double(attention)
    }
}
