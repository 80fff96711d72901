import PoeCore
import PoemFile

/// Small contents that use every feature of the format, made from counters.
enum Samples {
    /// One block of width 4: sixteen tensors of a few elements.
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

    /// Sums of three uniform numbers: a bell, which compresses.
    static func symbols(_ count: Int, stream: UInt64 = 0) -> [Int8] {
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
                storage = i % 4 == 1 ? .smallestFloats : .raw
            }
            return TensorRecord(
                name: parameter.name, shape: parameter.shape, data: data, storage: storage)
        }
    }

    static func contents(_ configuration: ModelConfiguration = configuration) -> PoemContents {
        PoemContents(
            configuration: configuration, tokenizer: tokenizer, tensors: tensors(configuration))
    }

    /// A checkpoint with every section, and one of a kind that this version does not know.
    static var everything: PoemContents {
        var contents = contents()
        contents.metadata = [
            "title": "A sample", "authors": ["First", "Second"], "licence": "CC0-1.0",
            "year": 1845, "half": 0.5, "public_domain": true, "none": [],
        ]
        contents.evaluation = ["loss.validation": 2.5, "protocol": "windows"]
        contents.training = ["learning_rate": 0.001, "steps": 100]
        contents.card = "# A sample\n\nNever shown.\n"
        contents.checkpoint = CheckpointState(
            optimizer: [
                TensorRecord(
                    name: "second_moment", shape: [5, 2], data: .f32(floats(10, stream: 98)),
                    storage: .raw),
                TensorRecord(
                    name: "first_moment", shape: [10], data: .f32([.infinity] + floats(9)),
                    storage: .raw),
            ],
            random: ["seed": -1], cursor: ["epoch": 3, "offset": 17])
        if let kind = SectionKind("XTRA") {
            contents.extraSections = [ExtraSection(kind: kind, bytes: Array("kept".utf8))]
        }
        return contents
    }

    /// The model of the annotated hex dump in `formats/poem.md`: nine tensors of one or more numbers.
    static var tiny: PoemContents {
        let configuration = ModelConfiguration(
            vocabularySize: 2, contextLength: 1, layerCount: 1, headCount: 1, modelDimension: 1,
            feedForwardDimension: 1, hasBiases: false)
        let tokenizer = TokenizerDescription(base: .characters(["a", "b"]))
        let tensors = ParameterLayout(configuration).parameters.map { parameter in
            let ones = [Float](repeating: 1, count: parameter.count)
            let data: TensorData =
                switch parameter.kind {
                case .matrix, .tokenEmbedding:
                    .i8((0..<parameter.count).map { Int8($0 + 1) }, .perTensor(step: 0.5))
                case .positionEmbedding: .f16(ones.map(Float16Bits.bits(of:)))
                default: .f32(ones)
                }
            return TensorRecord(
                name: parameter.name, shape: parameter.shape, data: data, storage: .raw)
        }
        return PoemContents(
            configuration: configuration, tokenizer: tokenizer, tensors: tensors,
            metadata: ["title": "tiny"])
    }

    /// The tiny model with every other section, small enough that all of them are stored raw.
    static var small: PoemContents {
        var contents = tiny
        contents.metadata = everything.metadata
        contents.evaluation = everything.evaluation
        contents.training = everything.training
        contents.card = everything.card
        contents.checkpoint = everything.checkpoint
        contents.extraSections = everything.extraSections
        contents.tokenizer = TokenizerDescription(
            base: .characters(["a"]),
            specialTokens: [SpecialToken(id: 1, bytes: [60], role: .endOfText)])
        return contents
    }
}
