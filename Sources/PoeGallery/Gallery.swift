import Poe
import PoeCommand
import PoeCore
import PoeCorpus
package import PoeInference

/// Texts of several models, and the page that shows them, as files.
///
/// The files depend on the models, the recipe, the corpus and this package alone: the same inputs give
/// the same bytes.
package struct Gallery: Sendable {
    /// Models that are stages of one training.
    package struct Ladder: Sendable, Equatable {
        /// What it is called.
        package var name: String
        /// The files of its models in order, each among the gallery's.
        package var paths: [String]

        /// Makes a ladder.
        package init(name: String, paths: [String]) {
            (self.name, self.paths) = (name, paths)
        }
    }

    /// A file of a gallery.
    package struct File: Sendable, Equatable {
        /// Its name within the folder.
        package var name: String
        /// Its content, UTF-8.
        package var text: String
    }

    /// How far the work is.
    package struct Progress: Sendable {
        /// The model at work.
        package var model: String
        /// Its number, from 1, and how many there are.
        package var number: Int
        package var count: Int
        /// The part of all tokens that is generated, 0 to 1.
        package var fraction: Double
    }

    /// The models' files.
    package var models: [String]
    /// Ladders that were asked for.
    package var ladders: [Ladder]
    /// What texts to make.
    package var recipe: GalleryRecipe
    /// Where to look the texts up, if anywhere.
    package var corpus: GalleryCorpus?
    /// Threads; one for each processor if nil.
    package var threads: Int?

    /// Describes a gallery.
    package init(
        models: [String], ladders: [Ladder] = [], recipe: GalleryRecipe = GalleryRecipe(),
        corpus: GalleryCorpus? = nil, threads: Int? = nil
    ) {
        self.models = models
        for path in ladders.flatMap(\.paths) where !self.models.contains(path) {
            self.models.append(path)
        }
        (self.ladders, self.recipe, self.corpus) = (ladders, recipe, corpus)
        self.threads = threads
    }

    /// How many texts there will be.
    package var textCount: Int { models.count * recipe.cells.count }

    /// Makes all files: generates every text of every model, one batch a model.
    ///
    /// - Parameter progress: Told after every token; what it returns ends the work.
    /// - Throws: `PoeError` about a model or the recipe, named by the file; `Interrupted`.
    package func files(
        progress: (Progress) -> Continuation = { _ in .proceed }
    ) throws -> [File] {
        let ids = GalleryModel.ids(models)
        var files: [File] = []
        var entries: [JSON] = []
        var stages: [Stage] = []
        for (number, path) in models.enumerated() {
            let model = try naming(path) { try open(path, id: ids[number]) }
            let samples: GallerySamples = try naming(path) {
                try self.samples(of: model) { share in
                    progress(
                        Progress(
                            model: model.id, number: number + 1, count: models.count,
                            fraction: (Double(number) + share) / Double(models.count)))
                }
            }
            files += try Self.data(model.fileName, samples.members)
            entries.append(model.json(samples.overlaps.map { OverlapTotals($0) }))
            stages.append(Stage(model))
        }
        files += try Self.data(
            "index.json",
            [
                "corpus": corpus?.json ?? .null, "format": "poe-gallery",
                "ladders": .array(Stage.ladders(stages, asked: ladders).map(\.json)),
                "models": .array(entries),
                "prompts": .array(recipe.prompts.map { .string($0) }), "settings": settings,
                "version": 1,
            ])
        return files + Self.page
    }

    private func open(_ path: String, id: String) throws -> GalleryModel {
        let model = try LanguageModel(contentsOf: path)
        let bytes = try InputText.bytes(of: path)
        return GalleryModel(
            path: path, id: id, model: model, byteCount: bytes.count, hash: XXH64.hash(bytes))
    }

    private func samples(
        of model: GalleryModel, progress: (Double) -> Continuation
    ) throws -> GallerySamples {
        let cells = recipe.cells.map {
            TextGenerator.Cell(prompt: recipe.prompts[$0.prompt], options: recipe.options($0))
        }
        let generator = TextGenerator(model.model, threads: threads)
        let total = Double(max(1, cells.count * recipe.predict))
        var (done, isInterrupted) = (0, false)
        let completions = try generator.generate(cells: cells) { _ in
            done += 1
            let wish = progress(Double(done) / total)
            if wish != .proceed { isInterrupted = true }
            return wish
        }
        if isInterrupted { throw Interrupted() }
        let overlaps = corpus.map { corpus in
            completions.map {
                corpus.index.overlap(of: $0.text)
            }
        }
        return GallerySamples(
            model: model, recipe: recipe, completions: completions, overlaps: overlaps,
            index: corpus?.index)
    }

    private var settings: JSON {
        .sorted([
            "alternatives": .integer(recipe.alternatives), "predict": .integer(recipe.predict),
            "samples": .integer(recipe.samples), "seed": .unsigned(recipe.seed),
            "temperatures": .array(recipe.temperatures.map { .float($0) }),
            "top_k": .integer(recipe.topK),
        ])
    }

    /// A JSON file, and the same as a script: a page that was opened from a disk may load scripts only.
    private static func data(_ name: String, _ members: [String: JSON]) throws -> [File] {
        let text = try lines(members)
        let stem = name.dropLast(".json".count)
        return [
            File(name: name, text: text),
            File(
                name: stem + ".js",
                text: call(String(stem)) + text.dropLast() + ");\n"),
        ]
    }

    /// The beginning of a script, up to the JSON.
    static func call(_ stem: String) -> String { "poeGallery.receive(\"\(stem)\",\n" }

    /// An object with each member, and each element of a list, on a line of its own: what changes in it
    /// shows in a comparison by lines.
    private static func lines(_ members: [String: JSON]) throws -> String {
        let keys = members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let lines = try keys.compactMap { key in
            try members[key].map { value -> String in
                let name = try JSON.string(key).encoded()
                guard case .array(let elements) = value, !elements.isEmpty else {
                    return try name + ":" + value.encoded()
                }
                return try name + ":[\n"
                    + elements.map { try $0.encoded() }.joined(separator: ",\n") + "\n]"
            }
        }
        return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
    }

    /// The files of the page, which are the same in every gallery.
    private static var page: [File] {
        [
            ("index.html", PackageResources.index_html),
            ("gallery.js", PackageResources.gallery_js),
            ("gallery.css", PackageResources.gallery_css),
        ].map { File(name: $0.0, text: String(decoding: $0.1, as: UTF8.self)) }
    }
}
