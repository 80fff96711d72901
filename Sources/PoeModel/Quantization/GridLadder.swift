/// Finds the coarsest grid whose measured loss stays within a budget.
///
/// Grids are tried from coarse to fine and the first that is good enough is taken. Rounding shifts a
/// loss up or down by chance, by about a thousandth of a nat at the reference shape, so a cleverer
/// search mostly follows that chance: fitting each tensor's step to its measured sensitivity took three
/// times as many measurements and gave a larger file (`Documentation/LOG.md`).
package enum GridLadder {
    /// Steps of the matrices and of the token embedding, as shares of their standard deviations.
    ///
    /// The tied embedding is the most sensitive tensor, so its grid is finer.
    package static let rungs: [CompactSettings] = [
        (3, 8), (3.5, 12), (4, 16), (4.5, 16), (5, 16), (6, 16), (7, 16), (8, 16), (10, 24),
        (14, 32), (20, 40),
    ].map { CompactSettings(k: $0.0, embeddingK: $0.1) }

    /// The grid that weights are tuned to: 2.7 MB at the reference shape.
    package static let tuned = CompactSettings(k: 4.5, embeddingK: 16)

    /// A grid and its price.
    package struct Choice: Sendable, Hashable {
        /// The grid.
        package let settings: CompactSettings
        /// The loss of the exact weights, nats per token.
        package let exactLoss: Double
        /// The loss of the weights on the grid, nats per token.
        package let packedLoss: Double
        /// Nats per token that the grid adds; below zero by chance.
        package var cost: Double { packedLoss - exactLoss }

        package init(settings: CompactSettings, exactLoss: Double, packedLoss: Double) {
            self.settings = settings
            self.exactLoss = exactLoss
            self.packedLoss = packedLoss
        }
    }

    /// The first grid within the budget, else the finest.
    ///
    /// - Parameters:
    ///   - weights: The exact weights; not changed.
    ///   - budget: Nats per token that the grid may add.
    ///   - onTrial: Told of every grid as soon as it has been measured.
    ///   - measure: The loss of weights on one text, nats per token.
    package static func coarsest(
        _ weights: ModelWeights, within budget: Double, onTrial: (Choice) -> Void = { _ in },
        measure: (ModelWeights) throws -> Double
    ) rethrows -> Choice {
        let exact = try measure(weights)
        var choice = Choice(settings: CompactSettings(), exactLoss: exact, packedLoss: exact)
        for settings in rungs {
            let loss = try measure(settings.rounded(weights))
            choice = Choice(settings: settings, exactLoss: exact, packedLoss: loss)
            onTrial(choice)
            if choice.cost <= budget { break }
        }
        return choice
    }

    /// The first grid within the budget, and the weights for it: tuned to ``tuned``, where no coarser
    /// grid will do and tuning pays.
    ///
    /// Where only a finer grid will do, tuning pays if the tuned weights are within the budget: the file
    /// gets smaller. Where ``tuned`` will do as it is, tuning pays if it lowers the price: the file
    /// is no larger for it.
    ///
    /// - Parameters:
    ///   - weights: The exact weights; not changed.
    ///   - budget: Nats per token that the grid may add.
    ///   - onTrial: Told of every grid as soon as it has been measured; of ``tuned`` perhaps twice.
    ///   - measure: The loss of weights on one text, nats per token.
    ///   - tune: The weights got used to ``tuned``, not rounded yet; called once at most.
    package static func coarsest(
        _ weights: ModelWeights, within budget: Double, onTrial: (Choice) -> Void = { _ in },
        measure: (ModelWeights) throws -> Double, tune: () throws -> ModelWeights
    ) rethrows -> (choice: Choice, weights: ModelWeights) {
        let plain = try coarsest(weights, within: budget, onTrial: onTrial, measure: measure)
        guard plain.settings.k >= tuned.k else { return (plain, weights) }
        let tunedWeights = try tune()
        let choice = Choice(
            settings: tuned, exactLoss: plain.exactLoss,
            packedLoss: try measure(tuned.rounded(tunedWeights)))
        onTrial(choice)
        let limit = plain.settings == tuned ? plain.cost : budget
        return choice.cost <= limit ? (choice, tunedWeights) : (plain, weights)
    }
}
