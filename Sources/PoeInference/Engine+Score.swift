package import PoeCore
import PoeNumerics

extension Engine {
    /// The log-probability of every token but the first, given the tokens before it in its window.
    ///
    /// Windows of the context length `T` do not overlap: window `w` reads tokens `wT ..< wT + T` and is
    /// scored on the tokens one further, so that each token is scored once. With `stride` below `T`,
    /// windows begin every `stride` tokens and each is scored only on what the one before did not
    /// reach: at least `T - stride` tokens of history for all but the first `T`.
    ///
    /// - Parameters:
    ///   - tokens: The text, each token below the vocabulary's size.
    ///   - stride: 1 to the context length, which is the default.
    package func score(_ tokens: [TokenID], stride: Int? = nil) -> [Double] {
        let length = configuration.contextLength
        let windows = scoreWindows(tokens.count, stride: min(max(1, stride ?? length), length))
        // As many windows at a time as make one pass.
        let group = min(max(1, Self.positionsPerPass / length), max(1, windows.count))
        let caches = (0..<group).map { _ in makeCache(capacity: tokens.count) }
        var scores: [Double] = []
        scores.reserveCapacity(tokens.count)
        for start in Swift.stride(from: 0, to: windows.count, by: group) {
            let these = windows[start..<min(windows.count, start + group)]
            score(tokens, Array(these), caches, &scores)
        }
        return scores
    }

    /// A window of `score`: the tokens it reads, and from which of them on it is scored.
    private struct ScoreWindow {
        let inputs: Range<Int>
        let scoredFrom: Int
    }

    private func scoreWindows(_ count: Int, stride: Int) -> [ScoreWindow] {
        var windows: [ScoreWindow] = []
        var start = 0
        var scored = 0
        while scored < count - 1 {
            let end = min(start + configuration.contextLength, count - 1)
            windows.append(ScoreWindow(inputs: start..<end, scoredFrom: scored))
            scored = end
            start += stride
        }
        return windows
    }

    private func score(
        _ tokens: [TokenID], _ windows: [ScoreWindow], _ caches: [KVCache], _ scores: inout [Double]
    ) {
        let inputs = zip(windows, caches).map { window, cache in
            cache.truncate(to: 0)
            return Input(cache, Array(tokens[window.inputs]))
        }
        let losses = FloatBuffer(count: Self.positionsPerPass)
        allLogits(inputs) { places, logits in
            let sources = places.map { windows[$0.input].inputs.lowerBound + $0.token }
            let view = losses.vector(count: logits.rows)
            compute.softmaxCrossEntropy(
                logits, targets: sources.map { tokens[$0 + 1] }, losses: view, gradientScale: nil)
            for (i, place) in places.enumerated()
            where sources[i] >= windows[place.input].scoredFrom {
                scores.append(-Double(view[i]))
            }
        }
    }
}
