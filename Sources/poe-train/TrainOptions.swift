import ArgumentParser
import PoeCore
import PoeNumerics
import PoeTraining

/// Kinds of tokenizer that can be learnt.
enum TokenizerKind: String, ExpressibleByArgument, CaseIterable {
    case char, bpe
    case byteLevelBPE = "byte-bpe"
}

extension MatrixOptimizer: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}

/// Pre-tokenizers by the names that people type.
enum PretokenizerName: String, ExpressibleByArgument, CaseIterable {
    case gpt2, words

    var pretokenizer: Pretokenizer { self == .gpt2 ? .gpt2 : .words }
}

/// Activations by the names that people type.
enum ActivationName: String, ExpressibleByArgument, CaseIterable {
    case gelu
    case geluTanh = "gelu-tanh"

    var activation: Activation { self == .gelu ? .gelu : .geluTanh }
}

/// What a finished model's weights are stored as.
enum ProfileName: String, ExpressibleByArgument, CaseIterable {
    case lossless, compact
}

struct TokenizerOptions: ParsableArguments {
    @Option(help: "What a token is: a character, or a piece of a word learnt from the text.")
    var tokenizer: TokenizerKind = .bpe

    @Option(help: "Number of tokens of a BPE tokenizer, base characters included.")
    var bpeVocabSize = 512

    @Option(help: "How text is cut before merging: gpt2 keeps a word's leading blank.")
    var pretokenizer: PretokenizerName = .gpt2
}

struct ModelOptions: ParsableArguments {
    @Option(help: "Tokens that the model sees at once.")
    var context = 128

    @Option(help: "Number of transformer blocks.")
    var layers = 6

    @Option(help: "Attention heads of a block.")
    var heads = 8

    @Option(help: "Width of the residual stream; a multiple of --heads.")
    var width = 256

    @Option(help: "Width inside the feed-forward; 4 x --width unless given.")
    var feedForward: Int?

    @Option(help: "The feed-forward's non-linearity: exact, or with tanh as in GPT-2.")
    var activation: ActivationName = .geluTanh

    func configuration(vocabularySize: Int) -> ModelConfiguration {
        ModelConfiguration(
            vocabularySize: vocabularySize, contextLength: context, layerCount: layers,
            headCount: heads, modelDimension: width, feedForwardDimension: feedForward,
            activation: activation.activation)
    }
}

struct RecipeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Passes over the training text; as many as make about 1,500 steps, "
                + "but 7 to 40, unless given."))
    var epochs: Int?

    @Option(help: "Windows of --context tokens in one step.")
    var batchSize = Recipe().batchWindows

    @Option(help: "Tokens between the starts of windows; --context unless given.")
    var stride: Int?

    @Option(help: "What moves the hidden matrices; AdamW moves everything else.")
    var optimizer: MatrixOptimizer = Recipe().matrixOptimizer

    @Option(help: "Peak learning rate of AdamW.")
    var learningRate: Float = Recipe().learningRate

    @Option(help: "Peak learning rate of Muon.")
    var matrixLearningRate: Float = Recipe().matrixLearningRate

    @Option(help: "Steps of linear warm-up; a fiftieth of all steps unless given.")
    var warmupSteps: Int?

    @Option(help: "Last learning rate as a share of the peak; a cosine leads there.")
    var finalLearningRate: Float = Recipe().finalLearningRate

    @Option(help: "Decoupled weight decay of matrices and embeddings.")
    var weightDecay: Float = Recipe().weightDecay

    @Option(help: "Dropout of embeddings and residual branches.")
    var dropout: Float = Recipe().dropout

    @Option(help: "Dropout of attention probabilities.")
    var attentionDropout: Float = Recipe().attentionDropout

    @Option(help: "What products round their operands to; sums are f32 either way.")
    var precision: Precision = Recipe().precision

    @Option(help: "Largest global norm of the gradient.")
    var gradientClip: Float = Recipe().gradientClip

    @Option(name: .shortAndLong, help: "Keys everything random: the same seed, the same model.")
    var seed: UInt64 = Recipe().seed

    /// The recipe for a text of `tokens` tokens.
    ///
    /// Few steps leave a model untaught however often it saw its text, and many passes over a short
    /// text are learnt by heart: hence the bounds.
    func recipe(tokens: Int, contextLength: Int) -> Recipe {
        var recipe = Recipe()
        let stepsPerPass = max(1, tokens / max(1, (stride ?? contextLength) * max(1, batchSize)))
        recipe.epochs = epochs ?? min(max(1_500 / stepsPerPass, 7), 40)
        recipe.batchWindows = batchSize
        recipe.stride = stride
        recipe.matrixOptimizer = optimizer
        recipe.learningRate = learningRate
        recipe.matrixLearningRate = matrixLearningRate
        recipe.warmupSteps = warmupSteps
        recipe.finalLearningRate = finalLearningRate
        recipe.weightDecay = weightDecay
        recipe.dropout = dropout
        recipe.attentionDropout = attentionDropout
        recipe.precision = precision
        recipe.gradientClip = gradientClip
        recipe.seed = seed
        return recipe
    }
}

struct OutputOptions: ParsableArguments {
    @Option(
        name: [.short, .customLong("output")],
        help: "The model; NAME.poem for a corpus NAME unless given.")
    var output: String?

    @Option(help: "How the finished model is stored: exact, or small (int8 grid and zstd).")
    var profile: ProfileName = .compact

    @Option(help: "Loss that --profile compact may cost, nats per token.")
    var budget = 0.002

    @Flag(help: "Go on from the checkpoint that an interrupted run of the same command left.")
    var resume = false

    @Flag(help: "Keep the weights of every epoch as NAME.epoch-N.poem.")
    var keepEpochs = false

    @Option(
        help: ArgumentHelp(
            "Folder for NAME.train.csv and NAME.loss.svg, made if missing; "
                + "beside the model unless given."))
    var report: String?

    @Option(help: "Seconds between checkpoints within an epoch.")
    var checkpointSeconds = 120.0

    @Option(help: "Begins the sample that is printed after each epoch; none if empty.")
    var samplePrompt = "The "

    @Flag(name: .shortAndLong, help: "Print errors and the result alone.")
    var quiet = false
}
