import PoeCore

/// Encodes one text piece by piece, remembering the encodings of short pieces.
///
/// The memory is a table of fixed size, one entry a slot, the newest piece kept: it never grows with
/// the text. An entry says where in the output its tokens already stand.
struct PieceEncoder {
    private struct Entry {
        var key = WordKey(head: 0, tail: 0, length: 0)
        var start = 0
        var count = 0
    }

    private let tokenizer: Tokenizer
    private var merger = WordMerger()
    private var entries: [Entry]

    /// An encoder for a text of `textBytes` bytes, which sets the size of its memory.
    init(_ tokenizer: Tokenizer, textBytes: Int) {
        self.tokenizer = tokenizer
        var size = 64
        while size < 1 << 16, size < textBytes / 16 { size *= 2 }
        entries = Array(repeating: Entry(), count: size)
    }

    /// Appends the encoding of `bytes`, at most one token a byte; false where a character is unknown.
    mutating func encode(_ bytes: Span<UInt8>, into tokens: inout OutputSpan<TokenID>) -> Bool {
        switch tokenizer.description.pretokenizer {
        case .gpt2: encode(bytes, cutBy: .gpt2, into: &tokens)
        case .words: encode(bytes, cutBy: .words, into: &tokens)
        }
    }

    @inline(__always)
    private mutating func encode(
        _ bytes: Span<UInt8>, cutBy pretokenizer: Pretokenizer,
        into tokens: inout OutputSpan<TokenID>
    ) -> Bool {
        let classes = CharacterClasses.table(forBytes: bytes.count)
        let limit = bytes.count
        var start = 0
        while start < limit {
            let end = pretokenizer.end(
                ofPieceAt: start, in: bytes, limit: limit, classes: classes)
            guard encodePiece(bytes, start..<end, into: &tokens) else { return false }
            start = end
        }
        return true
    }

    @inline(__always)
    private mutating func encodePiece(
        _ bytes: Span<UInt8>, _ range: Range<Int>, into tokens: inout OutputSpan<TokenID>
    ) -> Bool {
        guard range.count <= WordKey.exactLength else {
            return encodeAnew(bytes, range, into: &tokens)
        }
        let key = WordKey(bytes, range)
        let slot = Int(truncatingIfNeeded: key.hash) & (entries.count - 1)
        let entry = entries[slot]
        if entry.key == key {
            for i in entry.start..<entry.start + entry.count { tokens.append(tokens[i]) }
            return true
        }
        let start = tokens.count
        guard encodeAnew(bytes, range, into: &tokens) else { return false }
        entries[slot] = Entry(key: key, start: start, count: tokens.count - start)
        return true
    }

    @inline(never)
    private mutating func encodeAnew(
        _ bytes: Span<UInt8>, _ range: Range<Int>, into tokens: inout OutputSpan<TokenID>
    ) -> Bool {
        merger.symbols.removeAll(keepingCapacity: true)
        guard tokenizer.appendBase(bytes, range, to: &merger.symbols) else { return false }
        merger.merge(tokenizer.pairs)
        for symbol in merger.symbols { tokens.append(symbol) }
        return true
    }
}
