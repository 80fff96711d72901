import PoeCommand
import PoeCore
import PoeModel
import PoeTokenizer
import PoeTraining
import PoemFile

/// What a reader should know of a model, as Markdown inside its file.
struct ModelCard {
    let run: TrainingRun
    let texts: PreparedTexts
    /// The model that the training began with, if any.
    let base: Model?
    /// What calibration multiplied the logits by; nil without calibration.
    let logitFactor: Double?

    var markdown: String {
        let configuration = run.trainer.configuration
        let recipe = run.trainer.recipe
        let tokenizer = texts.tokenizer.description
        let kind =
            tokenizer.merges.isEmpty
            ? "one token a character" : "BPE, \(Format.count(tokenizer.merges.count)) merges"
        return """
            # \(texts.name)

            A language model of \(Format.count(configuration.parameterCount)) parameters: \
            \(Format.count(configuration.layerCount, "block")), \
            \(Format.count(configuration.headCount, "head")), width \
            \(configuration.modelDimension), context \(configuration.contextLength); \
            \(Format.count(configuration.vocabularySize)) tokens (\(kind)).

            It continues text in the manner of what it was trained on, and knows nothing else: it is \
            not a source of facts, and it may repeat its corpus word for word.

            - Trained on \(Format.count(texts.trainingCharacters)) characters \
            (\(Format.count(texts.trainingTokens.count)) tokens) of \(texts.name), \
            \(Format.count(recipe.epochs)) \(recipe.epochs == 1 ? "pass" : "passes"), seed \(recipe.seed).
            - Recipe: \(optimizers), \
            dropout \(recipe.dropout), weight decay \(recipe.weightDecay), \
            \(recipe.batchWindows) windows a step.
            \(begun)\(best)\(calibration)
            """
    }

    private var optimizers: String {
        let optimizer = run.trainer.recipe.matrixOptimizer
        return optimizer == .adamW
            ? optimizer.title : "\(optimizer.title) on hidden matrices, AdamW elsewhere"
    }

    private var begun: String {
        base.map { base in
            let name = base.metadata.string("name") ?? "another model"
            let corpus = base.training.string(TrainingRecord.corpusKey)
            return "- Begun with the tokens, the shape and the weights of \(name)"
                + (corpus.map { ", trained on \($0): it may repeat that corpus, too" } ?? "")
                + ".\n"
        } ?? ""
    }

    private var best: String {
        guard let best = run.history.best, let loss = best.validationLoss,
            let perCharacter = best.validationNatsPerCharacter
        else { return "- No validation text.\n" }
        return """
            - Weights of epoch \(best.epoch), the best on the held-out text (\(texts.splitName) split): \
            \(Format.fixed(loss, 4)) nats a token, \(Format.fixed(perCharacter, 4)) nats a character, \
            before compression.

            """
    }

    private var calibration: String {
        guard let logitFactor, let text = texts.calibration else { return "" }
        return """
            - Logits times \(logitFactor), fitted to \(Format.count(text.characters)) characters that were \
            set aside and never learnt.

            """
    }
}
