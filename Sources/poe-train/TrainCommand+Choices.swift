import PoeCommand
import PoeCore
import PoeNumerics
import PoeTokenizer
import PoeTraining

extension TrainCommand {
    /// The choices that no option made, for people.
    func whatWasChosen(
        _ fitted: FittedChoices, _ configuration: ModelConfiguration, _ texts: PreparedTexts
    ) -> [String] {
        let shape = model.base == nil ? ofTokensAndShape(configuration, texts) : []
        return shape + ofPasses(fitted) + ofRates(fitted) + ofStrictness(fitted) + ofProcessor()
    }

    private func ofTokensAndShape(
        _ configuration: ModelConfiguration, _ texts: PreparedTexts
    ) -> [String] {
        var choices: [String] = []
        if tokenizer.bpeVocabSize == nil && tokenizer.kind != .char {
            choices.append("a vocabulary of \(texts.tokenizer.vocabularySize)")
        }
        if model.layers == nil && model.width == nil {
            choices.append(
                "\(configuration.layerCount) blocks of width \(configuration.modelDimension)")
        }
        return choices
    }

    private func ofPasses(_ fitted: FittedChoices) -> [String] {
        var choices: [String] = []
        if recipe.epochs == nil {
            let total = fitted.epochs * fitted.tokens
            let read =
                total < 100_000
                ? Format.count(total) : "\(Format.fixed(Double(total) / 1e6, 1)) million"
            choices.append(
                "\(fitted.epochs) \(fitted.epochs == 1 ? "pass" : "passes") (\(read) tokens)")
        }
        if recipe.batchSize == nil {
            choices.append("steps of \(fitted.batchWindows) windows")
        }
        return choices
    }

    /// What moves the matrices; the rates of a base's training, which others do not have.
    private func ofRates(_ fitted: FittedChoices) -> [String] {
        let optimizer = recipe.optimizer ?? fitted.matrixOptimizer
        guard model.base != nil else { return recipe.optimizer == nil ? [optimizer.title] : [] }
        var choices: [String] = []
        if recipe.matrixLearningRate == nil && optimizer != .adamW {
            choices.append("\(optimizer.title) at \(fitted.matrixLearningRate)")
        }
        if recipe.learningRate == nil { choices.append("AdamW at \(fitted.learningRate)") }
        return choices
    }

    /// Only where it is not what most processors get.
    private func ofProcessor() -> [String] {
        recipe.precision == nil && Precision.fastest == .bf16 ? ["bf16 for this processor"] : []
    }

    private func ofStrictness(_ fitted: FittedChoices) -> [String] {
        let choices = [
            ("dropout", recipe.dropout, fitted.dropout),
            ("weight decay", recipe.weightDecay, fitted.weightDecay),
            ("merge dropout", recipe.mergeDropout, fitted.mergeDropout),
            ("half depth", recipe.halfDepth, fitted.halfDepth),
        ].filter { $0.1 == nil && $0.2 > 0 }.map { "\($0.0) \($0.2)" }
        guard model.base == nil, !choices.isEmpty else { return choices }
        return [choices.joined(separator: ", ") + " for so many passes"]
    }
}
