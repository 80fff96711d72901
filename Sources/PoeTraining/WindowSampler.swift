import PoeCore

/// The order in which a training reads its text: every epoch cuts the token stream into windows at a
/// fresh random offset and shuffles them.
///
/// The order is a function of the seed and the epoch alone, so a resumed run needs no saved state
/// but its position.
package struct WindowSampler: Sendable {
    /// Tokens of a window, `T`; a window reads one more as the last target.
    private let contextLength: Int
    /// Tokens of the training text.
    private let tokenCount: Int
    private let stride: Int
    private let random: CounterRandom
    /// Number of the first step of each epoch, and after the last one the number of all steps.
    package let firstSteps: [Int]

    /// Streams of the counter generator, one for each use.
    private enum Stream {
        static let offset: UInt64 = 0x6F66_6673
        static let order: UInt64 = 0x6F72_6465_0000_0000
    }

    /// Plans all epochs of `recipe` over a text of `tokenCount` tokens.
    package init(
        recipe: Recipe, contextLength: Int, tokenCount: Int
    ) throws(TrainingError) {
        guard tokenCount > contextLength else {
            throw .textTooShort(tokens: tokenCount, needed: contextLength + 1)
        }
        self.contextLength = contextLength
        self.tokenCount = tokenCount
        stride = recipe.stride ?? contextLength
        random = CounterRandom(seed: recipe.seed)
        var steps = [0]
        for epoch in 0..<recipe.epochs {
            let windows = Self.windowCount(
                tokenCount: tokenCount, contextLength: contextLength, stride: stride,
                offset: Self.offset(random, epoch, stride, tokenCount, contextLength))
            // A remainder smaller than a batch is left out: the next epoch's offset and order differ.
            steps.append(steps[epoch] + max(1, windows / recipe.batchWindows))
        }
        firstSteps = steps
    }

    /// Optimizer steps of all epochs.
    package var stepCount: Int { firstSteps[firstSteps.count - 1] }

    /// The epoch (from 0) that `step` (from 0) belongs to.
    package func epoch(of step: Int) -> Int {
        (firstSteps.firstIndex { $0 > step } ?? firstSteps.count) - 1
    }

    /// Starts of the windows of `epoch`, in the order of training.
    package func windows(ofEpoch epoch: Int) -> [Int] {
        let offset = Self.offset(random, epoch, stride, tokenCount, contextLength)
        let count = Self.windowCount(
            tokenCount: tokenCount, contextLength: contextLength, stride: stride, offset: offset)
        let order = random.permutation(of: count, stream: Stream.order + UInt64(epoch))
        return order.map { offset + $0 * stride }
    }

    private static func offset(
        _ random: CounterRandom, _ epoch: Int, _ stride: Int, _ tokenCount: Int,
        _ contextLength: Int
    ) -> Int {
        let slack = min(stride, tokenCount - contextLength)
        return random.integer(below: slack, stream: Stream.offset, index: UInt64(epoch))
    }

    private static func windowCount(
        tokenCount: Int, contextLength: Int, stride: Int, offset: Int
    ) -> Int {
        (tokenCount - contextLength - 1 - offset) / stride + 1
    }
}
