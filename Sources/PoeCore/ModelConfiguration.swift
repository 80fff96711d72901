/// The identifier of one token: its row in the embedding table.
public typealias TokenID = UInt32

/// The non-linearity between the two layers of the feed-forward block.
public enum Activation: UInt8, Sendable, CaseIterable {
    /// `x * 0.5 * (1 + erf(x / sqrt(2)))`
    case gelu = 0
    /// `x * 0.5 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`, as GPT-2 has it.
    case geluTanh = 1
}

/// Why a ``ModelConfiguration`` describes no model that can be built.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// The field that is out of range, by its Swift name.
    public let field: String
    /// One sentence: what was found and what was expected.
    public let description: String
    /// What the field should be.
    package let expected: String
    /// What the field is.
    package let found: String

    /// Makes an error, with a sentence of its own where the usual one does not say it well.
    init(field: String, expected: String, found: String, description: String? = nil) {
        self.field = field
        self.description = description ?? "\(field) is \(found); expected \(expected)"
        self.expected = expected
        self.found = found
    }
}

/// The sizes and choices that determine a decoder-only transformer of GPT-2's form.
///
/// Nothing else is needed to know the name and shape of every parameter.
public struct ModelConfiguration: Sendable, Hashable {
    /// Number of tokens, `V`.
    public var vocabularySize: Int
    /// Positions the model can see at once, `T`.
    public var contextLength: Int
    /// Number of blocks, `L`.
    public var layerCount: Int
    /// Attention heads of a block, `H`.
    public var headCount: Int
    /// Width of the residual stream, `C`; a multiple of `headCount`.
    public var modelDimension: Int
    /// Width inside the feed-forward, `F`.
    public var feedForwardDimension: Int
    /// The feed-forward's non-linearity.
    public var activation: Activation
    /// Added to the variance by every layer norm.
    public var normEpsilon: Float
    /// Whether linear layers and layer norms have biases.
    public var hasBiases: Bool
    /// Whether the output head is the token embedding.
    public var tiesOutputHead: Bool

    /// The reference model's shape (6 blocks, 8 heads, width 256, context 128) unless told otherwise.
    public init(
        vocabularySize: Int, contextLength: Int = 128, layerCount: Int = 6, headCount: Int = 8,
        modelDimension: Int = 256, feedForwardDimension: Int? = nil,
        activation: Activation = .geluTanh, normEpsilon: Float = 1e-5, hasBiases: Bool = true,
        tiesOutputHead: Bool = true
    ) {
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.layerCount = layerCount
        self.headCount = headCount
        self.modelDimension = modelDimension
        // A width that overflows here is one that `validate` refuses.
        self.feedForwardDimension = feedForwardDimension ?? 4 &* modelDimension
        self.activation = activation
        self.normEpsilon = normEpsilon
        self.hasBiases = hasBiases
        self.tiesOutputHead = tiesOutputHead
    }

    /// Width of one attention head, `D = C / H`; without meaning unless ``validate()`` accepts the
    /// configuration.
    public var headDimension: Int { headCount > 0 ? modelDimension / headCount : 0 }

    /// Number of trainable parameters; a tied output head counts once.
    ///
    /// Without meaning unless ``validate()`` accepts the configuration: sizes that it refuses wrap
    /// around here instead of ending the program.
    public var parameterCount: Int {
        let bias = hasBiases ? 1 : 0
        let norm = modelDimension &* (1 + bias)
        let attention = 4 &* modelDimension &* (modelDimension &+ bias)
        let feedForward =
            2 &* modelDimension &* feedForwardDimension
            &+ bias &* (modelDimension &+ feedForwardDimension)
        let block = 2 &* norm &+ attention &+ feedForward
        let tables = (vocabularySize &+ contextLength) &* modelDimension
        let head = tiesOutputHead ? 0 : vocabularySize &* modelDimension
        return tables &+ layerCount &* block &+ norm &+ head
    }

    /// Checks every field against the limits of the model file, so that sizes computed from a
    /// validated configuration cannot overflow.
    public func validate() throws(ConfigurationError) {
        try check("vocabularySize", vocabularySize, 1...262_144)
        try check("contextLength", contextLength, 1...1_048_576)
        try check("layerCount", layerCount, 1...1_024)
        try check("headCount", headCount, 1...1_024)
        try check("modelDimension", modelDimension, 1...65_536)
        try check("feedForwardDimension", feedForwardDimension, 1...262_144)
        guard modelDimension % headCount == 0 else {
            throw ConfigurationError(
                field: "modelDimension", expected: "a multiple of headCount \(headCount)",
                found: "\(modelDimension)",
                description:
                    "modelDimension \(modelDimension) is not a multiple of headCount \(headCount)")
        }
        guard normEpsilon.isFinite, normEpsilon > 0, normEpsilon < 1 else {
            throw ConfigurationError(
                field: "normEpsilon", expected: "a number between 0 and 1",
                found: "\(normEpsilon)")
        }
    }

    private func check(
        _ field: String, _ value: Int, _ range: ClosedRange<Int>
    ) throws(ConfigurationError) {
        guard range.contains(value) else {
            throw ConfigurationError(
                field: field, expected: "\(range.lowerBound) to \(range.upperBound)",
                found: "\(value)")
        }
    }
}
