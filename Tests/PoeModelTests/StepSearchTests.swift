import PoeCore
import PoeModel
import Testing

@Suite("Step search")
struct StepSearchTests {
    /// A loss that is known exactly: the squared distance to the exact weights, some roles weighing more.
    private func quadraticLoss(
        _ exact: ModelWeights, weight: @escaping (String) -> Double
    ) -> (ModelWeights) -> Double {
        { weights in
            exact.layout.parameters.reduce(3.0) { loss, parameter in
                let distance = zip(exact.floats(parameter), weights.floats(parameter))
                    .reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
                return loss + weight(CompactSettings.role(of: parameter)) * distance
            }
        }
    }

    @Test("the result keeps within the budget and uses most of it")
    func budget() throws {
        let weights = TinyModel.weights()
        let result = StepSearch().run(weights, measure: quadraticLoss(weights) { _ in 1e-4 })
        #expect(result.exactLoss == 3)
        #expect(result.isWithinBudget)
        #expect(result.best.lossAdded <= 0.002 && result.best.lossAdded > 0.001)
        for trial in result.trials where trial.estimatedBytes < result.best.estimatedBytes {
            #expect(trial.lossAdded > 0.002)
        }
    }

    @Test("sensitive roles get finer steps, and the file is smaller than with one k for all")
    func sensitivity() throws {
        let weights = TinyModel.weights()
        let loss = quadraticLoss(weights) { $0 == "token_embedding" ? 4e-3 : 1e-4 }
        let result = StepSearch().run(weights, measure: loss)
        let found = try #require(result.best.settings.overrides["token_embedding"])
        for (role, k) in result.best.settings.overrides where role != "token_embedding" {
            // sqrt(40) = 6.3; their standard deviations are equal but for chance.
            #expect(found / k > 5 && found / k < 8)
        }
        let even = stride(from: 1.0, to: 64, by: 0.25).map {
            CompactSettings(k: $0, embeddingK: $0)
        }
        .first { loss($0.rounded(weights)) - 3 <= 0.002 }
        let evenBytes = try #require(even).estimatedBytes(weights)
        #expect(result.best.estimatedBytes < evenBytes)
    }

    @Test("a budget that cannot be kept is reported")
    func impossible() {
        var search = StepSearch()
        search.budget = -1
        search.bisections = 1
        let weights = TinyModel.weights()
        let result = search.run(weights, measure: quadraticLoss(weights) { _ in 1 })
        #expect(!result.isWithinBudget)
        #expect(result.best.estimatedBytes == result.trials.map(\.estimatedBytes).max())
    }

    @Test("a loss without noise or signal does not confuse it")
    func flat() {
        let result = StepSearch().run(TinyModel.weights()) { _ in 3 }
        #expect(result.isWithinBudget && result.best.lossAdded == 0)
    }

    @Test("errors of the measure come through")
    func failure() {
        struct Failed: Error {}
        #expect(throws: Failed.self) {
            try StepSearch().run(TinyModel.weights()) { (_) throws(Failed) -> Double in
                throw Failed()
            }
        }
    }
}
