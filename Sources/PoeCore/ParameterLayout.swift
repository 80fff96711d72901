/// What a parameter tensor is, which decides how it is initialised, decayed and quantized.
package enum ParameterKind: Sendable {
    /// The weight of a linear layer, `[outputs, inputs]`.
    case matrix
    /// A table with one row for each token.
    case tokenEmbedding
    /// A table with one row for each position.
    case positionEmbedding
    /// Multiplies a normalised row; starts at one.
    case gain
    /// Added to a row; starts at zero.
    case bias
}

/// One parameter tensor: its name in the file, its shape, and its place in the flat buffer.
package struct Parameter: Sendable, Hashable {
    /// The name in the model file, such as `block.0.attention.qkv.weight`.
    package let name: String
    /// Dimensions, slowest first; linear weights are `[outputs, inputs]`.
    package let shape: [Int]
    /// What the tensor is.
    package let kind: ParameterKind
    /// Index of the first element in the flat buffer, a multiple of 16 (64 bytes).
    package let offset: Int
    /// Number of elements.
    package var count: Int { shape.reduce(1, *) }
    /// Rows, counting every dimension but the last; 1 for a vector.
    package var rows: Int { shape.dropLast().reduce(1, *) }
    /// The last dimension.
    package var columns: Int { shape.last ?? 1 }
}

/// The parameters of one pre-norm block.
package struct BlockParameters: Sendable {
    /// Layer norm before attention: gain and bias, `[C]`.
    package let attentionNormGain: Parameter, attentionNormBias: Parameter?
    /// Queries, keys and values in one product: `[3C, C]` (all queries, then keys, then values; heads
    /// contiguous within each) and `[3C]`.
    package let qkvWeight: Parameter, qkvBias: Parameter?
    /// Projection of the attended values: `[C, C]` and `[C]`.
    package let attentionOutputWeight: Parameter, attentionOutputBias: Parameter?
    /// Layer norm before the feed-forward: gain and bias, `[C]`.
    package let feedForwardNormGain: Parameter, feedForwardNormBias: Parameter?
    /// The feed-forward's first layer: `[F, C]` and `[F]`.
    package let upWeight: Parameter, upBias: Parameter?
    /// The feed-forward's second layer: `[C, F]` and `[C]`.
    package let downWeight: Parameter, downBias: Parameter?
}

/// Every parameter of a model, in one flat buffer, derived from its configuration alone.
///
/// It stands in the lowest layer because the model file checks its tensors against it.
///
/// Weights, gradients and optimizer state share this layout, so an optimizer is one pass over flat
/// memory. Padding between tensors stays zero.
package struct ParameterLayout: Sendable {
    /// The configuration the layout was derived from.
    package let configuration: ModelConfiguration
    /// The token embedding, `[V, C]`.
    package let tokenEmbedding: Parameter
    /// The position embedding, `[T, C]`.
    package let positionEmbedding: Parameter
    /// The blocks in order.
    package let blocks: [BlockParameters]
    /// The layer norm before the output head: `[C]`.
    package let finalNormGain: Parameter, finalNormBias: Parameter?
    /// `[V, C]`; absent when tied to the token embedding.
    package let outputHead: Parameter?
    /// All of the above in the order of their offsets.
    package let parameters: [Parameter]
    /// Elements of the flat buffer, padding included.
    package let elementCount: Int

    /// The weight that turns the last hidden state into logits: `[V, C]`.
    package var headWeight: Parameter { outputHead ?? tokenEmbedding }

    /// Derives the layout; `configuration` must be valid.
    package init(_ configuration: ModelConfiguration) {
        var builder = Builder(hasBiases: configuration.hasBiases)
        let (v, t, c, f) = (
            configuration.vocabularySize, configuration.contextLength,
            configuration.modelDimension, configuration.feedForwardDimension
        )
        self.configuration = configuration
        tokenEmbedding = builder.add("token_embedding", [v, c], .tokenEmbedding)
        positionEmbedding = builder.add("position_embedding", [t, c], .positionEmbedding)
        var blocks: [BlockParameters] = []
        for b in 0..<configuration.layerCount {
            let name = "block.\(b)."
            blocks.append(
                BlockParameters(
                    attentionNormGain: builder.add(name + "attention_norm.gain", [c], .gain),
                    attentionNormBias: builder.bias(name + "attention_norm.bias", c),
                    qkvWeight: builder.add(name + "attention.qkv.weight", [3 * c, c], .matrix),
                    qkvBias: builder.bias(name + "attention.qkv.bias", 3 * c),
                    attentionOutputWeight: builder.add(
                        name + "attention.output.weight", [c, c], .matrix),
                    attentionOutputBias: builder.bias(name + "attention.output.bias", c),
                    feedForwardNormGain: builder.add(name + "feed_forward_norm.gain", [c], .gain),
                    feedForwardNormBias: builder.bias(name + "feed_forward_norm.bias", c),
                    upWeight: builder.add(name + "feed_forward.up.weight", [f, c], .matrix),
                    upBias: builder.bias(name + "feed_forward.up.bias", f),
                    downWeight: builder.add(name + "feed_forward.down.weight", [c, f], .matrix),
                    downBias: builder.bias(name + "feed_forward.down.bias", c)))
        }
        self.blocks = blocks
        finalNormGain = builder.add("final_norm.gain", [c], .gain)
        finalNormBias = builder.bias("final_norm.bias", c)
        outputHead =
            configuration.tiesOutputHead ? nil : builder.add("output_head", [v, c], .matrix)
        parameters = builder.parameters
        elementCount = builder.next
    }

    /// Hands out offsets.
    private struct Builder {
        let hasBiases: Bool
        var parameters: [Parameter] = []
        var next = 0

        mutating func add(_ name: String, _ shape: [Int], _ kind: ParameterKind) -> Parameter {
            let parameter = Parameter(name: name, shape: shape, kind: kind, offset: next)
            parameters.append(parameter)
            next = (next + parameter.count + 15) / 16 * 16
            return parameter
        }

        mutating func bias(_ name: String, _ count: Int) -> Parameter? {
            hasBiases ? add(name, [count], .bias) : nil
        }
    }
}
