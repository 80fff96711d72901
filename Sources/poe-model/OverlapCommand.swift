import ArgumentParser
import PoeCommand
import PoeCorpus
import PoeSplit

/// The subcommand `overlap`.
struct OverlapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overlap",
        abstract: "Find the passages of a text that stand word for word in a corpus.",
        discussion: """
            A passage is as long as it can be within one work. With --split, the text is looked up in \
            the works that train, and the held-out works are looked up there too: what texts share \
            that nobody copied.
            """)

    @Argument(help: "The text, a file (- = standard input).", completion: .file())
    var text: String

    @Option(help: "A folder of .txt files, one a work.", completion: .directory)
    var corpus: String

    @Option(
        help: "A JSON file that says which works train and which validate.",
        completion: .file(extensions: ["json"]))
    var split: String?

    @Option(help: "The part of the split to look into. (default: train)")
    var part: CorpusPart?

    @Option(help: "Characters of the shortest passage that counts.")
    var minimum = CorpusIndex.shortestPassage

    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
        guard minimum >= 1 else {
            throw ValidationError("--minimum is \(minimum); expected a number from 1 up")
        }
        guard part == nil || split != nil else { throw ValidationError("--part needs --split") }
    }

    func run() throws {
        let text = Corpus.normalized(try InputText.read(self.text))
        let corpus = try Corpus(paths: [corpus])
        var searched = corpus
        var others: Corpus?
        if let split {
            let parts = try corpus.split(contentsOf: split)
            let part = part ?? .train
            searched = parts[part]
            others = parts[part == .train ? .validation : .train]
        }
        let index = CorpusIndex(searched)
        let report = OverlapReport(
            text: text, overlap: index.overlap(of: text, minimum: minimum), index: index,
            baseline: others.map { OverlapTotals($0, in: index, minimum: minimum) },
            minimum: minimum)
        try Output.write(json ? report.json.encoded() + "\n" : report.text)
    }
}

/// What `overlap` found, for people and for programs.
private struct OverlapReport {
    let scalars: [Unicode.Scalar]
    let overlap: Overlap
    let index: CorpusIndex
    let baseline: OverlapTotals?
    let minimum: Int

    init(
        text: String, overlap: Overlap, index: CorpusIndex, baseline: OverlapTotals?, minimum: Int
    ) {
        scalars = Array(text.unicodeScalars)
        (self.overlap, self.index, self.baseline) = (overlap, index, baseline)
        self.minimum = minimum
    }

    private func words(_ passage: CorpusIndex.Passage) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[passage.start..<passage.start + passage.length])
        return String(view)
    }

    var text: String {
        var text = ""
        for passage in overlap.passages {
            let times =
                passage.occurrences > 1 ? ", \(Format.count(passage.occurrences)) times" : ""
            // A newline would look as if a passage ended.
            let line = words(passage).replacing("\n", with: "↵")
            text +=
                "\(Format.count(passage.length, "character")) at \(Format.count(passage.start)): "
                + "\(index.title(of: passage.work)), \(Format.count(passage.offset))\(times)\n"
                + "    \(line)\n"
        }
        var rows = [
            ["text", "characters", "copied", "share", "longest"],
            row(
                "this one", overlap.characters, overlap.copiedCharacters, overlap.share,
                overlap.longest?.length ?? 0),
        ]
        if let baseline {
            rows.append(
                row(
                    "\(Format.count(baseline.texts, "other work"))", baseline.characters,
                    baseline.copiedCharacters, baseline.share, baseline.longest))
        }
        return text + (text.isEmpty ? "" : "\n") + Columns.text(rows, alignRight: [1, 2, 3, 4])
    }

    private func row(
        _ name: String, _ characters: Int, _ copied: Int, _ share: Double, _ longest: Int
    ) -> [String] {
        [
            name, Format.count(characters), Format.count(copied),
            Format.fixed(share * 100, 2) + "%",
            Format.count(longest),
        ]
    }

    /// The object of `overlap --json`; see `formats/jsonl.md`.
    var json: JSON {
        var members: [(String, JSON)] = [
            ("characters", .integer(overlap.characters)),
            ("copied_characters", .integer(overlap.copiedCharacters)),
            ("share", .number(overlap.share)),
            ("longest", .integer(overlap.longest?.length ?? 0)), ("minimum", .integer(minimum)),
            ("works", .integer(index.works.count)),
            ("corpus_characters", .integer(index.characterCount)),
            ("passages", .array(overlap.passages.map(json))),
        ]
        if let baseline {
            members.append(
                (
                    "baseline",
                    .object([
                        ("works", .integer(baseline.texts)),
                        ("works_with_passages", .integer(baseline.textsWithPassages)),
                        ("characters", .integer(baseline.characters)),
                        ("copied_characters", .integer(baseline.copiedCharacters)),
                        ("share", .number(baseline.share)), ("longest", .integer(baseline.longest)),
                    ])
                ))
        }
        return .object(members)
    }

    private func json(_ passage: CorpusIndex.Passage) -> JSON {
        .object([
            ("start", .integer(passage.start)), ("length", .integer(passage.length)),
            ("text", .string(words(passage))), ("title", .string(index.title(of: passage.work))),
            ("file", .string(index.works[passage.work].name)), ("offset", .integer(passage.offset)),
            ("occurrences", .integer(passage.occurrences)),
        ])
    }
}
