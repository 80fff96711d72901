/// How much of a text stands word for word in a corpus.
package struct Overlap: Sendable, Hashable {
    /// Characters of the text.
    package let characters: Int
    /// The longest possible passages, in order of where they begin.
    package let passages: [CorpusIndex.Passage]

    /// The longest passage, the first of equals.
    package var longest: CorpusIndex.Passage? {
        passages.max { $0.length < $1.length || ($0.length == $1.length && $0.start > $1.start) }
    }

    /// Characters of the text that are within some passage.
    package var copiedCharacters: Int {
        var (copied, reached) = (0, 0)
        for passage in passages {
            let end = passage.start + passage.length
            copied += max(0, end - max(reached, passage.start))
            reached = max(reached, end)
        }
        return copied
    }

    /// The part of the text that is within some passage, 0 to 1.
    package var share: Double {
        characters == 0 ? 0 : Double(copiedCharacters) / Double(characters)
    }
}

/// What several texts together share with a corpus.
package struct OverlapTotals: Sendable, Hashable {
    /// How many texts were looked up.
    package private(set) var texts = 0
    /// Those of them with a passage.
    package private(set) var textsWithPassages = 0
    /// Characters of all of them.
    package private(set) var characters = 0
    /// Characters within passages.
    package private(set) var copiedCharacters = 0
    /// Characters of the longest passage.
    package private(set) var longest = 0

    /// Looks every work of `corpus` up in `index`: of the same kind, the figures to hold a text's own
    /// against.
    package init(
        _ corpus: Corpus, in index: CorpusIndex, minimum: Int = CorpusIndex.shortestPassage
    ) {
        self.init(corpus.works.map { index.overlap(of: $0.text, minimum: minimum) })
    }

    /// Adds up.
    package init(_ overlaps: [Overlap]) {
        for overlap in overlaps {
            texts += 1
            textsWithPassages += overlap.passages.isEmpty ? 0 : 1
            characters += overlap.characters
            copiedCharacters += overlap.copiedCharacters
            longest = max(longest, overlap.longest?.length ?? 0)
        }
    }

    /// The part of the characters that is within some passage, 0 to 1.
    package var share: Double {
        characters == 0 ? 0 : Double(copiedCharacters) / Double(characters)
    }
}
