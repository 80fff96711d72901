import PoeCore

extension ModelConfiguration {
    /// The fields that have a range, four bytes each in this order, by the names that errors have.
    private static let sizes = [
        "vocabularySize", "contextLength", "layerCount", "headCount", "modelDimension",
        "feedForwardDimension", "normEpsilon",
    ]
    /// The fields that are codes, one byte each in this order, and the largest code of each.
    private static let choices: [(name: String, largest: UInt8)] = [
        ("activation", 1), ("position", 0), ("norm", 0), ("output head", 1), ("biases", 1),
    ]

    /// Reads `ARCH` (rules 43 to 45).
    init(from reader: inout ByteReader) throws(PoemError) {
        let sizes = [
            try reader.count(), try reader.count(), try reader.count(), try reader.count(),
            try reader.count(), try reader.count(),
        ]
        let epsilon = try reader.f32()
        let start = reader.position
        let codes = Array(try reader.take(Self.choices.count))
        self.init(
            vocabularySize: sizes[0], contextLength: sizes[1], layerCount: sizes[2],
            headCount: sizes[3], modelDimension: sizes[4], feedForwardDimension: sizes[5],
            activation: Activation(rawValue: codes[0]) ?? .gelu, normEpsilon: epsilon,
            hasBiases: codes[4] == 1, tiesOutputHead: codes[3] == 1)
        do throws(ConfigurationError) {
            try validate()
        } catch {
            let field = Self.sizes.firstIndex(of: error.field) ?? 0
            throw reader.error(
                .configurationRange, at: 4 * field,
                expected: "\(error.expected) for \(error.field)", found: error.found)
        }
        for (i, choice) in Self.choices.enumerated() {
            try reader.require(
                codes[i] <= choice.largest, .configurationChoice, at: start + i,
                expected: "at most \(choice.largest) for \(choice.name)", found: "\(codes[i])")
        }
        try reader.zeros(PoemFormat.configurationLength - reader.position, .configurationReserved)
    }

    /// The bytes of `ARCH`.
    func encoded() throws(PoemError) -> [UInt8] {
        do { try validate() } catch { throw .unencodable(error.description) }
        var writer = ByteWriter()
        for size in [
            vocabularySize, contextLength, layerCount, headCount, modelDimension,
            feedForwardDimension,
        ] { writer.count(size) }
        writer.f32(normEpsilon)
        writer.append([activation.rawValue, 0, 0, tiesOutputHead ? 1 : 0, hasBiases ? 1 : 0])
        writer.zeros(PoemFormat.configurationLength - writer.bytes.count)
        return writer.bytes
    }
}
