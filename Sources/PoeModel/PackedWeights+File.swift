package import PoeCore
package import PoeNumerics
package import PoemFile

extension PackedWeights {
    /// Whether every matrix of the file is stored as symbols, so that int8 products lose nothing of it.
    package static func areSymbols(in reader: PoemReader) -> Bool {
        let kinds = Dictionary(
            uniqueKeysWithValues: ParameterLayout(reader.configuration).parameters.map {
                ($0.name, $0.kind)
            })
        return reader.tensors.allSatisfy { tensor in
            switch kinds[tensor.name] {
            case .matrix, .tokenEmbedding: tensor.elementType == .i8
            default: true
            }
        }
    }

    /// Products of int8 add up that many terms, and attention that many positions, in 32 bits: 131,072 x 127 x
    /// 127 is below 2^31.
    static let mostIntegerInputs = PackedIntegers.mostInputs, mostIntegerPositions = 131_072

    private static func fitsIntegers(_ configuration: ModelConfiguration) -> Bool {
        max(configuration.modelDimension, configuration.feedForwardDimension) <= mostIntegerInputs
            && configuration.contextLength <= mostIntegerPositions
    }

    /// Reads a file's weights.
    ///
    /// - Parameters:
    ///   - arithmetic: With `.int8`, symbols go from the file to the kernels as they are, and tensors
    ///     that are stored as floats are rounded to symbols. If nil, `.int8` where nothing would have to
    ///     be rounded and the model is not too large for it, else `.f32`.
    ///   - kernels: Those of the engines that use the weights.
    ///   - threads: Threads that decode; the result does not depend on them.
    package static func load(
        _ reader: PoemReader, arithmetic: Arithmetic? = nil, kernels: KernelSet = .best,
        threads: Int = 2
    ) throws(ModelError) -> PackedWeights {
        let fits = fitsIntegers(reader.configuration)
        switch arithmetic ?? (fits && areSymbols(in: reader) ? .int8 : .f32) {
        case .f32:
            let weights = try Model.opened { () throws(PoemError) in
                try Model.weights(of: reader, threads: threads)
            }
            return PackedWeights(weights, compute: Compute(threads: threads, kernels: kernels))
        case .int8:
            guard fits else { throw .tooLargeForIntegers }
            return try Model.opened { () throws(PoemError) in
                try loadIntegers(reader, IntegerKernels(kernels), threads)
            }
        }
    }

    private static func loadIntegers(
        _ reader: PoemReader, _ kernels: IntegerKernels, _ threads: Int
    ) throws(PoemError) -> PackedWeights {
        let parameters = IntegerParameters(
            ParameterLayout(reader.configuration), kernels: kernels)
        try reader.forEachTensor(threads: threads) { i, tensor in
            parameters.fill(reader.tensors[i].name, from: tensor)
        }
        return PackedWeights(parameters)
    }
}
