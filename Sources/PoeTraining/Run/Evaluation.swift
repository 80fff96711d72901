package import PoeCore
package import PoeModel
import PoeNumerics

/// A text to measure: its tokens and what is needed to compare tokenizers.
package struct EvaluationText: Sendable {
    /// The text's tokens.
    package let tokens: [TokenID]
    /// Unicode scalars of the text.
    package let characters: Int
    /// Scalars that the tokenizer lacks, each counted at `LossProtocol.unknownCharacterNats`.
    package let unknownCharacters: Int
    /// Whether the text was folded as a prompt first, so that fewer characters are unknown.
    package let isFolded: Bool

    package init(
        tokens: [TokenID], characters: Int, unknownCharacters: Int = 0, isFolded: Bool = false
    ) {
        self.tokens = tokens
        self.characters = characters
        self.unknownCharacters = unknownCharacters
        self.isFolded = isFolded
    }
}

/// The loss of a model on a text.
package struct EvaluationResult: Sendable, Equatable {
    /// Mean over the scored tokens.
    package var natsPerToken: Double
    /// Total nats over total characters: comparable between tokenizers.
    package var natsPerCharacter: Double
    /// Tokens that were scored.
    package var tokens: Int
}

extension EvaluationText {
    /// The places of the tokens that predict, a shard at a time: windows of the context length that do not
    /// overlap, and at the end one that may be shorter.
    func shards(contextLength: Int) -> [Range<Int>] {
        let scored = max(0, tokens.count - 1)
        let whole = scored / contextLength * contextLength
        let shard = Trainer.shardWindows * contextLength
        let shards = stride(from: 0, to: whole, by: shard).map { $0..<min($0 + shard, whole) }
        return whole < scored ? shards + [whole..<scored] : shards
    }

    /// What is to be predicted at the places of `shard`.
    func targets(_ shard: Range<Int>) -> [TokenID] {
        Array(tokens[shard.lowerBound + 1..<shard.upperBound + 1])
    }
}

extension Network {
    /// The loss on `text`: windows of the context length that do not overlap, every token but the
    /// first of the text scored once, without dropout.
    ///
    /// - Parameter onShard: Called before each shard; what it throws ends the measurement.
    func evaluate(
        _ text: EvaluationText, onShard: () throws -> Void
    ) rethrows -> EvaluationResult {
        let length = configuration.contextLength
        let scored = text.tokens.count - 1
        guard scored > 0 else {
            return EvaluationResult(natsPerToken: 0, natsPerCharacter: 0, tokens: 0)
        }
        var nats = 0.0
        for shard in text.shards(contextLength: length) {
            try onShard()
            nats += loss(
                inputs: Array(text.tokens[shard]), targets: text.targets(shard),
                windowLength: min(shard.count, length))
        }
        let unknown = Double(text.unknownCharacters) * LossProtocol.unknownCharacterNats
        return EvaluationResult(
            natsPerToken: nats / Double(scored),
            natsPerCharacter: (nats + unknown) / Double(max(1, text.characters)), tokens: scored)
    }
}

extension EvaluationText {
    /// The loss of `weights` on this text.
    package func loss(of weights: ModelWeights, threads: Int) -> EvaluationResult {
        loss(of: weights, threads: threads) {}
    }

    /// The loss of `weights` on this text.
    ///
    /// - Parameter onShard: Called before every few windows; what it throws ends the measurement.
    package func loss(
        of weights: ModelWeights, threads: Int, onShard: () throws -> Void
    ) rethrows -> EvaluationResult {
        try Network(
            weights: weights, shardWindows: Trainer.shardWindows, compute: Compute(threads: threads)
        ).evaluate(self, onShard: onShard)
    }
}
