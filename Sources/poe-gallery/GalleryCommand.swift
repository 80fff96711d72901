import ArgumentParser
import Poe
import PoeArguments
import PoeCommand
import PoeCore
import PoeGallery
import PoeInference

/// `poe-gallery`: texts of many models, side by side, as a page.
struct GalleryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poe-gallery",
        abstract: "Make a page on which people read what models write: phrase, model, temperature.",
        discussion: """
            Writes DIR/index.html, which opens in a browser as it is and needs no server and no \
            network, and everything it shows as JSON (formats/gallery.md). The same inputs give the \
            same bytes. Models of one training become a ladder of its epochs by themselves.

            Exit status: 0, 64 usage, 65 malformed file or a gallery that --check finds changed, \
            66 no input, 70 internal fault, 73 cannot create, 74 input or output, 130 interrupted.
            """,
        version: "poe-gallery \(Version.text)")

    @Argument(
        help: "Models, or folders of them. (default: the model that poe-run would use)",
        completion: .file(extensions: ["poem"]))
    var models: [String] = []

    @Option(name: .shortAndLong, help: "The folder to write.", completion: .directory)
    var output: String?

    @Option(
        help: """
            Make the texts of the gallery in this folder again and compare; models, phrases and \
            settings are those that it names.
            """,
        completion: .directory)
    var check: String?

    @Option(
        help: ArgumentHelp(
            "Stages of one training in order; can be given several times.",
            valueName: "name=a.poem,b.poem"))
    var ladder: [LadderArgument] = []

    @OptionGroup(title: "Text") var text: TextOptions

    @OptionGroup(title: "Corpus") var corpus: LookUpOptions

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        guard (output == nil) != (check == nil) else {
            throw ValidationError("name a folder with -o, or one to compare with --check")
        }
        if check != nil, !models.isEmpty || !ladder.isEmpty || text.isGiven {
            throw ValidationError("--check takes models, phrases and settings from the folder")
        }
    }

    func run() throws {
        var gallery = try check.map(described) ?? asked()
        gallery.corpus = try corpus.load()
        gallery.threads = threads.threads
        let start = ContinuousClock.now
        let files = try made(gallery)
        if let check {
            if let difference = try Gallery.difference(files, from: check) {
                throw CommandFailure(.malformed, difference)
            }
            Output.note("\(check): in order")
        } else if let output {
            try Gallery.write(files, to: output)
            let bytes = files.reduce(0) { $0 + $1.text.utf8.count }
            Output.note(
                "\(output)/index.html: \(Format.count(gallery.models.count, "model")), "
                    + "\(Format.count(gallery.textCount, "text")), \(Format.bytes(bytes)), "
                    + Format.duration(ContinuousClock.now - start))
        }
    }

    private func made(_ gallery: Gallery) throws -> [Gallery.File] {
        var bar = ProgressBar()
        defer { bar.clear() }
        return try gallery.files { state in
            bar.update(
                state.model, fraction: state.fraction,
                fields: ["model \(state.number)/\(state.count)"])
            return Interrupt.isRequested ? .interruptAll : .proceed
        }
    }

    private func asked() throws -> Gallery {
        var paths = try ModelFiles.paths(models)
        if paths.isEmpty, ladder.isEmpty { paths = [try ModelLocation.find(nil)] }
        return Gallery(
            models: paths, ladders: ladder.map(\.ladder), recipe: try text.recipe())
    }

    private func described(_ folder: String) throws -> Gallery {
        let (gallery, lookup) = try Gallery.inputs(of: folder)
        let given: Gallery.Lookup =
            corpus.split != nil ? .split : corpus.folder != nil ? .corpus : .none
        guard lookup == given else {
            let reason =
                switch lookup {
                case .none: "its texts were not looked up in a corpus; leave --corpus out"
                case .corpus:
                    "its texts were looked up in a corpus; name it with --corpus, without --split"
                case .split:
                    "its texts were looked up in a corpus and its split; name them with --corpus "
                        + "and --split"
                }
            throw CommandFailure(.usage, "\(folder): \(reason)")
        }
        return gallery
    }
}

/// A ladder as `NAME=a.poem,b.poem`.
struct LadderArgument: ExpressibleByArgument {
    let ladder: Gallery.Ladder

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let paths = parts[1].split(separator: ",").map(String.init)
        guard !paths.isEmpty else { return nil }
        ladder = Gallery.Ladder(name: String(parts[0]), paths: paths)
    }
}
