package import PoeCore

/// What a checkpoint needs beyond the model in order to go on training.
package struct CheckpointState: Sendable, Hashable {
    /// The optimizer's tensors, such as its moments: any names, any shapes.
    package var optimizer: [TensorRecord]
    /// The state of the random numbers.
    package var random: Metadata
    /// The position in the data.
    package var cursor: Metadata

    /// Makes a state.
    package init(
        optimizer: [TensorRecord] = [], random: Metadata = [:], cursor: Metadata = [:]
    ) {
        self.optimizer = optimizer
        self.random = random
        self.cursor = cursor
    }

    /// Whether nothing would be written.
    var isEmpty: Bool { optimizer.isEmpty && random.isEmpty && cursor.isEmpty }
}

/// An optional section of a kind that this version does not know, kept as it was stored.
package struct ExtraSection: Sendable, Hashable {
    /// The unknown kind.
    package var kind: SectionKind
    /// The stored bytes, compressed if `codec` says so.
    package var stored: [UInt8]
    /// How `stored` is compressed.
    package var codec: Codec
    /// Bytes after decompression; the number of stored bytes for a raw section.
    package var decodedLength: Int
    /// XXH64 of the decoded bytes.
    package var decodedHash: UInt64
    /// Base-2 logarithm of the alignment.
    package var alignmentLog2: UInt8

    /// Makes a raw section.
    package init(kind: SectionKind, bytes: [UInt8]) {
        self.kind = kind
        stored = bytes
        codec = .raw
        decodedLength = bytes.count
        decodedHash = XXH64.hash(bytes)
        alignmentLog2 = 6
    }

    init(_ section: SectionEntry, stored: [UInt8]) {
        kind = section.kind
        self.stored = stored
        codec = section.codec
        decodedLength = section.decodedLength
        decodedHash = section.decodedHash
        alignmentLog2 = section.alignmentLog2
    }
}

/// Everything that a `.poem` file holds.
package struct PoemContents: Sendable, Hashable {
    /// The model's sizes and choices.
    package var configuration: ModelConfiguration
    /// The tokenizer; it has as many tokens as the configuration says.
    package var tokenizer: TokenizerDescription
    /// The weights: exactly the tensors of `ParameterLayout(configuration)`, in any order.
    package var tensors: [TensorRecord]
    /// Facts about the model.
    package var metadata: Metadata
    /// Losses, with their protocol.
    package var evaluation: Metadata
    /// The recipe of the training.
    package var training: Metadata
    /// The model card, Markdown.
    package var card: String?
    /// What training needs to go on; nil in a finished model.
    package var checkpoint: CheckpointState?
    /// Sections of unknown kinds, which survive a rewrite.
    package var extraSections: [ExtraSection]

    /// Makes contents; the writer checks them.
    package init(
        configuration: ModelConfiguration, tokenizer: TokenizerDescription,
        tensors: [TensorRecord], metadata: Metadata = [:], evaluation: Metadata = [:],
        training: Metadata = [:], card: String? = nil, checkpoint: CheckpointState? = nil,
        extraSections: [ExtraSection] = []
    ) {
        self.configuration = configuration
        self.tokenizer = tokenizer
        self.tensors = tensors
        self.metadata = metadata
        self.evaluation = evaluation
        self.training = training
        self.card = card
        self.checkpoint = checkpoint
        self.extraSections = extraSections
    }
}
