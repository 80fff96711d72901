import PoeCore
import PoeModel
import PoeTokenizer
import PoeTraining
import Testing

@Suite struct NormFittingTests {
    /// A model that has learnt the tiny text.
    private func trained() throws -> ModelWeights {
        var recipe = Recipe()
        recipe.epochs = 20
        recipe.batchWindows = 20
        recipe.dropout = 0
        let trainer = try TinyTraining.trainer(recipe: recipe)
        while !trainer.isFinished { _ = try trainer.takeStep() }
        return trainer.weights
    }

    /// Windows of `count` words of a text: those of `words`, over and over.
    private func windows(_ words: [String], count: Int) throws -> [[TokenID]] {
        let text = (0..<count).map { words[$0 % words.count] }.joined(separator: " ")
        let tokens = try TinyTraining.tokenizer().encode(text)
        return stride(from: 0, to: tokens.count - 24, by: 24).map { Array(tokens[$0...($0 + 24)]) }
    }

    private func loss(_ weights: ModelWeights, _ windows: [[TokenID]]) -> Double {
        windows.map {
            EvaluationText(tokens: $0, characters: 1).loss(of: weights, threads: 1).natsPerToken
        }.reduce(0, +) / Double(windows.count)
    }

    private func fitted(
        _ weights: ModelWeights, on windows: [[TokenID]], steps: Int, threads: Int = 1
    ) -> ModelWeights {
        let copy = weights.copy()
        let fitting = NormFitting(copy, on: windows, threads: threads)
        for _ in 0..<steps { fitting.takeStep() }
        return copy
    }

    @Test func nothingButTheNormsMoves() throws {
        let weights = try trained()
        let moved = fitted(weights, on: try windows(["sea", "of", "glow"], count: 90), steps: 2)
        for parameter in weights.layout.parameters {
            let isNorm = parameter.name.contains("norm.")
            #expect(
                (moved.floats(parameter) != weights.floats(parameter)) == isNorm,
                "\(parameter.name)")
        }
        #expect(weights.layout.norms.count == 2 * (2 * 2 + 1))
    }

    /// The gradient is that of all windows, not of one shard of them.
    @Test func everyShardCounts() throws {
        let weights = try trained()
        let text = try windows(["night", "lamp", "a"], count: 100)
        #expect(text.count > 2 * Trainer.shardWindows)
        var before = loss(weights, text)
        for steps in 1...4 {
            let after = loss(fitted(weights, on: text, steps: steps), text)
            #expect(after < before, "step \(steps)")
            before = after
        }
        // Windows in another order: the same sums but for rounding.
        let (one, other) = (
            fitted(weights, on: text, steps: 1), fitted(weights, on: text.reversed(), steps: 1)
        )
        for norm in weights.layout.norms {
            #expect(zip(one.floats(norm), other.floats(norm)).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }

    @Test(arguments: [2, 3]) func threadsChangeNothing(threads: Int) throws {
        let weights = try trained()
        let text = try windows(["night", "lamp", "a"], count: 60)
        #expect(
            TinyTraining.bits(fitted(weights, on: text, steps: 2, threads: threads))
                == TinyTraining.bits(fitted(weights, on: text, steps: 2)))
    }

    /// Both halves differ from the text that was learnt, and in the same way: what is fitted to one helps
    /// with the other.
    @Test func whatHoldsElsewhereIsKept() throws {
        let weights = try trained()
        let text = try windows(["night", "sea"], count: 120)
        let steps = NormFitting.steps(for: weights, on: text, threads: 1)
        #expect(steps > 0)
    }

    /// The halves differ from each other: what is fitted to one is worth nothing for the other.
    @Test func whatHoldsNowhereElseIsNot() throws {
        let weights = try trained()
        let before = TinyTraining.bits(weights)
        let (first, second) = (
            try windows(["a"], count: 200), try windows(["window"], count: 60)
        )
        let count = min(first.count, second.count)
        let text = Array(first.prefix(count) + second.prefix(count))
        #expect(NormFitting.steps(for: weights, on: text, threads: 1) == 0)
        #expect(TinyTraining.bits(weights) == before)
    }

    @Test func tooLittleTextMovesNothing() throws {
        let weights = try trained()
        let text = try windows(["night", "sea"], count: 8)
        #expect(text.count == 1)
        #expect(NormFitting.steps(for: weights, on: text, threads: 1) == 0)
        #expect(NormFitting.steps(for: weights, on: [], threads: 1) == 0)
    }

    /// All of it together: the weights that are given stay, those that come out are better.
    @Test func aCalibrationIsBetterThanItsFactorAlone() throws {
        let weights = try trained()
        let before = TinyTraining.bits(weights)
        let words = try windows(["night", "sea"], count: 120)
        let tokens = words.flatMap { $0.dropLast() }
        let text = EvaluationText(tokens: tokens, characters: tokens.count)
        let calibration = Calibration(weights, on: text, threads: 1)
        let factorAlone = Calibration.apply(calibration.factor, to: weights)
        #expect(calibration.normSteps > 0)
        #expect(loss(calibration.weights, words) < loss(factorAlone, words) - 0.01)
        #expect(TinyTraining.bits(weights) == before)
    }
}
