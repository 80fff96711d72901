import PoeCommand
import PoeCore
package import PoeCorpus
import PoeSplit

/// The corpus in which the texts of a gallery are looked up.
package struct GalleryCorpus: Sendable {
    let index: CorpusIndex
    private let hash: UInt64
    private let baseline: OverlapTotals?

    /// Prepares it: the works that train, with the held-out ones as the baseline, or all works where
    /// `split` is nil.
    package init(folder: String, split: String?) throws(CorpusError) {
        let corpus = try Corpus(paths: [folder])
        let parts: Corpus.Split? =
            if let split { try corpus.split(contentsOf: split) } else { nil }
        let searched = parts?.train ?? corpus
        let index = CorpusIndex(searched)
        self.index = index
        hash = searched.hash
        baseline = parts.map {
            OverlapTotals($0.validation, in: index, minimum: CorpusIndex.shortestPassage)
        }
    }

    /// The corpus's entry in the index of the gallery.
    var json: JSON {
        .sorted([
            "baseline": baseline.map(Self.json) ?? .null,
            "characters": .integer(index.characterCount),
            "minimum": .integer(CorpusIndex.shortestPassage),
            "works": .integer(index.works.count), "xxh64": .string(hash.hexadecimal),
        ])
    }

    private static func json(_ baseline: OverlapTotals) -> JSON {
        var members = baseline.members
        members["works"] = .integer(baseline.texts)
        members["works_with_passages"] = .integer(baseline.textsWithPassages)
        return .sorted(members)
    }
}
