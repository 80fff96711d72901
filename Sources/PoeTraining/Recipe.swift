package import PoeNumerics

/// Which optimizer moves the hidden matrices; everything else is always AdamW's.
package enum MatrixOptimizer: String, Sendable, CaseIterable {
    /// AdamW, with the learning rate of all other parameters.
    case adamW = "adamw"
    /// Orthogonalised momentum, with a learning rate of its own.
    case muon
    /// The same, with steps that are even by unit.
    case norMuon = "normuon"
    /// Orthogonalised momentum, with the queries and the keys of each head apart.
    case muonHeads = "muon-heads"
}

/// Where attention looks before it is trained.
package enum InitialAttention: String, Sendable, CaseIterable {
    /// Evenly at all that came before: positions, queries and keys are random, as in GPT-2.
    case even
    /// In the first block each head at one place, the first head one back, the second two, and so on.
    case neighbours
}

/// Every choice that determines a training, given its text, its tokenizer and the model's shape.
package struct Recipe: Sendable, Equatable {
    /// Keys the initial weights, the order of the data and the dropout masks.
    package var seed: UInt64 = 1
    /// Where attention looks at first.
    package var initialAttention = InitialAttention.even
    /// Passes over the training text.
    package var epochs = 7
    /// Windows of the context length in one optimizer step.
    package var batchWindows = 32
    /// Tokens from one window's start to the next; nil is the context length (no overlap).
    package var stride: Int?
    /// Peak learning rate of AdamW.
    package var learningRate: Float = 4e-3
    /// Peak learning rate of Muon, for the hidden matrices.
    package var matrixLearningRate: Float = 0.02
    /// What moves the hidden matrices.
    package var matrixOptimizer = MatrixOptimizer.muon
    /// Steps of linear warm-up; nil is a fiftieth of all steps.
    package var warmupSteps: Int?
    /// The last step's learning rate, as a share of the peak.
    package var finalLearningRate: Float = 0.15
    /// Share of the steps over which the weights that make the model are averaged; 0 for the latest alone.
    package var averaging: Float = 0.07
    /// Share of the steps that are taken at half depth, by every second block alone.
    package var halfDepth: Float = 0
    /// Decoupled weight decay of all tensors with two dimensions, multiplied by the learning rate.
    package var weightDecay: Float = 0.1
    /// AdamW's decay of the first moment.
    package var beta1: Float = 0.9
    /// AdamW's decay of the second moment.
    package var beta2: Float = 0.95
    /// Added to AdamW's denominator.
    package var epsilon: Float = 1e-8
    /// Largest global norm of the gradient; longer ones are scaled down to it.
    package var gradientClip: Float = 1
    /// Dropout of the embeddings and of both branches of a block.
    package var dropout: Float = 0.15
    /// Dropout of the attention probabilities.
    package var attentionDropout: Float = 0
    /// Part of the merges that are undone at first; less and less, and none at the end.
    package var mergeDropout: Float = 0
    /// Part of the tokens that are read which are replaced by others of the text.
    package var tokenNoise: Float = 0
    /// How much of what is learnt is the teachers' prediction, where there are teachers; the rest is
    /// the text.
    package var teacherShare: Float = 0.5
    /// What the operands of products are rounded to while gradients are made.
    package var precision = Precision.f32

    package init() {}

    /// Checks every field's range.
    package func validate() throws(TrainingError) {
        // Each epoch has a line in the model's record, which may be 1 MiB long.
        try check("epochs", (1...10_000).contains(epochs), "from 1 to 10000", "\(epochs)")
        try check("batch size", batchWindows >= 1, "at least 1 window", "\(batchWindows)")
        try check("stride", stride.map { $0 >= 1 } ?? true, "at least 1", "\(stride ?? 0)")
        try check(
            "learning rate", learningRate > 0 && learningRate < 1, "between 0 and 1",
            "\(learningRate)")
        try check(
            "matrix learning rate", matrixLearningRate > 0 && matrixLearningRate < 10,
            "between 0 and 10", "\(matrixLearningRate)")
        try check("warm-up", (warmupSteps ?? 0) >= 0, "0 or more steps", "\(warmupSteps ?? 0)")
        try check(
            "final learning rate", finalLearningRate >= 0 && finalLearningRate <= 1,
            "a share from 0 to 1", "\(finalLearningRate)")
        try check(
            "averaging", averaging >= 0 && averaging <= 1, "a share from 0 to 1", "\(averaging)")
        try check(
            "half depth", halfDepth >= 0 && halfDepth <= 1, "a share from 0 to 1", "\(halfDepth)")
        try check(
            "weight decay", weightDecay >= 0 && weightDecay < 100, "from 0 to 100",
            "\(weightDecay)")
        try check("beta 1", beta1 >= 0 && beta1 < 1, "from 0 to 1", "\(beta1)")
        try check("beta 2", beta2 >= 0 && beta2 < 1, "from 0 to 1", "\(beta2)")
        try check("epsilon", epsilon > 0 && epsilon < 1, "between 0 and 1", "\(epsilon)")
        try check("gradient clip", gradientClip > 0, "above 0", "\(gradientClip)")
        try check(
            "merge dropout", mergeDropout >= 0 && mergeDropout < 1, "from 0 to below 1",
            "\(mergeDropout)")
        try check(
            "token noise", tokenNoise >= 0 && tokenNoise < 1, "from 0 to below 1", "\(tokenNoise)")
        try check(
            "teacher share", teacherShare >= 0 && teacherShare <= 1, "from 0 to 1",
            "\(teacherShare)")
        try check("dropout", dropout >= 0 && dropout < 1, "from 0 to below 1", "\(dropout)")
        try check(
            "attention dropout", attentionDropout >= 0 && attentionDropout < 1,
            "from 0 to below 1", "\(attentionDropout)")
    }

    private func check(
        _ name: String, _ holds: Bool, _ expected: String, _ found: String
    ) throws(TrainingError) {
        guard holds else {
            throw .invalidRecipe("the \(name) is \(found); expected \(expected)")
        }
    }
}
