import PoeCore

/// What the products with a model's matrices cost at least, counted from its sizes.
///
/// Attention, norms and sampling are left out: bounds that follow from this are a little too high.
struct TokenCost {
    /// Multiply-adds for each token that runs through the blocks: one for each weight of a matrix.
    let blockMultiplyAdds: Int
    /// Multiply-adds for each token whose logits are computed.
    let headMultiplyAdds: Int

    private let arithmetic: Arithmetic

    init(_ configuration: ModelConfiguration, _ arithmetic: Arithmetic) {
        self.arithmetic = arithmetic
        let (c, f) = (configuration.modelDimension, configuration.feedForwardDimension)
        blockMultiplyAdds = configuration.layerCount * (4 * c * c + 2 * c * f)
        headMultiplyAdds = configuration.vocabularySize * c
    }

    /// Weights that a pass reads, however many tokens it runs: the matrices of the blocks and the head.
    var weightCount: Int { blockMultiplyAdds + headMultiplyAdds }

    /// The bytes of these weights; steps and padding are not counted.
    var weightBytes: Int { weightCount * (arithmetic == .int8 ? 1 : 4) }
}
