import ArgumentParser
import PoeCorpus
import PoeSplit

/// Which text of a corpus is meant.
struct CorpusOptions: ParsableArguments {
    @Option(name: .customLong("corpus"), help: "A folder of .txt files.", completion: .directory)
    var folder: String?

    @Option(
        help: "A JSON file that says which works train and which validate.",
        completion: .file(extensions: ["json"]))
    var split: String?

    @Option(help: "The part of the split. (default: validation)")
    var part: CorpusPart?

    /// Whether any of the options was given.
    var isGiven: Bool { folder != nil || split != nil || part != nil }

    /// Checks that there is one text, or none where `isOptional`.
    func validate(besides files: [String], isOptional: Bool = false) throws {
        guard folder != nil || !files.isEmpty || isOptional else {
            throw ValidationError("no text: name files, or a folder with --corpus")
        }
        guard folder == nil || files.isEmpty else {
            throw ValidationError("files and --corpus exclude each other")
        }
        guard split == nil || folder != nil else { throw ValidationError("--split needs --corpus") }
        guard part == nil || split != nil else { throw ValidationError("--part needs --split") }
    }

    /// The works; of a split, those that validate unless told otherwise.
    func load(_ files: [String]) throws -> Corpus {
        guard let folder else { return try Corpus(paths: files) }
        let corpus = try Corpus(paths: [folder])
        guard let split else { return corpus }
        let chosen = try corpus.split(contentsOf: split)[part ?? .validation]
        guard chosen.works.contains(where: { !$0.text.isEmpty }) else {
            throw CorpusError.empty(paths: [split])
        }
        return chosen
    }
}
