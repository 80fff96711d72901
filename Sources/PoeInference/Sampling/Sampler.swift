package import PoeCore
package import PoeNumerics

/// Chooses the next token of one row from its logits.
///
/// The options apply in this order:
/// 1. *Repeat penalty*: each token among the last ``repeatWindow`` (prompt included) has its logit
///    divided by the penalty where positive and multiplied by it otherwise, once, as in llama.cpp.
/// 2. *Temperature 0* ends here: the largest logit, of equal ones the lowest id. The seed plays no part.
/// 3. *Top-k*: the `k` largest logits stay; of equal ones the lowest ids.
/// 4. *Top-p and min-p*, both on the softmax over what top-k left: the most probable tokens stay until
///    their sum reaches `topP`, and each stays only with at least `minP` times the largest probability.
/// 5. *Temperature*: the logits that are left are divided by it.
/// 6. *Draw*: with `u` in [0, 1) from ``PoeCore/CounterRandom`` of the seed at (stream: sample, index:
///    tokens generated before), the first token whose running sum of weights exceeds `u` times their
///    total. Sums run by falling logit with top-p, which needs that order, else by id.
///
/// Arithmetic after the logits is `Double` with our own exponential: the same bits everywhere.
package struct Sampler {
    /// How many of the latest tokens the repeat penalty looks at.
    package static let repeatWindow = 64

    private let options: SamplingOptions
    private let random: CounterRandom
    private let sample: UInt64
    // Kept between calls so that none allocates.
    /// The logits with the penalty applied.
    private var scores: [Float] = []
    private var largest: LargestLogits
    /// The tokens that may be drawn, in the order of the sums, and their weights.
    private var candidates: [TokenID] = []
    private var weights: [Double] = []

    /// Makes the sampler of one row; rows that differ in `sample` alone draw unrelated numbers.
    ///
    /// The kernels change nothing but the speed.
    package init(
        _ options: SamplingOptions, sample: UInt64 = 0, kernels: KernelSet = .best
    ) {
        self.options = options
        largest = LargestLogits(kernels)
        self.sample = sample
        random = CounterRandom(seed: options.seed)
    }

    /// The token that follows.
    ///
    /// - Parameters:
    ///   - logits: One for each token of the vocabulary; not changed.
    ///   - recent: The tokens so far, prompt included, oldest first.
    ///   - position: How many tokens the row has generated before this one.
    /// - Returns: Nil where a logit is infinite or no number: they say nothing then.
    /// - Complexity: O(V), with top-p O(V + k log k).
    package mutating func next(
        from logits: Vector, recent: [TokenID], position: Int
    ) -> TokenID? {
        scores.removeAll(keepingCapacity: true)
        unsafe scores.append(
            contentsOf: UnsafeBufferPointer(start: logits.pointer, count: logits.count))
        return next(recent: recent, position: position)
    }

    /// The token that follows, from logits in an array.
    package mutating func next(
        from logits: [Float], recent: [TokenID] = [], position: Int = 0
    ) -> TokenID? {
        scores = logits
        return next(recent: recent, position: position)
    }

    private mutating func next(recent: [TokenID], position: Int) -> TokenID? {
        // Magnitudes compare as their bits do, with infinity and then NaN above all numbers.
        let greatest = scores.reduce(0) { max($0, $1.bitPattern & 0x7fff_ffff) }
        guard greatest < Float.infinity.bitPattern else { return nil }
        penalizeRepeats(recent)
        if options.temperature == 0 { return best() }
        selectCandidates()
        keepProbable()
        return draw(position)
    }

    private mutating func penalizeRepeats(_ recent: [TokenID]) {
        guard options.repeatPenalty != 1 else { return }
        let window = recent.suffix(Self.repeatWindow)
        for i in window.indices where !window[..<i].contains(window[i]) {
            let token = Int(window[i])
            guard token < scores.count else { continue }
            let score = scores[token]
            let penalized =
                score > 0 ? score / options.repeatPenalty : score * options.repeatPenalty
            // Infinite scores could not be told apart.
            let most = Float.greatestFiniteMagnitude
            scores[token] = max(-most, min(penalized, most))
        }
    }

    private func best() -> TokenID {
        var best = 0
        for i in scores.indices where scores[i] > scores[best] { best = i }
        return TokenID(best)
    }

    /// The `topK` best, or all.
    private mutating func selectCandidates() {
        candidates.removeAll(keepingCapacity: true)
        if options.topK == 0 || options.topK >= scores.count {
            for i in scores.indices { candidates.append(TokenID(i)) }
        } else {
            largest.select(options.topK, of: scores)
            candidates.append(contentsOf: largest.ids)
        }
        guard options.topP < 1 else { return }
        candidates.sort { a, b in
            let (x, y) = (scores[Int(a)], scores[Int(b)])
            return x != y ? x > y : a < b
        }
    }

    /// Drops candidates that top-p or min-p rule out; the most probable one always stays.
    private mutating func keepProbable() {
        guard options.topP < 1 || options.minP > 0 else { return }
        let total = fillWeights(temperature: 1)
        var count = weights.count
        if options.topP < 1 {
            var sum = 0.0
            for i in weights.indices {
                sum += weights[i]
                guard sum < Double(options.topP) * total else {
                    count = i + 1
                    break
                }
            }
        }
        // The largest weight is exp(0) = 1, so a weight is its share of the largest probability.
        var kept = 0
        for i in 0..<count where weights[i] >= Double(options.minP) {
            candidates[kept] = candidates[i]
            kept += 1
        }
        candidates.removeLast(candidates.count - kept)
    }

    private mutating func draw(_ position: Int) -> TokenID {
        let total = fillWeights(temperature: Double(options.temperature))
        let u = random.uniform(stream: sample, index: UInt64(position))
        let target = Double(u) * total
        var sum = 0.0
        for i in weights.indices {
            sum += weights[i]
            if sum > target { return candidates[i] }
        }
        return candidates[weights.count - 1]
    }

    /// `weights[i] = exp((logit[i] - largest) / temperature)`; returns their sum, in order.
    private mutating func fillWeights(temperature: Double) -> Double {
        var largest = -Double.infinity
        for token in candidates {
            largest = max(largest, Double(scores[Int(token)]))
        }
        weights.removeAll(keepingCapacity: true)
        var total = 0.0
        for token in candidates {
            let logit = Double(scores[Int(token)])
            let weight = Elementary.exp((logit - largest) / temperature)
            weights.append(weight)
            total += weight
        }
        return total
    }
}
