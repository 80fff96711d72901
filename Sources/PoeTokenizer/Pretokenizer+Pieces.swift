package import PoeCore

extension Pretokenizer {
    /// The pieces that `bytes` are cut into, as ranges that follow each other without a gap.
    ///
    /// For tests and for people who want to see the cuts; the encoder and the trainer call
    /// ``end(ofPieceAt:in:limit:classes:)`` and build no array.
    package func pieces(of bytes: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while start < bytes.count {
            let end = end(
                ofPieceAt: start, in: bytes.span, limit: bytes.count,
                classes: .table(forBytes: bytes.count))
            ranges.append(start..<end)
            start = end
        }
        return ranges
    }

    /// Where the piece that begins at `start` ends.
    ///
    /// `.gpt2` is the rule of GPT-2's published encoder, without its regular expression
    ///
    ///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    ///
    /// Only the straight apostrophe begins a contraction, as there: a typographic one is a sign like
    /// others, so the same cuts serve GPT-2's own vocabulary. Bytes that are not UTF-8 count as signs.
    ///
    /// - Parameters:
    ///   - start: Below `limit`, at the beginning of a piece.
    ///   - limit: Where the text ends; cuts do not depend on bytes beyond.
    @inline(__always)
    func end(
        ofPieceAt start: Int, in bytes: Span<UInt8>, limit: Int, classes: CharacterClasses
    ) -> Int {
        switch self {
        case .gpt2: bytes.gpt2End(start, limit, classes)
        case .words: bytes.wordEnd(start, limit, classes)
        }
    }
}

extension Span where Element == UInt8 {
    /// The class of the character at `i`, and its length in bytes.
    @inline(__always)
    fileprivate func classified(
        _ i: Int, _ classes: CharacterClasses
    ) -> (class: CharacterClass, length: Int) {
        let byte = self[i]
        if byte < 0x80 { return (classes[ascii: byte], 1) }
        let step = scalar(at: i)
        return (classes[step.value], step.length)
    }

    /// Where the run of characters of one class that goes on at `i` ends.
    @inline(__always)
    fileprivate func runEnd(
        _ i: Int, _ limit: Int, of wanted: CharacterClass, _ classes: CharacterClasses
    ) -> Int {
        var i = i
        while i < limit {
            let (found, length) = classified(i, classes)
            guard found == wanted else { break }
            i += length
        }
        return i
    }

    @inline(__always)
    fileprivate func gpt2End(_ start: Int, _ limit: Int, _ classes: CharacterClasses) -> Int {
        if self[start] == UInt8(ascii: "'"), let end = contractionEnd(start, limit) { return end }
        let (first, length) = classified(start, classes)
        if first != .blank { return runEnd(start + length, limit, of: first, classes) }
        if self[start] == UInt8(ascii: " "), start + 1 < limit {
            let (second, secondLength) = classified(start + 1, classes)
            if second != .blank {
                return runEnd(start + 1 + secondLength, limit, of: second, classes)
            }
        }
        return blankEnd(start, start + length, limit, classes)
    }

    /// The end of a piece of blanks alone: of a run before a word, the last blank is left to the
    /// word (`\s+(?!\S)`), unless it is the only one.
    private func blankEnd(
        _ start: Int, _ second: Int, _ limit: Int, _ classes: CharacterClasses
    ) -> Int {
        var last = start
        var i = second
        while i < limit {
            let (found, length) = classified(i, classes)
            guard found == .blank else { return last == start ? i : last }
            last = i
            i += length
        }
        return limit
    }

    /// The end of `'s 't 'm 'd 're 've 'll` at `start`, where one stands there.
    private func contractionEnd(_ start: Int, _ limit: Int) -> Int? {
        guard start + 1 < limit else { return nil }
        let second = start + 2 < limit ? self[start + 2] : 0
        switch (self[start + 1], second) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _),
            (UInt8(ascii: "d"), _):
            return start + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        default:
            return nil
        }
    }

    @inline(__always)
    fileprivate func wordEnd(_ start: Int, _ limit: Int, _ classes: CharacterClasses) -> Int {
        let (first, length) = classified(start, classes)
        let blank = first == .blank
        var i = start + length
        while i < limit {
            let (found, length) = classified(i, classes)
            guard (found == .blank) == blank else { break }
            i += length
        }
        return i
    }
}
