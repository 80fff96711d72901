import ArgumentParser
import PoeCore
import PoeNumerics
import PoeTraining

/// Kinds of tokenizer that can be learnt.
enum TokenizerKind: String, ExpressibleByArgument, CaseIterable {
    case char, bpe
    case byteLevelBPE = "byte-bpe"
}

extension InitialAttention: ExpressibleByArgument {}
extension MatrixOptimizer: ExpressibleByArgument {
    /// As people write it.
    var title: String {
        switch self {
        case .adamW: "AdamW"
        case .muon, .muonHeads: "Muon"
        case .norMuon: "NorMuon"
        }
    }
}
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
    @Option(
        help:
            "What a token is: a character, or a piece of a word learnt from the text; bpe unless given."
    )
    var tokenizer: TokenizerKind?

    @Option(
        help:
            "Number of tokens of a BPE tokenizer, base characters included; unless given 512 (or 256 more than there are different characters, if that is more), but in a text of 60,000 characters or more only pairs that occur 100 times are merged."
    )
    var bpeVocabSize: Int?

    @Option(
        help:
            "How text is cut before merging: gpt2, which keeps a word's leading blank, unless given."
    )
    var pretokenizer: PretokenizerName?

    /// What a token is.
    var kind: TokenizerKind { tokenizer ?? .bpe }

    /// Whether nobody asked for tokens of any kind.
    var isUnasked: Bool { tokenizer == nil && bpeVocabSize == nil && pretokenizer == nil }

    func validate() throws {
        guard kind != .char || bpeVocabSize == nil else {
            throw ValidationError("--bpe-vocab-size does not go with --tokenizer char")
        }
        guard kind == .bpe || pretokenizer != .words else {
            throw ValidationError("--pretokenizer words goes with --tokenizer bpe alone")
        }
    }
}

struct ModelOptions: ParsableArguments {
    @Option(
        help:
            "A finished model to begin with: its tokens, its shape and its weights. What it has read helps most where there is little text. Characters that it lacks are folded as those of a prompt, else replaced.",
        completion: .file(extensions: ["poem"]))
    var base: String?

    @Option(help: "Tokens that the model sees at once; 128 unless given.")
    var context: Int?

    @Option(help: "Number of transformer blocks; fitted to the text unless given, at most 6.")
    var layers: Int?

    @Option(help: "Attention heads of a block; one for each 32 of --width unless given.")
    var heads: Int?

    @Option(
        help:
            "Width of the residual stream, a multiple of --heads; fitted to the text unless given, at most 256."
    )
    var width: Int?

    @Option(help: "Width inside the feed-forward; 4 x --width unless given.")
    var feedForward: Int?

    @Option(
        help:
            "The feed-forward's non-linearity: exact, or with tanh as in GPT-2; gelu-tanh unless given."
    )
    var activation: ActivationName?

    /// Tokens that the model sees at once, of a model that begins with no other.
    var contextLength: Int { context ?? 128 }

    func validate() throws {
        let isUnasked =
            context == nil && layers == nil && heads == nil && width == nil && feedForward == nil
            && activation == nil
        guard base == nil || isUnasked else {
            throw ValidationError(
                "the shape is that of --base; leave out --context, --layers, --heads, --width, "
                    + "--feed-forward and --activation")
        }
    }

    func configuration(vocabularySize: Int, _ fitted: FittedChoices) -> ModelConfiguration {
        let width = width ?? Self.multiple(of: heads ?? 1, near: fitted.width)
        return ModelConfiguration(
            vocabularySize: vocabularySize, contextLength: contextLength,
            layerCount: layers ?? fitted.layers, headCount: heads ?? Self.heads(of: width),
            modelDimension: width, feedForwardDimension: feedForward,
            activation: (activation ?? .geluTanh).activation)
    }

    /// The largest multiple of `heads` up to `width`, or `heads`.
    private static func multiple(of heads: Int, near width: Int) -> Int {
        heads > 0 ? max(heads, width / heads * heads) : width
    }

    /// A sentence about a configuration, with the names that its fields have on the command line.
    static func naming(_ error: ConfigurationError) -> String {
        [
            ("contextLength", "--context"), ("layerCount", "--layers"), ("headCount", "--heads"),
            ("modelDimension", "--width"), ("feedForwardDimension", "--feed-forward"),
        ].reduce(error.description) { $0.replacing($1.0, with: $1.1) }
    }

    /// Heads of 32, as the reference model has them; fewer where the width is no multiple of that.
    private static func heads(of width: Int) -> Int {
        (1...min(max(1, width / 32), 1_024)).last { width % $0 == 0 } ?? 1
    }
}

struct RecipeOptions: ParsableArguments {
    @Option(
        help:
            "Passes over the training text; as many as read about 18.5 million tokens, but 4 to 40 (6 with --base), unless given."
    )
    var epochs: Int?

    @Option(
        help:
            "Windows of --context tokens in one step; 32, or 16 where a text of 25,000 BPE tokens or more makes fewer than 1,000 such steps (of any tokens with --base, and 8 where a shorter one does), unless given."
    )
    var batchSize: Int?

    @Option(help: "Tokens between the starts of windows; --context unless given.")
    var stride: Int?

