import PoeCore

/// The base token of every Unicode scalar: two array reads, whatever the scalar.
///
/// Scalars are grouped in pages of 256; pages without a known scalar share page 0.
struct ScalarTable: Sendable {
    /// What the table holds for an unknown scalar.
    static let unknown = TokenID.max

    private var page = [UInt16](repeating: 0, count: 0x110000 >> 8)
    private var tokens = [TokenID](repeating: unknown, count: 256)

    /// Gives each scalar its rank as token.
    init(_ scalars: [Unicode.Scalar]) {
        for (rank, scalar) in scalars.enumerated() {
            let index = Int(scalar.value >> 8)
            if page[index] == 0 {
                page[index] = UInt16(tokens.count >> 8)
                tokens.append(contentsOf: repeatElement(Self.unknown, count: 256))
            }
            tokens[Int(page[index]) << 8 | Int(scalar.value & 0xFF)] = TokenID(rank)
        }
    }

    /// The token of a scalar below U+110000, or ``unknown``.
    @inline(__always)
    subscript(value: UInt32) -> TokenID {
        tokens[Int(page[Int(value >> 8)]) << 8 | Int(value & 0xFF)]
    }
}
