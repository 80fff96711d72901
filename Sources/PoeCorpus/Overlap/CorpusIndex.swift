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

    /// Of the works one behind the other, each followed by the symbol 0, as ranks of their characters.
    private let search: SuffixSearch
    private let ranks: [UInt32: Int32]
    /// Where each work begins in the symbols.
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
        search = SuffixSearch(symbols, largest: ranks.count)
        (self.ranks, self.workStarts) = (ranks, workStarts)
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
    /// They may overlap: the end of one and the beginning of the next can be the same words. The time
    /// grows with the text's length, hardly with the corpus's, and not with what they have in common.
    package func overlap(of text: String, minimum: Int = Self.shortestPassage) -> Overlap {
        let minimum = max(1, minimum)
        let text = Self.symbols(of: text, ranks)
        var passages: [Passage] = []
        // At each place the longest that begins there and stands in the corpus. It reaches at least as
        // far as the one before; if no further, it is a part of that one.
        var match = search.everything
        for start in text.indices {
            let previousEnd = start + match.length
            while start + match.length < text.count,
                let longer = search.lengthened(match, by: text[start + match.length])
            {
                match = longer
            }
            let end = start + match.length
            if match.length >= minimum, end > previousEnd {
                passages.append(passage(match, start))
            }
            guard end < text.count else { break }
            if match.length > 0 { match = search.shortened(match) }
        }
        return Overlap(characters: text.count, passages: passages)
    }

    private func passage(_ match: SuffixSearch.Match, _ start: Int) -> Passage {
        let place = search.place(of: match)
        let work = work(at: place)
        return Passage(
            start: start, length: match.length, work: work, offset: place - workStarts[work],
            occurrences: match.ranks.count)
    }

    private func work(at place: Int) -> Int {
        var (low, high) = (0, workStarts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if workStarts[middle] <= place { low = middle } else { high = middle }
        }
        return low
    }

    /// The ranks of a text's characters; those that no work has get one that matches nothing.
    private static func symbols(of text: String, _ ranks: [UInt32: Int32]) -> [Int32] {
        text.unicodeScalars.map { ranks[$0.value] ?? Int32.max }
    }
}
