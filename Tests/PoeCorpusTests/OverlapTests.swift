import PoeCore
import PoeCorpus
import Testing

/// Passages found by an index, held to those that comparing everything with everything finds.
@Suite struct OverlapTests {
    private struct Place: Hashable, Comparable {
        var start: Int
        var length: Int
        static func < (a: Self, b: Self) -> Bool { (a.start, a.length) < (b.start, b.length) }
    }

    /// Every maximal passage, by trying every pair of places.
    private func plain(_ text: String, _ corpus: Corpus, minimum: Int) -> [Place] {
        let text = Array(text.unicodeScalars)
        let works = corpus.works.map { Array($0.text.unicodeScalars) }
        let ends = text.indices.map { start in
            var longest = 0
            for work in works {
                for place in work.indices {
                    var length = 0
                    while start + length < text.count, place + length < work.count,
                        text[start + length] == work[place + length]
                    {
                        length += 1
                    }
                    longest = max(longest, length)
                }
            }
            return start + longest
        }
        return text.indices.filter { start in
            ends[start] - start >= minimum && (start == 0 || ends[start - 1] < ends[start])
        }.map { Place(start: $0, length: ends[$0] - $0) }
    }

    /// Letters of a small alphabet, so that texts share much by chance.
    private func letters(_ count: Int, of alphabet: [Character], seed: UInt64) -> String {
        let random = CounterRandom(seed: seed)
        return String(
            (0..<count).map { index in
                alphabet[
                    Int(random.uniform(stream: 0, index: UInt64(index)) * Float(alphabet.count))]
            })
    }

