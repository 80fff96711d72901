import PoeCore
import PoeNumerics
package import PoeTokenizer
package import PoemFile

extension Model {
    /// Reads a model; a checkpoint is read as the model it holds.
    ///
    /// - Parameters:
    ///   - path: The file. It is not needed any more when this returns.
    ///   - limits: Memory that the weights may take.
    ///   - threads: Threads that decode; the result does not depend on them.
    package static func load(
        _ path: String, limits: Limits = .default, threads: Int = 2
    ) throws(ModelError) -> Model {
        try load(try reader(of: path, limits: limits), threads: threads)
    }

    /// Reads the model of a file that is open already.
    package static func load(
        _ reader: PoemReader, threads: Int = 2
    ) throws(ModelError) -> Model {
        let tokenizer = try tokenizer(of: reader)
        return try opened { () throws(PoemError) in
            Model(
                tokenizer: tokenizer, weights: try weights(of: reader, threads: threads),
                card: reader.card, metadata: reader.metadata, evaluation: reader.evaluation,
                training: reader.training, extraSections: reader.extraSections)
        }
    }

    /// Opens a file, of which everything but the weights is then read and checked.
    package static func reader(
        of path: String, limits: Limits = .default
    ) throws(ModelError) -> PoemReader {
        try opened { () throws(PoemError) in try PoemReader(path: path, limits: limits) }
    }

    /// The tokenizer of an open file.
    package static func tokenizer(of reader: PoemReader) throws(ModelError) -> Tokenizer {
        do {
            return try Tokenizer(reader.tokenizer)
        } catch {
            throw .tokenizer(error)
        }
    }

    /// Writes the model: all of it or, if anything goes wrong, nothing.
    ///
    /// Equal models, profiles and libzstd versions give equal bytes.
    package func write(
        to path: String, profile: Profile, threads: Int = 2
    ) throws(ModelError) {
        try Self.opened { () throws(PoemError) in
            try PoemWriter.write(contents(profile), to: path, threads: threads)
        }
    }

    /// What the file of this profile holds.
    package func contents(_ profile: Profile) -> PoemContents {
        PoemContents(
            configuration: configuration, tokenizer: tokenizer.description,
            tensors: weights.layout.parameters.map {
                profile.record(of: $0, values: weights.floats($0))
            },
            metadata: metadata, evaluation: evaluation, training: training, card: card,
            extraSections: extraSections)
    }

    static func weights(
        of reader: PoemReader, threads: Int
    ) throws(PoemError) -> ModelWeights {
        let weights = ModelWeights(reader.configuration)
        let places = Dictionary(
            uniqueKeysWithValues: weights.layout.parameters.map { ($0.name, $0) })
        // The reader has checked that its tensors are those of the layout, neither more nor fewer.
        let views = reader.tensors.compactMap { places[$0.name].map { weights.vector($0) } }
        try unsafe reader.decodeFloats(reader.tensors, threads: threads) {
            unsafe UnsafeMutableBufferPointer(start: views[$0].pointer, count: views[$0].count)
        }
        return weights
    }

    static func opened<Value>(
        _ body: () throws(PoemError) -> Value
    ) throws(ModelError) -> Value {
        do {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}
