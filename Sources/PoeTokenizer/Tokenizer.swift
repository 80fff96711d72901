public import PoeCore

/// Turns text into tokens and back, as one ``TokenizerDescription`` says.
///
/// Text is handled as Unicode scalars (bytes for a byte-level tokenizer), never as what a reader
/// sees as one character, so that every string over the alphabet comes back exactly. A tokenizer is
/// immutable and can be shared.
public struct Tokenizer: Sendable {
    /// What the tokenizer was built from.
    public let description: TokenizerDescription

    let isByteLevel: Bool
    let characters: ScalarTable
    let pairs: PairTable
    /// What each token stands for, and after the last one U+FFFD, for tokens that do not exist.
    private let expansion: [UInt8]
    private let expansionStart: [Int]

    /// Builds the tables of a description.
    ///
    /// - Throws: ``TokenizerError`` where the description breaks a rule: characters ascend, merges are
    ///   distinct and refer to smaller tokens, no token stands for more than
    ///   ``TokenizerLimits/expansionBytes``, the replacement is a base token, special tokens follow
    ///   the merges without a gap.
    public init(_ description: TokenizerDescription) throws(TokenizerError) {
        try description.validate()
        let baseCount = description.baseCount
        self.description = description
        switch description.base {
        case .characters(let scalars):
            isByteLevel = false
            characters = ScalarTable(scalars)
        case .bytes:
            isByteLevel = true
            characters = ScalarTable([])
        }
        pairs = PairTable(description.merges, baseCount: baseCount)
        var (bytes, starts) = description.expansions()
        bytes += [0xEF, 0xBF, 0xBD]
        starts.append(bytes.count)
        (expansion, expansionStart) = (bytes, starts)
    }

    /// Number of tokens of all kinds.
    public var vocabularySize: Int { description.vocabularySize }

    /// The token that ends a text, where the vocabulary has one; the first of several.
    public var endOfText: TokenID? {
        description.specialTokens.first { $0.role == .endOfText }?.id
    }

    /// Whether a token ends a text.
    package func endsText(_ token: TokenID) -> Bool {
        let special = description.specialTokens
        let index = Int(token) - (description.vocabularySize - special.count)
        return special.indices.contains(index) && special[index].role == .endOfText
    }

    /// The UTF-8 bytes that a token stands for; those of U+FFFD for a token that does not exist.
    ///
    /// With a byte-level tokenizer they need not be whole characters.
    public func bytes(of token: TokenID) -> [UInt8] {
        var bytes: [UInt8] = []
        appendBytes(of: token, to: &bytes)
        return bytes
    }

    /// The bytes of all tokens, one after the other.
    public func decodeBytes(_ tokens: [TokenID]) -> [UInt8] {
        let count = tokens.reduce(0) { $0 + range(of: $1).count }
        return [UInt8](capacity: count) { bytes in
            for token in tokens {
                for i in range(of: token) { bytes.append(expansion[i]) }
            }
        }
    }

    /// The text of `tokens`; bytes that are not UTF-8 become U+FFFD.
    public func decode(_ tokens: [TokenID]) -> String {
        String(decoding: decodeBytes(tokens), as: UTF8.self)
    }

    func appendBytes(of token: TokenID, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: expansion[range(of: token)])
    }

    /// Where a token's bytes stand in `expansion`; those of U+FFFD are last.
    @inline(__always)
    private func range(of token: TokenID) -> Range<Int> {
        let i = min(Int(token), expansionStart.count - 2)
        return expansionStart[i]..<expansionStart[i + 1]
    }
}