    @Option(
        help:
            "What moves the hidden matrices; AdamW moves everything else. muon: orthogonalised momentum; normuon: the same, with each hidden unit's steps scaled to one usual length; muon-heads: the same as muon, with each head's queries and keys apart. Unless given normuon where steps of 16 windows fit a text without --base (see --batch-size), else muon."
    )
    var optimizer: MatrixOptimizer?

    @Option(help: "Peak learning rate of AdamW; 0.004, a tenth of it with --base, unless given.")
    var learningRate: Float?

    @Option(help: "Peak learning rate of Muon; 0.02, a tenth of it with --base, unless given.")
    var matrixLearningRate: Float?

    @Option(help: "Steps of linear warm-up; a fiftieth of all steps unless given.")
    var warmupSteps: Int?

    @Option(
        help:
            "Last learning rate as a share of the peak, where a cosine leads; 0.15, and 0.02 with --averaging 0, unless given."
    )
    var finalLearningRate: Float?

    @Option(
        help:
            "The model is the mean of the weights over about this share of the steps so far; 0: the latest weights."
    )
    var averaging: Float = Recipe().averaging

    @Option(
        help:
            "Share of the steps that every second block sits out, before it takes over half of the block that precedes it; 0.3 for 40 passes or more, else 0, unless given. Not with --base."
    )
    var halfDepth: Float?

    @Option(
        help:
            "Decoupled weight decay of matrices and embeddings; 0.01 for each pass, but 0.05 to 0.4, and 0.05 with --base, unless given."
    )
    var weightDecay: Float?

    @Option(
        help:
            "Dropout of embeddings and residual branches; 0.0025 for each pass, but 0.05 to 0.1, unless given; where a token is a character, 0.00375 and 0.05 to 0.15; with --base 0.1."
    )
    var dropout: Float?

    @Option(help: "Dropout of attention probabilities.")
    var attentionDropout: Float = Recipe().attentionDropout

    @Option(
        help:
            "Part of the merges that are undone at first, none at the end; 0 with --base and where a token is a character, else 0.00025 times the square of the passes, but 0.05 to 0.4, unless given; half as much again where steps of 16 windows are fitted to the text."
    )
    var mergeDropout: Float?

    @Flag(
        inversion: .prefixedNo,
        help:
            "Set a hundredth of the training text aside, 50,000 characters at most, and scale each epoch's logits to fit it: a model is too sure of text that it has not learnt."
    )
    var calibration = true

    @Option(help: "Part of the tokens that are read which are replaced by others of the text.")
    var tokenNoise: Float = Recipe().tokenNoise

    @Option(
        help:
            "A finished model with the same tokens and the same --context, to learn from too; may be repeated.",
        completion: .file(extensions: ["poem"]))
    var teacher: [String] = []

    @Option(help: "How much of what is learnt is the teachers' prediction; the rest is the text.")
    var teacherShare: Float = Recipe().teacherShare

    @Option(
        help:
            "What products round their operands to; sums are f32. Unless given, bf16 where the processor has tiles for it (AMX), which is more than twice as fast, and f32 elsewhere. Where given, one command makes the same file on every processor."
    )
    var precision: Precision?

    @Option(help: "Largest global norm of the gradient.")
    var gradientClip: Float = Recipe().gradientClip

    @Option(
        help:
            "Where attention looks before training: evenly at all that came before, or each head of the first block at one of the nearest tokens, which is quicker at first. Not with --base."
    )
    var initialAttention: InitialAttention = Recipe().initialAttention

    @Option(name: .shortAndLong, help: "Keys everything random: the same seed, the same model.")
    var seed: UInt64 = Recipe().seed

    func validate() throws {
        guard optimizer != .adamW || matrixLearningRate == nil else {
            throw ValidationError(
                "--matrix-learning-rate is Muon's; leave it out with --optimizer adamw")
        }
    }

    /// What is asked for, and of what is not, what fits the text.
    func recipe(_ fitted: FittedChoices) -> Recipe {
        var recipe = Recipe()
        recipe.epochs = fitted.epochs
        recipe.batchWindows = batchSize ?? fitted.batchWindows
        recipe.stride = stride
        recipe.matrixOptimizer = optimizer ?? fitted.matrixOptimizer
        recipe.learningRate = learningRate ?? fitted.learningRate
        recipe.matrixLearningRate = matrixLearningRate ?? fitted.matrixLearningRate
        recipe.warmupSteps = warmupSteps
        recipe.averaging = averaging
        recipe.halfDepth = halfDepth ?? fitted.halfDepth
        // Averaged weights gain from a rate that stays high; the latest alone have to settle.
        let settled = averaging > 0 ? recipe.finalLearningRate : 0.02
        recipe.finalLearningRate = finalLearningRate ?? settled
        recipe.weightDecay = weightDecay ?? fitted.weightDecay
        recipe.dropout = dropout ?? fitted.dropout
        recipe.attentionDropout = attentionDropout
        recipe.mergeDropout = mergeDropout ?? fitted.mergeDropout
        recipe.initialAttention = initialAttention
        recipe.tokenNoise = tokenNoise
        recipe.teacherShare = teacherShare
        recipe.precision = precision ?? .fastest
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
