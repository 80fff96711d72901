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
}
