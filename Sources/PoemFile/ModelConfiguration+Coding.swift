import PoeCore

extension ModelConfiguration {
    /// Reads `ARCH` (rules 43 to 45).
    init(from reader: inout ByteReader) throws(PoemError) {
        let sizes = [
            try reader.count(), try reader.count(), try reader.count(), try reader.count(),
            try reader.count(), try reader.count(),
        ]
        let epsilon = try reader.f32()
        let choices = reader.position
        let activation = Activation(rawValue: try reader.u8())
        let fixed = [try reader.u8(), try reader.u8()]
        let flags = [try reader.u8(), try reader.u8()]
        self.init(
            vocabularySize: sizes[0], contextLength: sizes[1], layerCount: sizes[2],
            headCount: sizes[3], modelDimension: sizes[4], feedForwardDimension: sizes[5],
            activation: activation ?? .gelu, normEpsilon: epsilon, hasBiases: flags[1] == 1,
            tiesOutputHead: flags[0] == 1)
        do {
            try validate()
        } catch {
            throw reader.error(
                .configurationRange, at: 0, expected: "in its range", found: error.description)
        }
        try reader.require(
            activation != nil && fixed == [0, 0] && flags.allSatisfy { $0 <= 1 },
            .configurationChoice, at: choices,
            expected: "an activation of 0 or 1, position 0, norm 0, tying and biases 0 or 1",
            found: "a code outside these")
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
