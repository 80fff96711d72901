// The standard library composes strings but offers it only behind this flag; Foundation, which has
// it in the open, would more than double the size and the start-up time of every program here.
@_spi(_Unicode) import Swift

extension String {
    /// The text in Unicode normal form C.
    var canonicallyComposed: [Unicode.Scalar] { Array(_nfc) }
}
