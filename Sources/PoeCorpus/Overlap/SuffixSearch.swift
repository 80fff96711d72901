/// Finds what stands in a text by reading it from left to right: what was found can be lengthened by the
/// next symbol and shortened by the first, in a time that grows with the logarithm of the text's length
/// and not with the length of what was found.
struct SuffixSearch: Sendable {
    /// The suffixes of the text that begin with certain symbols: they stand side by side in order.
    struct Match {
        /// Their ranks.
        var ranks: Range<Int>
        /// How many symbols they begin with.
        var length: Int
    }

    private let symbols: [Int32]
    /// Where each suffix begins, smallest suffix first.
    private let starts: [Int32]
    /// Where the suffix of each place stands in `starts`.
    private let ranks: [Int32]
    private let earliest: RangeMinima
    /// How many symbols each suffix has in common with the next smaller one.
    private let common: RangeMinima

    /// Prepares a text.
    ///
    /// - Parameters:
    ///   - symbols: The text; fewer than 2^31 symbols. The last one is never looked for.
    ///   - largest: No symbol is larger, and none is below 0.
    init(_ symbols: [Int32], largest: Int) {
        let starts = SuffixArray.starts(of: symbols, largest: largest)
        var ranks = [Int32](repeating: 0, count: starts.count)
        for (rank, start) in starts.enumerated() { ranks[Int(start)] = Int32(rank) }
        earliest = RangeMinima(starts)
        common = RangeMinima(Self.commonLengths(symbols, starts, ranks))
        (self.symbols, self.starts, self.ranks) = (symbols, starts, ranks)
    }

    /// In linear time (Kasai and others 2001): without its first symbol, a suffix has one symbol fewer in
    /// common with its neighbour, or more.
    private static func commonLengths(
        _ symbols: [Int32], _ starts: [Int32], _ ranks: [Int32]
    ) -> [Int32] {
        var common = [Int32](repeating: 0, count: symbols.count)
        var length = 0
        for start in symbols.indices {
            let rank = Int(ranks[start])
            guard rank > 0 else {
                length = 0
                continue
            }
            let other = Int(starts[rank - 1])
            while max(start, other) + length < symbols.count,
                symbols[start + length] == symbols[other + length]
            {
                length += 1
            }
            common[rank] = Int32(length)
            length = max(0, length - 1)
        }
        return common
    }

    /// What is found before anything is looked for: everything.
    var everything: Match { Match(ranks: starts.indices, length: 0) }

    /// What begins with the symbols of `match` and then `symbol`; nil if nothing does.
    func lengthened(_ match: Match, by symbol: Int32) -> Match? {
        let (ranks, offset) = (match.ranks, match.length)
        let first = firstRank(in: ranks, offset: offset) { $0 >= symbol }
        let end = firstRank(in: first..<ranks.upperBound, offset: offset) { $0 > symbol }
        return first < end ? Match(ranks: first..<end, length: offset + 1) : nil
    }

    /// The first of these suffixes whose symbol at `offset` passes; so do those of all behind it.
    ///
    /// Each has such a symbol, since those before it were found and the last one never is.
    private func firstRank(
        in ranks: Range<Int>, offset: Int, where passes: (Int32) -> Bool
    ) -> Int {
        var (low, high) = (ranks.lowerBound, ranks.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if passes(symbols[Int(starts[middle]) + offset]) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }

    /// What begins with the symbols of `match` but the first, of which there is one at least.
    func shortened(_ match: Match) -> Match {
        let length = match.length - 1
        guard length > 0 else { return everything }
        let rank = Int(ranks[Int(starts[match.ranks.lowerBound]) + 1])
        let first = common.lastPlace(below: Int32(length), through: rank) ?? 0
        let end = common.firstPlace(below: Int32(length), from: rank + 1) ?? starts.count
        return Match(ranks: first..<end, length: length)
    }

    /// Where in the text a match stands first.
    func place(of match: Match) -> Int { Int(earliest.minimum(at: match.ranks)) }
}
