package import PoeCore

/// Makes the same text look different in every pass, so that it is harder to learn by heart.
///
/// - Merges are undone at random, so that a word is now one token and now the two that it was made of
///   (after BPE-dropout; Provilkov, Emelianenko and Voita, 2020). Less and less of them towards the end
///   of the training: what the model will meet is the one way in which a tokenizer cuts.
/// - Tokens that are read, but not those that are to be predicted, are replaced by tokens from anywhere
///   in the text (unigram noising; Xie et al., 2017).
///
/// Everything is a function of the recipe's seed, the step and the place in its batch.
package struct TextPerturbation {
    private let tokens: [TokenID]
    private let merges: [Merge]
    private let firstMerge: Int
    private let stepCount: Int
    private let recipe: Recipe
    private let random: CounterRandom

    /// Streams of the counter generator, one for each use and window of a batch.
    private enum Stream {
        static let noise: UInt64 = 0x6E6F_6973_0000_0000
        static let merges: UInt64 = 0x6D65_7267_0000_0000
    }

    package init(
        _ tokens: [TokenID], tokenizer: TokenizerDescription?, recipe: Recipe, stepCount: Int
    ) {
        self.tokens = tokens
        merges = tokenizer?.merges ?? []
        firstMerge = tokenizer?.baseCount ?? 0
        self.recipe = recipe
        self.stepCount = stepCount
        random = CounterRandom(seed: recipe.seed)
    }

    /// `count` tokens of the text from `start` on, as window `window` of the batch of `step` has them.
    package func text(from start: Int, count: Int, step: Int, window: Int) -> [TokenID] {
        let rate = recipe.mergeDropout * (1 - Float(step) / Float(max(1, stepCount)))
        guard rate > 0, !merges.isEmpty else { return Array(tokens[start..<start + count]) }
        var cut = Splitting(
            random: random, stream: Stream.merges + UInt64(window), index: UInt64(step) << 20,
            rate: rate)
        var place = start
        while cut.tokens.count < count {
            append(tokens[place], to: &cut)
            place += 1
        }
        return Array(cut.tokens.prefix(count))
    }

    /// Tokens on their way into a window, and where in its stream of random numbers they are.
    private struct Splitting {
        let random: CounterRandom
        let stream: UInt64
        var index: UInt64
        let rate: Float
        var tokens: [TokenID] = []

        mutating func splits() -> Bool {
            index += 1
            return random.uniform(stream: stream, index: index) < rate
        }
    }

    /// The token, or the tokens that it was merged from, each perhaps cut again.
    private func append(_ token: TokenID, to cut: inout Splitting) {
        let merge = Int(token) - firstMerge
        guard merges.indices.contains(merge), cut.splits() else {
            cut.tokens.append(token)
            return
        }
        append(merges[merge].left, to: &cut)
        append(merges[merge].right, to: &cut)
    }

    /// The tokens with some of them replaced.
    package func noisy(_ inputs: [TokenID], step: Int, window: Int) -> [TokenID] {
        guard recipe.tokenNoise > 0 else { return inputs }
        let first = UInt64(step) << 20
        return inputs.enumerated().map { position, token in
            let bits = random.bits(
                stream: Stream.noise + UInt64(window), index: first + UInt64(position))
            let isKept = Float(bits[0] >> 8) * 0x1p-24 >= recipe.tokenNoise
            let other = (UInt64(bits[1]) * UInt64(tokens.count)) >> 32
            return isKept ? token : tokens[Int(other)]
        }
    }
}
