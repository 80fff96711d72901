import PoeCore
import PoemFile

/// Small contents that use every feature of the format, made from counters.
enum Samples {
    /// One block, two heads, width 4: 15 tensors of a few elements.
    static let configuration = ModelConfiguration(
        vocabularySize: 6, contextLength: 3, layerCount: 1, headCount: 2, modelDimension: 4,
        feedForwardDimension: 8)

    static let tokenizer = TokenizerDescription(
        base: .characters(["\n", "a", "é", "\u{1F409}"]), merges: [Merge(1, 2)],
        unknownPolicy: .skip, replacement: 1, folds: [.quotes, .dashes],
        specialTokens: [SpecialToken(id: 5, bytes: [60, 62], role: .endOfText)])

    static func floats(_ count: Int, stream: UInt64 = 0) -> [Float] {
        let random = CounterRandom(seed: 7)
        return (0..<count).map { random.uniform(stream: stream, index: UInt64($0)) - 0.5 }
    }

    static func symbols(_ count: Int, stream: UInt64 = 0) -> [Int8] {
        // Three uniform numbers make a bell, which compresses.
        let random = CounterRandom(seed: 8)
        return (0..<count).map { i in
            let bits = random.bits(stream: stream, index: UInt64(i))
            return Int8((0..<3).reduce(0) { $0 + Int(bits[$1] >> 29) } - 10)
        }
    }

    /// The tensors of a configuration; every element type, grid and way of storing occurs.
    static func tensors(_ configuration: ModelConfiguration = configuration) -> [TensorRecord] {
        ParameterLayout(configuration).parameters.enumerated().map { i, parameter in
            let values = floats(parameter.count, stream: UInt64(i))
            let data: TensorData
            var storage = TensorStorage.smallest
            switch parameter.kind {
            case .matrix:
                data = .i8(symbols(parameter.count, stream: UInt64(i)), .perTensor(step: 0.125))
            case .tokenEmbedding:
                let steps = (0..<parameter.rows).map { Float($0 + 1) / 64 }
                data = .i8(symbols(parameter.count, stream: UInt64(i)), .perRow(steps: steps))
            case .positionEmbedding: data = .f16(values.map(Float16Bits.bits(of:)))
            case .gain: data = .bf16(values.map(BFloat16Bits.bits(of:)))
            case .bias:
                data = .f32(values)
                storage = i % 2 == 0 ? .smallestFloats : .raw
            }
            return TensorRecord(
                name: parameter.name, shape: parameter.shape, data: data, storage: storage)
        }
    }

    static func contents(_ configuration: ModelConfiguration = configuration) -> PoemContents {
        PoemContents(
            configuration: configuration, tokenizer: tokenizer, tensors: tensors(configuration))
    }
}
