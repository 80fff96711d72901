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
///    total. Sums run in the order of the candidates: by falling logit where top-k or top-p made an
///    order, else by id.
///
/// Arithmetic after the logits is `Double` with our own exponential: the same bits everywhere.
package struct Sampler {
    /// How many of the latest tokens the repeat penalty looks at.
    package static let repeatWindow = 64

    private let options: SamplingOptions
    private let random: CounterRandom
    private let sample: UInt64
    /// The logits with the penalty applied; kept between calls so that none allocates.
    private var scores: [Float] = []
    private var candidates: [Candidate] = []
    private var weights: [Double] = []

    /// Makes the sampler of one row; rows that differ in `sample` alone draw unrelated numbers.
    package init(_ options: SamplingOptions, sample: UInt64 = 0) {
        self.options = options
        self.sample = sample
        random = CounterRandom(seed: options.seed)
    }

    /// The token that follows.
    ///
    /// - Parameters:
    ///   - logits: One for each token of the vocabulary; not changed.
    ///   - recent: The tokens so far, prompt included, oldest first.
    ///   - position: How many tokens the row has generated before this one.
    /// - Complexity: O(V + k log k) with top-k, O(V log V) with top-p alone, O(V) with neither.
    package mutating func next(
        from logits: Vector, recent: [TokenID], position: Int
    ) -> TokenID {
        scores.removeAll(keepingCapacity: true)
        for i in 0..<logits.count { scores.append(logits[i]) }
        return next(recent: recent, position: position)
    }

    /// The token that follows, from logits in an array.
    package mutating func next(
        from logits: [Float], recent: [TokenID] = [], position: Int = 0
    ) -> TokenID {
        scores = logits
        return next(recent: recent, position: position)
    }

    private mutating func next(recent: [TokenID], position: Int) -> TokenID {
        penalizeRepeats(recent)
        if options.temperature == 0 { return largest() }
        selectCandidates()
        keepProbable()
        return draw(position)
    }

    private mutating func penalizeRepeats(_ recent: [TokenID]) {
        guard options.repeatPenalty != 1 else { return }
        for token in Set(recent.suffix(Self.repeatWindow)) where Int(token) < scores.count {
            let score = scores[Int(token)]
            scores[Int(token)] =
                score > 0 ? score / options.repeatPenalty : score * options.repeatPenalty
        }
    }

    private func largest() -> TokenID {
        var best = 0
        for i in scores.indices where scores[i] > scores[best] { best = i }
        return TokenID(best)
    }

    /// Fills `candidates`: the `topK` best, best first, or all in order of id where no order is needed.
    private mutating func selectCandidates() {
        let limit = options.topK == 0 ? scores.count : min(options.topK, scores.count)
        candidates.removeAll(keepingCapacity: true)
        if limit == scores.count {
            for i in scores.indices { candidates.append(Candidate(scores[i], TokenID(i))) }
            if options.topP < 1 || options.topK != 0 { candidates.sort(by: >) }
            return
        }
        // A heap of the best so far with the worst of them on top: most tokens cost one comparison.
        for i in scores.indices {
            let candidate = Candidate(scores[i], TokenID(i))
            if candidates.count < limit {
                candidates.append(candidate)
                if candidates.count == limit { candidates.sort() }  // ascending order is a heap
            } else if candidate > candidates[0] {
                candidates[0] = candidate
                siftDown()
            }
        }
        candidates.sort(by: >)
    }

    /// Restores the heap after its top was replaced: no candidate is above a smaller one.
    private mutating func siftDown() {
        var parent = 0
        while true {
            var least = parent
            for child in 2 * parent + 1...2 * parent + 2
            where child < candidates.count && candidates[child] < candidates[least] {
                least = child
            }
            if least == parent { return }
            candidates.swapAt(parent, least)
            parent = least
        }
    }

    /// Drops candidates that top-p or min-p rule out; the most probable one always stays.
    private mutating func keepProbable() {
        guard options.topP < 1 || options.minP > 0 else { return }
        let total = fillWeights(temperature: 1)
        var sum = 0.0
        var kept = 0
        for i in candidates.indices {
            // The largest weight is exp(0) = 1, so a weight is its share of the largest probability.
            if weights[i] >= Double(options.minP) {
                candidates[kept] = candidates[i]
                kept += 1
            }
            sum += weights[i]
            if options.topP < 1, sum >= Double(options.topP) * total { break }
        }
        candidates.removeSubrange(max(1, kept)...)  // none is kept where logits are not numbers
    }

    private mutating func draw(_ position: Int) -> TokenID {
        let total = fillWeights(temperature: Double(options.temperature))
        let u = random.uniform(stream: sample, index: UInt64(position))
        let target = Double(u) * total
        var sum = 0.0
        for i in candidates.indices {
            sum += weights[i]
            if sum > target { return candidates[i].token }
        }
        return candidates[candidates.count - 1].token
    }

    /// `weights[i] = exp((logit[i] - largest) / temperature)`; returns their sum, in order.
    private mutating func fillWeights(temperature: Double) -> Double {
        var largest = -Double.infinity
        for candidate in candidates {
            largest = max(largest, Double(scores[Int(candidate.token)]))
        }
        weights.removeAll(keepingCapacity: true)
        var total = 0.0
        for candidate in candidates {
            let logit = Double(scores[Int(candidate.token)])
            let weight = Elementary.exp((logit - largest) / temperature)
            weights.append(weight)
            total += weight
        }
        return total
    }
}

/// A token and its logit, ordered by logit and, among equal ones, lower id first.
///
/// Both in one integer, so that a comparison is one instruction.
private struct Candidate: Comparable {
    private let key: UInt64

    init(_ logit: Float, _ token: TokenID) {
        let bits = (logit + 0).bitPattern  // -0 becomes +0: equal logits have equal bits
        // As unsigned integers, IEEE 754 patterns ascend with their value once negative ones are
        // flipped and positive ones lifted above them.
        let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
        key = UInt64(ordered) << 32 | UInt64(~token)
    }

    var token: TokenID { ~TokenID(truncatingIfNeeded: key) }

    static func < (a: Candidate, b: Candidate) -> Bool { a.key < b.key }
}
