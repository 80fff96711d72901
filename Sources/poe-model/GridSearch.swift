import Poe
import PoeCommand
import PoeModel

/// Finds the coarsest grid that costs a model no more than some loss on a text.
struct GridSearch {
    let model: Model
    let text: String
    let threads: Int

    /// How the losses are measured, as it is written into files.
    static let protocolName =
        "windows of the context length without overlap; every token but the first scored once"

    /// Grids from coarse to fine.
    ///
    /// Steps of the matrices and of the token embedding, as shares of their standard deviations.
    /// The tied embedding is the most sensitive tensor, so its grid is finer.
    static let ladder: [(k: Double, embeddingK: Double)] = [
        (3, 8), (3.5, 12), (4, 16), (4.5, 16), (5, 16), (6, 16), (7, 16), (8, 16), (10, 24),
        (14, 32), (20, 40),
    ]

    /// A grid and its price.
    struct Choice {
        var settings: CompactSettings
        /// The loss of the exact weights.
        var exact: TextScore
        /// The loss of the weights on the grid.
        var packed: TextScore
        /// Nats per token that the grid adds.
        var cost: Double { packed.natsPerToken - exact.natsPerToken }
    }

    /// The first grid of the ladder within the budget, else the last.
    func coarsest(
        within budget: Double, onTrial: (CompactSettings, _ cost: Double) -> Void
    ) throws -> Choice {
        let exact = try score(model)
        var choice = Choice(settings: CompactSettings(), exact: exact, packed: exact)
        for rung in Self.ladder {
            if Interrupt.isRequested { throw Interrupted() }
            choice.settings = CompactSettings(k: rung.k, embeddingK: rung.embeddingK)
            var rounded = model
            rounded.weights = choice.settings.rounded(model.weights)
            choice.packed = try score(rounded)
            onTrial(choice.settings, choice.cost)
            if choice.cost <= budget { break }
        }
        return choice
    }

    private func score(_ model: Model) throws -> TextScore {
        try LanguageModel(model).score(text, threads: threads)
    }
}
