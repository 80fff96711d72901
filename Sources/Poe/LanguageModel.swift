@_exported public import PoeCore
@_exported public import PoeInference
package import PoeModel
import PoeNumerics
@_exported public import PoeTokenizer
package import PoemFile

/// A model that was read from a `.poem` file, ready to generate and to score.
///
/// Immutable: any number of ``TextGenerator``s on any threads can share one. The file is not needed
/// any more once the model is open.
public final class LanguageModel: Sendable {
    /// Sizes and choices.
    public var configuration: ModelConfiguration { weights.configuration }
    /// How its matrices are multiplied.
    public var arithmetic: Arithmetic { weights.arithmetic }
    /// Text to tokens and back.
    public let tokenizer: Tokenizer
    /// The model card, Markdown, if the file has one.
    public let card: String?

    /// Facts about the model.
    package let metadata: Metadata
    /// Losses, with their protocol.
    package let evaluation: Metadata
    /// The recipe of the training.
    package let training: Metadata
    /// The weights as engines read them.
    package let weights: PackedWeights
    /// Bytes that key-value caches may take.
    let maxMemory: Int

    /// Opens a model file.
    ///
    /// - Parameters:
    ///   - path: The `.poem` file.
    ///   - maxMemory: Bytes that the weights may take, and the text in progress as much again; by
    ///     default the smaller of 4 GiB and half of the machine's memory. A file that needs more is
    ///     refused before anything is allocated. While they are packed as f32, they are there twice.
    ///   - arithmetic: How matrices are multiplied; if nil, as int8 where the file stores them so (the
    ///     `compact` profile) and the model is not too large for that, else as f32.
    /// - Throws: ``PoeError``.
    public init(
        contentsOf path: String, maxMemory: Int? = nil, arithmetic: Arithmetic? = nil
    ) throws(PoeError) {
        let limits = maxMemory.map { Limits(maxMemory: $0) } ?? .default
        do {
            let reader = try Model.reader(of: path, limits: limits)
            tokenizer = try Model.tokenizer(of: reader)
            card = reader.card
            metadata = reader.metadata
            evaluation = reader.evaluation
            training = reader.training
            self.maxMemory = limits.maxMemory
            weights = try PackedWeights.load(
                reader, arithmetic: arithmetic, threads: Self.defaultThreads)
        } catch {
            throw PoeError(error)
        }
    }

    /// Prepares a model that is in memory.
    package init(
        _ model: Model, arithmetic: Arithmetic = .f32, maxMemory: Int = Limits.defaultMaxMemory
    ) {
        tokenizer = model.tokenizer
        card = model.card
        metadata = model.metadata
        evaluation = model.evaluation
        training = model.training
        self.maxMemory = maxMemory
        let compute = Compute(threads: Self.defaultThreads)
        weights = PackedWeights(model.weights, arithmetic: arithmetic, compute: compute)
    }

    /// Number of tokens that the model knows.
    public var vocabularySize: Int { configuration.vocabularySize }

    /// The tokens of a text, exactly as written.
    ///
    /// - Throws: ``PoeError`` if a character is unknown and the policy, or the file's where it is nil,
    ///   is `.error`.
    public func encode(
        _ text: String, unknown: UnknownPolicy? = nil
    ) throws(PoeError) -> [TokenID] {
        do {
            return try tokenizer.encode(text, unknown: unknown)
        } catch {
            throw PoeError(error)
        }
    }

    /// The text of tokens.
    public func decode(_ tokens: [TokenID]) -> String { tokenizer.decode(tokens) }

    /// Threads that are used unless told otherwise: one for each processor that the program may run on.
    public static let defaultThreads: Int = min(Processors.available, mostThreads)

    /// The most threads that can be asked for.
    package static let mostThreads = 256

    /// An engine with so many threads; one for each processor if nil.
    ///
    /// - Throws: ``PoeError`` if they are not 1 to 256.
    func engine(threads: Int?) throws(PoeError) -> Engine {
        let threads = threads ?? Self.defaultThreads
        guard (1...Self.mostThreads).contains(threads) else {
            throw PoeError(
                .invalidOption, "threads is \(threads); expected 1 to \(Self.mostThreads)")
        }
        return Engine(weights, threads: threads)
    }
}
