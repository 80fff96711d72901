import PoeCommand
import PoeCorpus

/// A corpus in which the REPL looks texts up.
struct CorpusLookup {
    /// Where the corpus was read from.
    let path: String
    private let corpus: Corpus
    /// Made when it is first asked for: it takes longer than everything else at a start.
    private lazy var index = CorpusIndex(corpus)

    /// Reads the corpus.
    init(path: String) throws {
        self.path = path
        corpus = try Corpus(paths: [path])
    }

    /// Which passages of a text stand word for word in the corpus, for people.
    mutating func report(on text: String) -> String {
        let overlap = index.overlap(of: text)
        let shortest = "of \(Format.count(CorpusIndex.shortestPassage, "character")) or more"
        guard let longest = overlap.longest else {
            let works = Format.count(corpus.works.count, "work")
            return "no passage \(shortest) stands in \(path) (\(works))"
        }
        let scalars = Array(text.unicodeScalars)
        let entries = overlap.passages.map { entry($0, scalars) }
        let share = Format.fixed(100 * overlap.share, 1)
        let summary =
            "\(share) % of \(Format.count(overlap.characters, "character")) copied; "
            + "\(Format.count(overlap.passages.count, "passage")) \(shortest), "
            + "the longest of \(Format.count(longest.length))"
        return (entries + [summary]).joined(separator: "\n")
    }

    private mutating func entry(
        _ passage: CorpusIndex.Passage, _ scalars: [Unicode.Scalar]
    ) -> String {
        var line = String.UnicodeScalarView()
        // A line end would look as if the passage ended.
        line += scalars[passage.start..<passage.start + passage.length]
            .map { $0 == "\n" ? "↵" : $0 }
        let times = passage.occurrences > 1 ? ", \(Format.count(passage.occurrences)) times" : ""
        return "\(Format.count(passage.length, "character")): \(index.title(of: passage.work)), "
            + "\(corpus.works[passage.work].name), line \(Format.count(index.line(of: passage)))"
            + "\(times)\n    \(String(line))"
    }
}
