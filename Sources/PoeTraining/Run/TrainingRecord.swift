package import PoeCore
package import PoeModel
import PoeNumerics
package import PoemFile

/// What a model's file says of its training: enough to do it again.
///
/// No times and no paths: the same training writes the same bytes.
package struct TrainingRecord: Sendable, Equatable {
    /// Keys that must agree for a checkpoint to be continued.
    package let fixed: Metadata

    /// Describes a training.
    ///
    /// - Parameters:
    ///   - corpusName: The corpus's file or folder, without the path to it.
    ///   - corpusHash: Names the works and their order.
    ///   - split: How the validation text was chosen, for people.
    ///   - trainingTokens: The text that is learnt.
    ///   - validation: The text that is measured, if any.
    ///   - calibration: The text that the model is calibrated on, if any.
    ///   - base: The finished model that the training begins with, if any.
    ///   - teachers: Models that are learnt from beside the text.
    package init(
        recipe: Recipe, corpusName: String, corpusHash: UInt64, split: String,
        trainingTokens: [TokenID], validation: EvaluationText?,
        calibration: EvaluationText? = nil, base: Model? = nil,
        teachers: [ModelWeights] = []
    ) {
        var keys = recipe.metadata
        if let base {
            keys["recipe.base.xxh64"] = .string(hash(base.weights).hexadecimal)
            keys["recipe.base.corpus"] = base.training[Self.corpusKey]
        }
        if !teachers.isEmpty {
            keys["recipe.teacher_share"] = decimal(recipe.teacherShare)
            keys["recipe.teachers.xxh64"] = .strings(teachers.map { hash($0).hexadecimal })
        }
        keys[Self.corpusKey] = .string(corpusName)
        keys["corpus.xxh64"] = .string(corpusHash.hexadecimal)
        keys["corpus.split"] = .string(split)
        keys["corpus.train_tokens"] = .integer(trainingTokens.count)
        keys["corpus.train_tokens.xxh64"] = .string(XXH64.hash(of: trainingTokens).hexadecimal)
        if let validation {
            keys["corpus.validation_tokens"] = .integer(validation.tokens.count)
            keys["corpus.validation_tokens.xxh64"] = .string(
                XXH64.hash(of: validation.tokens).hexadecimal)
            keys["corpus.validation_characters"] = .integer(validation.characters)
        }
        if let calibration {
            keys["corpus.calibration_tokens"] = .integer(calibration.tokens.count)
            keys["corpus.calibration_tokens.xxh64"] = .string(
                XXH64.hash(of: calibration.tokens).hexadecimal)
        }
        fixed = keys
    }

    /// Where the corpus's name stands.
    package static let corpusKey = "corpus.name"

    /// Where the losses by epoch stand: the one key that grows while a training runs.
    static let epochsKey = "epochs"

    /// The record with the losses by epoch.
    package func metadata(_ epochs: [EpochRecord]) -> Metadata {
        var keys = fixed
        keys[Self.epochsKey] = .strings(epochs.map(\.line))
        return keys
    }

    /// Fields of the recipe that the command line has no option for.
    private static let unnamed: Set = ["beta1", "beta2", "epsilon", "shard_windows"]

    /// Fields of the recipe that are left out where they are off, and what an option calls that.
    private static let off = [
        "averaging": "0", "half_depth": "0", "initial_attention": "even", "merge_dropout": "0",
        "token_noise": "0",
    ]

    /// The option and its value that ask for what an earlier training had under `key`; nil if there is none.
    static func option(
        for key: String, _ earlier: MetadataValue?, insteadOf asked: MetadataValue?
    ) -> String? {
        let prefix = "recipe."
        let field = String(key.dropFirst(prefix.count))
        guard key.hasPrefix(prefix), !field.contains("."), !unnamed.contains(field),
            let value = earlier?.typed ?? off[field]
        else { return nil }
        // A share alone brings no teachers.
        if field == "teacher_share" && asked == nil { return nil }
        return "--\(field.replacing("_", with: "-")) \(value)"
    }
}

extension MetadataValue {
    /// As the value of an option; nil for what no option takes.
    fileprivate var typed: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .double(let number): "\(number)"
        case .boolean, .strings: nil
        }
    }
}

extension Recipe {
    /// The fields under the names of the command line, where beta1, beta2, epsilon and the shard's windows have
    /// none; what is off is left out.
    var metadata: Metadata {
        var keys: Metadata = [
            "recipe.epochs": .integer(epochs),
            "recipe.seed": .string("\(seed)"),
            "recipe.batch_size": .integer(batchWindows),
            "recipe.optimizer": .string(matrixOptimizer.rawValue),
            "recipe.precision": .string(precision.rawValue),
            "recipe.shard_windows": .integer(Trainer.shardWindows),
        ]
        if initialAttention != .even {
            keys["recipe.initial_attention"] = .string(initialAttention.rawValue)
        }
        if mergeDropout > 0 { keys["recipe.merge_dropout"] = decimal(mergeDropout) }
        if averaging > 0 { keys["recipe.averaging"] = decimal(averaging) }
        if halfDepth > 0 { keys["recipe.half_depth"] = decimal(halfDepth) }
        if tokenNoise > 0 { keys["recipe.token_noise"] = decimal(tokenNoise) }
        if let stride { keys["recipe.stride"] = .integer(stride) }
        if let warmupSteps { keys["recipe.warmup_steps"] = .integer(warmupSteps) }
        for (name, value) in [
            ("learning_rate", learningRate), ("matrix_learning_rate", matrixLearningRate),
            ("final_learning_rate", finalLearningRate), ("weight_decay", weightDecay),
            ("beta1", beta1), ("beta2", beta2), ("epsilon", epsilon),
            ("gradient_clip", gradientClip), ("dropout", dropout),
            ("attention_dropout", attentionDropout),
        ] {
            keys["recipe.\(name)"] = decimal(value)
        }
        return keys
    }
}

extension EpochRecord {
    /// One line of figures; `-` stands for what was not measured.
    package var line: String {
        let fields = [
            "\(epoch)", "\(step)", "\(trainingLoss)", validationLoss.map { "\($0)" } ?? "-",
            validationNatsPerCharacter.map { "\($0)" } ?? "-",
        ]
        return fields.joined(separator: " ")
    }

    /// Reads a line back; nil if it is not one.
    package init?(line: String) {
        let fields = line.split(separator: " ")
        guard fields.count == 5, let epoch = Int(fields[0]), let step = Int(fields[1]),
            let loss = Double(fields[2])
        else { return nil }
        self.init(
            epoch: epoch, step: step, trainingLoss: loss, validationLoss: Double(fields[3]),
            validationNatsPerCharacter: Double(fields[4]))
    }
}

/// As its shortest decimal, so that 0.1 reads as 0.1.
func decimal(_ value: Float) -> MetadataValue {
    .double(Double("\(value)") ?? Double(value))
}

private func hash(_ weights: ModelWeights) -> UInt64 {
    XXH64.hash(of: weights.flat.floats.map(\.bitPattern))
}
