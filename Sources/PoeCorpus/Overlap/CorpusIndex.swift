/// A corpus in which passages of a text are looked up: which of them stand there word for word.
///
/// Characters are Unicode scalars. Nothing is folded: a straight quote is not a curly one.
package struct CorpusIndex: Sendable {
    /// A stretch of a text that stands in a work.
    package struct Passage: Sendable, Hashable {
        /// Where it begins in the text, in characters.
        package let start: Int
        /// Its length in characters.
        package let length: Int
        /// The first work in which it stands.
        package let work: Int
        /// Where it begins in that work for the first time, in characters.
        package let offset: Int
        /// How many times it stands in the corpus.
        package let occurrences: Int
    }

    /// Characters of the shortest passage that counts, where nobody says otherwise.
    package static let shortestPassage = 40

    /// The works, in the order of the corpus.
    package let works: [Work]
    /// Characters of all works.
    package let characterCount: Int

    /// The works one behind the other, each followed by the symbol 0, as ranks of their characters.
    private let symbols: [Int32]
    private let suffixes: [Int32]
    private let ranks: [UInt32: Int32]
    /// Where each work begins in `symbols`.
    private let workStarts: [Int]

    /// Prepares a corpus: time and memory grow with its length, some 100 bytes a character at the most.
    package init(_ corpus: Corpus) {
        var seen: Set<UInt32> = []
        for work in corpus.works {
            for scalar in work.text.unicodeScalars { seen.insert(scalar.value) }
        }
        var ranks: [UInt32: Int32] = [:]
        for (rank, value) in seen.sorted().enumerated() { ranks[value] = Int32(rank + 1) }
        var symbols: [Int32] = []
        var workStarts: [Int] = []
        for work in corpus.works {
            workStarts.append(symbols.count)
            symbols += Self.symbols(of: work.text, ranks)
            symbols.append(0)
        }
        works = corpus.works
        characterCount = symbols.count - corpus.works.count
        suffixes = SuffixArray.starts(of: symbols, largest: ranks.count)
        (self.symbols, self.ranks, self.workStarts) = (symbols, ranks, workStarts)
    }

    /// The title of a work: its first line that is not blank, at most 80 characters of it; its file's name
    /// if it has none.
    package func title(of work: Int) -> String {
        let lines = works[work].text.split(separator: "\n", maxSplits: 8)
        guard let line = lines.first(where: { !$0.allSatisfy(\.isWhitespace) }) else {
            return works[work].name
        }
        return String(line.prefix(80))
    }

    /// The line of its work on which a passage begins, from 1.
    package func line(of passage: Passage) -> Int {
        works[passage.work].text.unicodeScalars.prefix(passage.offset)
            .reduce(1) { $1 == "\n" ? $0 + 1 : $0 }
    }

    /// The passages of a text of at least `minimum` characters that stand in one work and would not if they
    /// were longer at either end, in order.
    ///
    /// They may overlap: the end of one and the beginning of the next can be the same words.
    package func overlap(of text: String, minimum: Int = Self.shortestPassage) -> Overlap {
        let minimum = max(1, minimum)
        let text = Self.symbols(of: text, ranks)
        var passages: [Passage] = []
        var start = 0
        while start + minimum <= text.count {
            let end = start + longestMatch(text[start...])
            guard end - start >= minimum else {
                start += 1
                continue
            }
            passages.append(passage(text[start..<end], start))
            guard end < text.count else { break }
            start = nextStart(text, after: start, through: end, minimum)
        }
        return Overlap(characters: text.count, passages: passages)
    }

    /// Where the next passage can begin.
    ///
    /// It has the character at `end`, which the last one, begun at `start`, could not have. Where a
    /// stretch up to there stands in the corpus, so do those that begin later; halving finds the first.
    private func nextStart(
        _ text: [Int32], after start: Int, through end: Int, _ minimum: Int
    ) -> Int {
        let lastStart = end + 1 - minimum
        guard contains(text[lastStart...end]) else { return lastStart + 1 }
        var (low, high) = (start, lastStart)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if contains(text[middle...end]) { high = middle } else { low = middle }
        }
        return high
    }

    private func passage(_ pattern: ArraySlice<Int32>, _ start: Int) -> Passage {
        let first = place(of: pattern, behindEqual: false).rank
        let end = place(of: pattern, behindEqual: true).rank
        let place = Int(suffixes[first..<end].min() ?? 0)
        let work = work(at: place)
        return Passage(
            start: start, length: pattern.count, work: work, offset: place - workStarts[work],
            occurrences: end - first)
    }

    private func work(at place: Int) -> Int {
        var (low, high) = (0, workStarts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if workStarts[middle] <= place { low = middle } else { high = middle }
        }
        return low
    }

    private func contains(_ pattern: ArraySlice<Int32>) -> Bool {
        longestMatch(pattern) == pattern.count
    }

    /// How many of the pattern's first symbols stand somewhere in the corpus.
    private func longestMatch(_ pattern: ArraySlice<Int32>) -> Int {
        place(of: pattern, behindEqual: false).match
    }

    /// Where the pattern belongs among the suffixes, before or behind those that begin with it, and how
    /// many symbols it shares with the nearer of its neighbours there.
    private func place(
        of pattern: ArraySlice<Int32>, behindEqual: Bool
    ) -> (rank: Int, match: Int) {
        var (low, high) = (-1, suffixes.count)
        var (lowMatch, highMatch) = (0, 0)
        while high - low > 1 {
            let middle = (low + high) / 2
            let suffix = Int(suffixes[middle])
            // What both neighbours share with the pattern, everything between them shares.
            var match = min(lowMatch, highMatch)
            while match < pattern.count, suffix + match < symbols.count,
                pattern[pattern.startIndex + match] == symbols[suffix + match]
            {
                match += 1
            }
            let isBefore =
                match == pattern.count
                ? behindEqual
                : suffix + match == symbols.count
                    || symbols[suffix + match] < pattern[pattern.startIndex + match]
            if isBefore {
                (low, lowMatch) = (middle, match)
            } else {
                (high, highMatch) = (middle, match)
            }
        }
        return (high, max(lowMatch, highMatch))
    }

    /// The ranks of a text's characters; those that no work has get one that matches nothing.
    private static func symbols(of text: String, _ ranks: [UInt32: Int32]) -> [Int32] {
        text.unicodeScalars.map { ranks[$0.value] ?? Int32.max }
    }
}
