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
}
