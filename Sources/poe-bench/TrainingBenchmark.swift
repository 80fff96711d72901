import PoeCore
import PoeNumerics
import PoeTraining

/// Steps of the reference shape: 512 tokens, 64 windows of 128; AdamW and dropout unless named otherwise.
struct TrainingBenchmark {
    let conditions: Conditions

    private struct Setting {
        let name: String
        let dropout: Float
        let attentionDropout: Float
        let optimizer: MatrixOptimizer
        let precision: Precision
        var showsParts = false

        var recipe: Recipe {
            var recipe = Recipe()
            recipe.batchWindows = 64
            recipe.dropout = dropout
            recipe.attentionDropout = attentionDropout
            recipe.matrixOptimizer = optimizer
            recipe.precision = precision
            return recipe
        }
    }

    private static let settings = [
        Setting(
            name: "f32, dropout 0.1", dropout: 0.1, attentionDropout: 0.1, optimizer: .adamW,
            precision: .f32),
        Setting(
            name: "f32, no dropout", dropout: 0, attentionDropout: 0, optimizer: .adamW,
            precision: .f32),
        Setting(
            name: "bf16, dropout 0.1", dropout: 0.1, attentionDropout: 0.1, optimizer: .adamW,
            precision: .bf16, showsParts: true),
        Setting(
            name: "bf16, no dropout", dropout: 0, attentionDropout: 0, optimizer: .adamW,
            precision: .bf16),
        Setting(
            name: "f32, Muon, dropout 0.15", dropout: 0.15, attentionDropout: 0,
            optimizer: .muon, precision: .f32, showsParts: true),
    ]

    func run(_ report: Report) throws {
        let random = CounterRandom(seed: 1)
        let tokens = (0..<200_000).map {
            TokenID(random.integer(below: 512, stream: 0, index: UInt64($0)))
        }
        let configuration = ModelConfiguration(vocabularySize: 512)
        let limits = try MachineLimits(
            conditions, weightBytes: TokenCost(configuration, .f32).weightBytes, report: report)
        let multiplyAdds = Self.multiplyAdds(configuration)
        let bounds: [Precision: Double?] = [
            .f32: limits.bound(
                tokens: 1, multiplyAdds: multiplyAdds, in: .f32, bytes: 0,
                threads: conditions.threads),
            .bf16: try MachineLimits.bf16MultiplyAdds(conditions, report) / Double(multiplyAdds),
        ]
        for setting in Self.settings {
            var recipe = setting.recipe
            recipe.epochs = max(
                recipe.epochs,
                epochs(ofWindows: configuration.contextLength, in: tokens.count, recipe))
            let trainer = try Trainer(
                recipe: recipe, configuration: configuration, tokens: tokens,
                threads: conditions.threads)
            let perStep = recipe.batchWindows * configuration.contextLength
            let seconds = try Stopwatch.seconds(runs: conditions.runs) {
                _ = try trainer.takeStep()
            }
            try report.add(
                Measurement(
                    "train", setting.name, rows: recipe.batchWindows, threads: conditions.threads,
                    values: seconds.map { Double(perStep) / $0 }, unit: "tok/s",
                    bound: bounds[setting.precision] ?? nil))
            if setting.showsParts { try reportParts(of: trainer, setting, report) }
        }
        try report.add(ProcessMemory.peak)
    }

    /// Epochs with enough steps for a setting: one that does not count, the runs, and as many more for
    /// the parts.
    ///
    /// A training takes whole batches only, and only as many steps as it has planned.
    private func epochs(ofWindows length: Int, in tokenCount: Int, _ recipe: Recipe) -> Int {
        // An epoch begins anywhere in the first window, which can cost it one.
        let stepsPerEpoch = (tokenCount / length - 1) / recipe.batchWindows
        return (2 * conditions.runs + 1) / stepsPerEpoch + 1
    }

    /// Where the time of more steps goes.
    private func reportParts(of trainer: Trainer, _ setting: Setting, _ report: Report) throws {
        trainer.compute.times = ComputeTimes()
        let all = try Stopwatch.seconds {
            for _ in 0..<conditions.runs { _ = try trainer.takeStep() }
        }
        let seconds = trainer.compute.times?.seconds ?? [:]
        trainer.compute.times = nil
        let rest = all - seconds.values.reduce(0, +)
        let parts = ComputePart.allCases.map { ($0.rawValue, seconds[$0] ?? 0) }
        for (name, part) in parts + [("everything else", rest)] {
            try report.add(
                Measurement(
                    "train", "  \(name)", rows: setting.recipe.batchWindows,
                    threads: conditions.threads, values: [100 * part / all], unit: "%"))
        }
    }

    /// Multiply-adds of one token's forward and backward pass.
    ///
    /// Three for each weight of a matrix product (the tied head included, the tables' look-up not), and
    /// for attention 3 L T C: scores and sums over the T / 2 positions that a token sees on average,
    /// forward once and backward twice. As floating-point operations that is the usual 6 x parameters
    /// and attention.
    private static func multiplyAdds(_ configuration: ModelConfiguration) -> Int {
        let attention =
            configuration.layerCount * configuration.contextLength * configuration.modelDimension
        return 3 * TokenCost(configuration, .f32).weightCount + 3 * attention
    }
}
