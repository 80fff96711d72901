import PoeCore
import PoeModel
import Testing

@Suite("Grid ladder")
struct GridLadderTests {
    /// A loss that is known exactly: the squared distance to the exact weights.
    private func quadraticLoss(
        _ exact: ModelWeights, sensitivity: Double
    ) -> (ModelWeights) -> Double {
        { weights in
            var loss = 3.0
            for parameter in exact.layout.parameters {
                for (a, b) in zip(exact.floats(parameter), weights.floats(parameter)) {
                    loss += sensitivity * Double((a - b) * (a - b))
                }
            }
            return loss
        }
    }

    @Test("the first grid within the budget is taken, and coarser ones are over it")
    func coarsest() throws {
        let weights = TinyModel.weights()
        var trials: [GridLadder.Choice] = []
        let loss = quadraticLoss(weights, sensitivity: 4e-4)
        let choice = GridLadder.coarsest(
            weights, within: 0.002, onTrial: { trials.append($0) }, measure: loss)
        #expect(choice.exactLoss == 3)
        #expect(choice.cost <= 0.002)
        #expect(choice.packedLoss == loss(choice.settings.rounded(weights)))
        #expect(trials.count > 1 && trials.count < GridLadder.rungs.count)
        #expect(trials.dropLast().allSatisfy { $0.cost > 0.002 })
        #expect(trials.map(\.settings) == Array(GridLadder.rungs.prefix(trials.count)))
    }

    @Test("where no grid is good enough, the finest is taken and its price told")
    func finest() {
        let weights = TinyModel.weights()
        let choice = GridLadder.coarsest(
            weights, within: 1e-9, measure: quadraticLoss(weights, sensitivity: 1))
        #expect(choice.settings == GridLadder.rungs.last)
        #expect(choice.cost > 1e-9)
    }

    @Test("an error of the measure ends the search")
    func failure() {
        struct Failure: Error {}
        #expect(throws: Failure.self) {
            try GridLadder.coarsest(TinyModel.weights(), within: 1) { _ in throw Failure() }
        }
    }

    /// What was taken, and what was done to find it.
    private struct Taking: Equatable {
        var k: Double, cost: Double, tuned: Bool
        var trials: Int, tunings: Int
    }

    /// What a ladder takes whose trials cost `costs`, in this order.
    private func take(_ costs: [Double], within budget: Double) -> Taking {
        let exact = TinyModel.weights(), tuned = TinyModel.weights(seed: 2)
        var losses = ([0] + costs)[...], measured: [ModelWeights] = []
        var trials = 0, tunings = 0
        let (choice, weights) = GridLadder.coarsest(
            exact, within: budget, onTrial: { _ in trials += 1 },
            measure: {
                measured.append($0)
                return losses.removeFirst()
            },
            tune: {
                tunings += 1
                return tuned
            })
        #expect(losses.isEmpty)
        if tunings > 0 {
            #expect(measured.last.map(values) == values(GridLadder.tuned.rounded(tuned)))
        }
        let isTuned = values(weights) == values(tuned)
        #expect(isTuned || values(weights) == values(exact))
        return Taking(
            k: choice.settings.k, cost: choice.cost, tuned: isTuned, trials: trials,
            tunings: tunings)
    }

    private func values(_ weights: ModelWeights) -> [Float] {
        weights.layout.parameters.flatMap { weights.floats($0) }
    }

    @Test("a grid coarser than the one for tuned weights is taken as it is")
    func coarserThanTuned() {
        #expect(
            take([3, 1], within: 2)
                == Taking(k: 3.5, cost: 1, tuned: false, trials: 2, tunings: 0))
    }

    @Test("tuned weights are taken where only a finer grid would do, if they are within the budget")
    func tunedInsteadOfFiner() {
        #expect(
            take([9, 8, 7, 6, 5, 2] + [1.5], within: 2)
                == Taking(k: 4.5, cost: 1.5, tuned: true, trials: 7, tunings: 1))
        #expect(
            take([9, 8, 7, 6, 5, 2] + [2.5], within: 2)
                == Taking(k: 6, cost: 2, tuned: false, trials: 7, tunings: 1))
    }

    @Test("on the grid for tuned weights, they are taken if they cost less")
    func tunedOnTheSameGrid() {
        #expect(
            take([9, 8, 7, 1] + [0.5], within: 2)
                == Taking(k: 4.5, cost: 0.5, tuned: true, trials: 5, tunings: 1))
        #expect(
            take([9, 8, 7, 1] + [1.5], within: 2)
                == Taking(k: 4.5, cost: 1, tuned: false, trials: 5, tunings: 1))
    }

    @Test("tuned weights that are over the budget give way to the finest grid, whatever that costs")
    func tunedOverTheBudget() {
        let costs = GridLadder.rungs.indices.map { Double(50 - $0) }
        #expect(
            take(costs + [30], within: 2)
                == Taking(k: 20, cost: 40, tuned: false, trials: costs.count + 1, tunings: 1))
    }
}
