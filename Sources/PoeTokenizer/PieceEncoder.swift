import PoeCore

/// Encodes one text piece by piece, remembering the encodings of short pieces.
///
/// The memory is a table of fixed size, one entry a slot, the newest piece kept: it never grows with
/// the text. An entry says where in the output its tokens already stand.
struct PieceEncoder {
    private struct Entry {
        var key: WordKey
        var start: Int
        var count: Int
    }

    private(set) var tokens: [TokenID] = []
    private let tokenizer: Tokenizer
    private var merger = WordMerger()
    private var entries: [Entry]
    private let mask: Int

    /// An encoder for a text of `textBytes` bytes, which sets the size of its memory.
    init(_ tokenizer: Tokenizer, textBytes: Int) {
        self.tokenizer = tokenizer
        var size = 64
        while size < 1 << 16, size < textBytes / 16 { size *= 2 }
        mask = size - 1
        let empty = WordKey(head: 0, tail: 0, length: 0)
        entries = Array(repeating: Entry(key: empty, start: 0, count: 0), count: size)
        tokens.reserveCapacity(textBytes / 2)
    }

    /// Appends the encoding of `bytes` to ``tokens``; false where a character is unknown.
    mutating func encode(_ bytes: Span<UInt8>) -> Bool {
        switch tokenizer.description.pretokenizer {
        case .gpt2: encode(bytes, cutBy: .gpt2)
        case .words: encode(bytes, cutBy: .words)
        }
    }

    @inline(__always)
    private mutating func encode(_ bytes: Span<UInt8>, cutBy pretokenizer: Pretokenizer) -> Bool {
        let classes = CharacterClasses.shared
        let limit = bytes.count
        var start = 0
        while start < limit {
            let end = pretokenizer.end(
                ofPieceAt: start, in: bytes, limit: limit, classes: classes)
            guard encodePiece(bytes, start..<end) else { return false }
            start = end
        }
        return true
    }

    @inline(__always)
    private mutating func encodePiece(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count <= WordKey.exactLength else { return encodeAnew(bytes, range) }
        let key = WordKey(bytes, range)
        let slot = Int(truncatingIfNeeded: key.hash) & mask
        let entry = entries[slot]
        if entry.key == key {
            for i in entry.start..<entry.start + entry.count { tokens.append(tokens[i]) }
            return true
        }
        let start = tokens.count
        guard encodeAnew(bytes, range) else { return false }
        entries[slot] = Entry(key: key, start: start, count: tokens.count - start)
        return true
    }

    @inline(never)
    private mutating func encodeAnew(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        merger.symbols.removeAll(keepingCapacity: true)
        guard tokenizer.appendBase(bytes, range, to: &merger.symbols) else { return false }
        merger.merge(tokenizer.pairs)
        tokens.append(contentsOf: merger.symbols)
        return true
    }
}
