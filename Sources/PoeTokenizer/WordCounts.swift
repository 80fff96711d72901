import PoeCore

/// The distinct pieces of a corpus in order of first appearance, as base tokens, and how often each
/// occurs.
struct WordCounts {
    /// The base tokens of all distinct words, one word after the other.
    private(set) var symbols: [TokenID] = []
    /// Where each word ends in ``symbols``.
    private(set) var ends: [Int] = []
    /// How often each word occurs.
    private(set) var counts: [Int] = []

    private struct Entry {
        var key: WordKey
        /// Where the word first stands in the corpus.
        var start: Int
        /// The word's rank, or -1 in an empty slot.
        var word: Int
    }

    private var slots: [Entry]

    /// Counts the pieces that `pretokenizer` cuts `corpus` into; all characters must be in `base`.
    init(_ corpus: CorpusBytes, base: TokenizerDescription.Base, pretokenizer: Pretokenizer) {
        slots = Self.emptySlots(1 << 12)
        switch pretokenizer {
        case .gpt2: count(corpus, .gpt2)
        case .words: count(corpus, .words)
        }
        appendSymbols(corpus.bytes.span, base)
    }

    private static func emptySlots(_ count: Int) -> [Entry] {
        let key = WordKey(head: 0, tail: 0, length: 0)
        return Array(repeating: Entry(key: key, start: 0, word: -1), count: count)
    }

    @inline(__always)
    private mutating func count(_ corpus: CorpusBytes, _ pretokenizer: Pretokenizer) {
        let bytes = corpus.bytes.span
        let classes = CharacterClasses.table(forBytes: bytes.count)
        var start = 0
        for limit in corpus.ends {
            while start < limit {
                let end = pretokenizer.end(
                    ofPieceAt: start, in: bytes, limit: limit, classes: classes)
                count(bytes, start..<end)
                start = end
            }
        }
    }

    @inline(__always)
    private mutating func count(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let key = WordKey(bytes, range)
        var i = Int(truncatingIfNeeded: key.hash) & (slots.count - 1)
        while slots[i].word >= 0 {
            if slots[i].key == key, isSame(bytes, slots[i].start, range) {
                counts[slots[i].word] += 1
                return
            }
            i = (i + 1) & (slots.count - 1)
        }
        slots[i] = Entry(key: key, start: range.lowerBound, word: counts.count)
        counts.append(1)
        if counts.count * 2 > slots.count { grow() }
    }

    /// Whether two words with one key are one word.
    @inline(__always)
    private func isSame(_ bytes: Span<UInt8>, _ start: Int, _ range: Range<Int>) -> Bool {
        guard range.count > WordKey.exactLength else { return true }
        for i in 0..<range.count where bytes[start + i] != bytes[range.lowerBound + i] {
            return false
        }
        return true
    }

    private mutating func grow() {
        let old = slots
        slots = Self.emptySlots(2 * old.count)
        for entry in old where entry.word >= 0 {
            var i = Int(truncatingIfNeeded: entry.key.hash) & (slots.count - 1)
            while slots[i].word >= 0 { i = (i + 1) & (slots.count - 1) }
            slots[i] = entry
        }
    }

    private mutating func appendSymbols(_ bytes: Span<UInt8>, _ base: TokenizerDescription.Base) {
        var places = [Range<Int>](repeating: 0..<0, count: counts.count)
        for entry in slots where entry.word >= 0 {
            places[entry.word] = entry.start..<entry.start + entry.key.length
        }
        slots = []
        let characters: ScalarTable? =
            if case .characters(let scalars) = base { ScalarTable(scalars) } else { nil }
        for place in places {
            var i = place.lowerBound
            while i < place.upperBound {
                guard let characters else {
                    symbols.append(TokenID(bytes[i]))
                    i += 1
                    continue
                }
                let step = bytes.scalar(at: i)
                symbols.append(characters[step.value])
                i += step.length
            }
            ends.append(symbols.count)
        }
    }
}
