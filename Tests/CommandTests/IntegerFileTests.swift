import PoeCore
import PoeInference
import PoeModel
import PoeTestSupport
import PoeTokenizer
import PoemFile
import Testing

/// Weights that go from a file to the int8 kernels as the file stores them.
@Suite struct IntegerFileTests {
    /// Ways in which a file can store a model as symbols.
    enum Way: CaseIterable, Sendable {
        /// The `compact` profile: a step for each matrix, positions in half precision.
        case compact
        /// The same with few symbols.
        case coarse
        /// Steps for the rows of matrices.
        case rows
        /// Steps for the first dimension of every tensor, gains, biases and positions too.
        case rowsOfEverything
        /// One step for every tensor, gains, biases and positions too.
        case oneStepForEverything

        /// A model in a file of this kind.
        func contents(_ model: Model) -> PoemContents {
            let settings =
                self == .coarse ? CompactSettings(k: 3, embeddingK: 8) : CompactSettings()
            var contents = model.contents(.compact(settings))
            for (i, parameter) in model.weights.layout.parameters.enumerated() {
                let isMatrix = parameter.kind == .matrix || parameter.kind == .tokenEmbedding
                let values = model.weights.floats(parameter)
                let data: TensorData? =
                    switch self {
                    case .compact, .coarse: nil
                    case .rows: isMatrix ? Self.rowSteps(parameter, values) : nil
                    case .rowsOfEverything: Self.rowSteps(parameter, values)
                    case .oneStepForEverything: Self.oneStep(values)
                    }
                guard let data else { continue }
                contents.tensors[i] = TensorRecord(
                    name: parameter.name, shape: parameter.shape, data: data)
            }
            return contents
        }

        private static func oneStep(_ values: [Float]) -> TensorData {
            let step = PoeModel.Grid.step(for: values, k: 16)
            return .i8(PoeModel.Grid.symbols(values, step: step), .perTensor(step: step))
        }

        /// Neighbours' steps differ by much, so that a row with another's is far off.
        private static func rowSteps(_ parameter: Parameter, _ values: [Float]) -> TensorData {
            let rows = parameter.shape[0]
            let columns = values.count / rows
            var symbols: [Int8] = []
            var steps: [Float] = []
            for row in 0..<rows {
                let part = Array(values[row * columns..<(row + 1) * columns])
                let step = PoeModel.Grid.step(for: part, k: row % 2 == 0 ? 8 : 40)
                steps.append(step)
                symbols += PoeModel.Grid.symbols(part, step: step)
            }
            return .i8(symbols, .perRow(steps: steps))
        }
    }

    private let folder: Folder
    /// The file that is read.
    private let path: String

    init() throws {
        folder = try Folder()
        path = folder.path + "/a.poem"
    }

    /// Holds the int8 engine on the file against the reference on the numbers in the file.
    ///
    /// The bounds are those that the engine's own test has for weights in memory.
    private func expectNearReference() throws {
        let model = try Model.load(path)
        let text = try model.tokenizer.encode(TinyModel.alphabetText)
        let tokens = Array(text.prefix(model.configuration.contextLength))
        #expect(tokens.count == model.configuration.contextLength)
        let expected = ReferenceModel(model.weights).logits(tokens)
        let reader = try PoemReader(path: path)
        for threads in [1, 3] {
            let weights = try PackedWeights.load(reader, arithmetic: .int8, threads: threads)
            #expect(weights.arithmetic == .int8)
            let found = Engine(weights, threads: 1).logits(tokens)
            #expect(found.count == tokens.count)
            let error = LogitError(found, expected)
            #expect(error.scale > 1)
            #expect(error.largest <= 0.05 && error.rootMeanSquare <= 0.01, "\(error)")
        }
    }

    @Test(arguments: Way.allCases) func symbolsGiveTheLogitsOfTheirValues(way: Way) throws {
        try PoemWriter.write(way.contents(TinyModel.make()), to: path)
        let reader = try PoemReader(path: path)
        let usual = try PackedWeights.load(reader)
        #expect(usual.arithmetic == .int8, "nothing has to be rounded")
        try expectNearReference()
    }

    @Test(arguments: [Profile.lossless, .mapped])
    func numbersAreRoundedWhereAsked(profile: Profile) throws {
        try TinyModel.make().write(to: path, profile: profile)
        let usual = try PackedWeights.load(PoemReader(path: path))
        #expect(usual.arithmetic == .f32)
        try expectNearReference()
    }
}