    @Test(arguments: 0..<60) func findsWhatComparingEverythingFinds(_ number: Int) {
        let seed = UInt64(number)
        let alphabet = Array("abßé\u{1F600}c").prefix(1 + number % 6)
        let works = (0..<1 + number % 4).map { work in
            Work(
                name: "\(work)",
                text: letters(
                    (number * 7 + work * 13) % 50, of: Array(alphabet),
                    seed: seed &* 31 &+ UInt64(work)))
        }
        let corpus = Corpus(works: works)
        let text = letters(number * 3, of: Array(alphabet) + ["z"], seed: seed &+ 1_000)
        let index = CorpusIndex(corpus)
        for minimum in [1, 2, 3, 5, 9] {
            let overlap = index.overlap(of: text, minimum: minimum)
            #expect(
                overlap.passages.map { Place(start: $0.start, length: $0.length) }
                    == plain(text, corpus, minimum: minimum))
            expectVerbatim(overlap, text, corpus)
        }
    }

    /// Every passage stands in its work at the offset told, and nowhere before.
    private func expectVerbatim(_ overlap: Overlap, _ text: String, _ corpus: Corpus) {
        let scalars = Array(text.unicodeScalars)
        for passage in overlap.passages {
            let words = Array(scalars[passage.start..<passage.start + passage.length])
            var places: [[Int]] = []
            for (number, work) in corpus.works.enumerated() {
                let work = Array(work.text.unicodeScalars)
                for offset in 0..<max(0, work.count - words.count + 1)
                where Array(work[offset..<offset + words.count]) == words {
                    places.append([number, offset])
                }
            }
            #expect(places.first == [passage.work, passage.offset])
            #expect(places.count == passage.occurrences)
        }
    }

    private let corpus = Corpus(works: [
        Work(
            name: "a.txt",
            text: "The First\n\nIt was a day of rain, and all the gutters of the town ran full.\n"),
        Work(
            name: "b.txt",
            text:
                "\n\nThe second\n\nNobody came to the door, though the bell rang twice before noon."
        ),
        Work(name: "c.txt", text: ""),
    ])

    @Test func findsPlantedPassagesWhole() {
        let index = CorpusIndex(corpus)
        let (first, second) = (corpus.works[0].text, corpus.works[1].text)
        for (planted, work) in [
            (first, 0), (second, 1), (String(first.suffix(40)), 0), (String(second.prefix(41)), 1),
            (String(second.dropFirst(20).prefix(44)), 1),
        ] {
            for (before, after) in [("", ""), ("zz", ""), ("", "zz"), ("Qq ", " qQ")] {
                let overlap = index.overlap(of: before + planted + after)
                let length = planted.unicodeScalars.count
                #expect(overlap.passages.count == 1)
                #expect(overlap.longest?.length == length)
                #expect(overlap.longest?.start == before.count)
                #expect(overlap.longest?.work == work)
                #expect(overlap.copiedCharacters == length)
            }
        }
        #expect(index.overlap(of: String(first.suffix(39))).passages.isEmpty)
        #expect(index.overlap(of: "").share == 0)
    }

    @Test func staysWithinAWork() {
        let index = CorpusIndex(corpus)
        let border =
            String(corpus.works[0].text.suffix(25)) + String(corpus.works[1].text.prefix(25))
        #expect(index.overlap(of: border).passages.isEmpty)
        #expect(index.overlap(of: border, minimum: 20).passages.map(\.length) == [25, 25])
        let works = corpus.works[0].text + corpus.works[1].text
        #expect(index.overlap(of: works).passages.map(\.work) == [0, 1])
        #expect(index.overlap(of: works).share == 1)
    }

    @Test func countsWhatPassagesShareOnce() {
        let corpus = Corpus(works: [
            Work(name: "a", text: "one two three four"),
            Work(name: "b", text: "three four five six"),
        ])
        let overlap = CorpusIndex(corpus).overlap(of: "one two three four five six", minimum: 10)
        #expect(overlap.passages.map(\.length) == [18, 19])
        #expect(overlap.copiedCharacters == 27)
        #expect(overlap.longest?.work == 1)
    }

    /// One passage at every place, each as long as the corpus; and passages of which the corpus has many.
    @Test(.timeLimit(.minutes(1))) func takesNoLongerWhereMuchIsRepeated() {
        let text = String(repeating: "a", count: 40_000)
        let long = Work(name: "long", text: String(repeating: "a", count: 20_000))
        let once = CorpusIndex(Corpus(works: [long])).overlap(of: text).passages
        #expect(once.map(\.start) == Array(0...20_000))
        #expect(once.allSatisfy { $0.length == 20_000 && $0.offset == 0 && $0.occurrences == 1 })
        let short = Work(name: "short", text: String(repeating: "a", count: 40))
        let works = Array(repeating: short, count: 2_000)
        let often = CorpusIndex(Corpus(works: works)).overlap(of: text).passages
        #expect(often.map(\.start) == Array(0...39_960))
        #expect(often.allSatisfy { $0.length == 40 && $0.work == 0 && $0.occurrences == 2_000 })
    }

    @Test func namesWorksByTheirFirstLine() {
        let index = CorpusIndex(corpus)
        #expect((0..<3).map(index.title(of:)) == ["The First", "The second", "c.txt"])
        #expect(index.characterCount == corpus.characterCount)
    }

    @Test func namesTheLineOnWhichAPassageBegins() {
        let index = CorpusIndex(corpus)
        let second = corpus.works[1].text
        for (skipped, line) in [(0, 1), (1, 2), (2, 3), (10, 3), (13, 4), (14, 5), (20, 5)] {
            let passage = index.overlap(of: String(second.dropFirst(skipped))).longest
            #expect(passage.map(index.line(of:)) == line, "\(skipped)")
        }
    }

    @Test func measuresOtherWorksAlike() {
        let others = Corpus(works: [
            Work(name: "x", text: corpus.works[1].text), Work(name: "y", text: "Nothing of it."),
        ])
        let baseline = OverlapTotals(others, in: CorpusIndex(corpus))
        #expect(baseline.texts == 2)
        #expect(baseline.textsWithPassages == 1)
        #expect(baseline.longest == others.works[0].text.count)
        #expect(baseline.characters == others.characterCount)
        #expect(baseline.copiedCharacters == baseline.longest)
    }
}
