import Foundation
import Poe
import PoeCommand
import PoeCorpus
import PoeGallery
import Testing

@Suite struct GalleryTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    private var recipe: GalleryRecipe {
        var recipe = GalleryRecipe()
        recipe.prompts = ["abc", "", "it's — “é”"]
        recipe.temperatures = [0, 0.75]
        recipe.samples = 2
        recipe.predict = 40
        recipe.seed = 7
        return recipe
    }

    private func json(_ files: [Gallery.File], _ name: String) throws -> [String: Any] {
        let file = try #require(files.first { $0.name == name })
        return try #require(
            JSONSerialization.jsonObject(with: Data(file.text.utf8)) as? [String: Any])
    }

    private func ladders(_ gallery: Gallery) throws -> [[String]] {
        var gallery = gallery
        gallery.recipe.predict = 1
        let index = try json(try gallery.files(), "index.json")
        let ladders = try #require(index["ladders"] as? [[String: Any]])
        return try ladders.map {
            [try #require($0["name"] as? String)] + (try #require($0["models"] as? [String]))
        }
    }

    @Test func shipsPhrasesToBeginWith() {
        let prompts = GalleryRecipe.defaultPrompts
        #expect(prompts.count >= 8)
        #expect(Set(prompts).count == prompts.count)
        #expect(prompts.allSatisfy { $0.split(separator: " ").count <= 6 })
    }

    /// Every text, token and probability is what a generator gives alone with the cell's settings.
    @Test(arguments: [false, true]) func hasWhatAGeneratorGives(bytes: Bool) throws {
        let path = try folder.write(try TinyModel.model(bytes: bytes), to: "m.poem")
        let file = try json(try Gallery(models: [path], recipe: recipe).files(), "model-m.json")
        let samples = try #require(file["samples"] as? [[String: Any]])
        #expect(samples.count == 3 * 2 * 2)
        let model = try LanguageModel(contentsOf: path)
        for sample in samples {
            var options = GenerationOptions()
            options.maxNewTokens = 40
            options.topK = 40
            options.alternatives = 5
            options.temperature = try #require(sample["temperature"] as? NSNumber).floatValue
            options.seed = try #require(sample["seed"] as? NSNumber).uint64Value
            let prompt = recipe.prompts[try #require(sample["prompt"] as? Int)]
            let alone = try TextGenerator(model, options: options).generate(prompt)
            #expect(sample["text"] as? String == alone.text)
            #expect(sample["tokens"] as? [Int] == alone.tokens.map { Int($0) })
            let told = try #require(sample["log_probabilities"] as? [Double])
            #expect(
                zip(told, alone.logProbabilities).allSatisfy { abs($0 - $1.chosen) <= 0.5001e-4 })
            #expect(
                sample["alternatives"] as? [[Int]]
                    == alone.logProbabilities.map { $0.alternatives.map { Int($0.token) } })
        }
    }

    /// Tokens' texts laid side by side from their offsets on are the text.
    @Test func tellsWhereTokensBegin() throws {
        let path = try folder.write(try TinyModel.model(), to: "m.poem")
        let file = try json(try Gallery(models: [path], recipe: recipe).files(), "model-m.json")
        let vocabulary = try #require(file["vocabulary"] as? [String: Any])
        let texts = Dictionary(
            uniqueKeysWithValues: zip(
                try #require(vocabulary["token"] as? [Int]),
                try #require(vocabulary["text"] as? [String])))
        for sample in try #require(file["samples"] as? [[String: Any]]) {
            let text = Array(try #require(sample["text"] as? String).unicodeScalars)
            let offsets = try #require(sample["token_offsets"] as? [Int])
            let tokens = try #require(sample["tokens"] as? [Int])
            #expect(offsets.count == tokens.count)
            for (place, token) in tokens.enumerated() {
                let end = place + 1 < offsets.count ? offsets[place + 1] : text.count
                #expect(
                    Array(text[offsets[place]..<end])
                        == Array(try #require(texts[token]).unicodeScalars))
            }
        }
    }

    @Test func marksWhatStandsInTheCorpus() throws {
        let path = try folder.write(try TinyModel.model(), to: "m.poem")
        var gallery = Gallery(models: [path], recipe: recipe)
        let plain = try json(try gallery.files(), "model-m.json")
        let samples = try #require(plain["samples"] as? [[String: Any]])
        let text = try #require(samples[3]["text"] as? String)
        let corpus = try Folder()
        // A text with what comes before and behind it in its work, and a work that is held out.
        try corpus.write("A title\n\nQ" + text + "Q\n", to: "a.txt")
        try corpus.write("Another\n\n" + text, to: "b.txt")
        try folder.write(#"{"train": ["a.txt"], "validation": ["b.txt"]}"#, to: "split.json")
        gallery.corpus = try GalleryCorpus(folder: corpus.path, split: folder.path + "/split.json")
        let files = try gallery.files()
        let marked = try #require(try json(files, "model-m.json")["samples"] as? [[String: Any]])
        let overlap = try #require(marked[3]["overlap"] as? [String: Any])
        #expect(overlap["share"] as? Double == 1)
        let passage = try #require((overlap["passages"] as? [[String: Any]])?.first)
        #expect(passage["length"] as? Int == text.unicodeScalars.count)
        #expect(passage["offset"] as? Int == 10)
        #expect(passage["title"] as? String == "A title")
        #expect(passage["file"] as? String == "a.txt")
        let index = try json(files, "index.json")
        let baseline = try #require(
            (index["corpus"] as? [String: Any])?["baseline"] as? [String: Any])
        #expect(baseline["works"] as? Int == 1)
        #expect(baseline["copied_characters"] as? Int ?? 0 >= text.unicodeScalars.count)
        #expect(samples[0]["overlap"] is NSNull)
    }

    @Test func makesLaddersOfTheStagesOfATraining() throws {
        let paths = [
            try folder.write(try TinyModel.model(epoch: 10), to: "a.epoch-10.poem"),
            try folder.write(try TinyModel.model(epoch: 2), to: "a.epoch-2.poem"),
            try folder.write(try TinyModel.model(epoch: 3, of: "2"), to: "other.poem"),
            try folder.write(try TinyModel.model(), to: "untold.poem"),
        ]
        var gallery = Gallery(models: paths)
        #expect(try ladders(gallery) == [["a", "a.epoch-2", "a.epoch-10"]])
        gallery = Gallery(
            models: [paths[1]],
            ladders: [Gallery.Ladder(name: "mine", paths: [paths[3], paths[1]])])
        #expect(try ladders(gallery) == [["mine", "untold", "a.epoch-2"]])
        #expect(try ladders(Gallery(models: [paths[0], paths[0]])) == [])
    }

    /// A training leaves several files with the weights of its best epoch, and of its last.
    @Test func hasEachEpochOfATrainingOnceInALadder() throws {
        let paths = try [
            ("a.best", 2), ("a.epoch-1", 1), ("a.epoch-2", 2), ("a.epoch-3", 3), ("a.last", 3),
            ("a", 2),
        ].map { try folder.write(try TinyModel.model(epoch: $0.1), to: $0.0 + ".poem") }
        var gallery = Gallery(models: paths)
        gallery.recipe.predict = 1
        #expect(try ladders(gallery) == [["a", "a.epoch-1", "a", "a.last"]])
        // The rest makes no ladder either when the gallery is checked, where all ladders are asked for.
        let files = try gallery.files()
        try Gallery.write(files, to: folder.path + "/gallery")
        let again = try Gallery.inputs(of: folder.path + "/gallery").gallery
        #expect(again.ladders.count == 1)
        #expect(try again.files() == files)
    }

    /// Disks that take `A` for `a` would keep one file of two.
    @Test func idsAreNamesOfFilesOnAnyDisk() throws {
        let other = try Folder()
        let paths = [
            try folder.write(try TinyModel.model(), to: "модель.poem"),
            try folder.write(try TinyModel.model(), to: ".poem"),
            try folder.write(try TinyModel.model(), to: "Raven-2.poem"),
            try folder.write(try TinyModel.model(), to: "raven.poem"),
            try other.write(try TinyModel.model(), to: "RAVEN.poem"),
        ]
        var gallery = Gallery(models: paths)
        gallery.recipe.predict = 1
        let models = try #require(
            try json(try gallery.files(), "index.json")["models"] as? [[String: Any]])
        let ids = ["------", "model", "Raven-2", "raven", "RAVEN-3"]
        #expect(models.compactMap { $0["id"] as? String } == ids)
        #expect(models.compactMap { $0["file"] as? String } == ids.map { "model-\($0).json" })
    }

    @Test func laddersAreCalledWhatTheirFilesAre() throws {
        let paths = try (1...2).map { (epoch: Int) in
            try folder.write(try TinyModel.model(epoch: epoch), to: "ворон.epoch-\(epoch).poem")
        }
        let found = try ladders(Gallery(models: paths))
        #expect(found == [["ворон", "-----.epoch-1", "-----.epoch-2"]])
    }

    @Test func namesTheFirstDifference() throws {
        let path = try folder.write(try TinyModel.model(epoch: 2), to: "m.poem")
        let files = try Gallery(models: [path, path], recipe: recipe).files()
        let place = folder.path + "/gallery"
        try Gallery.write(files, to: place)
        #expect(try Gallery.difference(files, from: place) == nil)
        let (again, lookup) = try Gallery.inputs(of: place)
        #expect(again.recipe == recipe && again.models == [path, path] && lookup == .none)

        for (name, old, new, expected) in [
            (
                "model-m-2.json", "\"temperature\":0.75", "\"temperature\":0.5",
                "samples[2].temperature: expected 0.75, found 0.5"
            ),
            (
                "index.json", "\"epoch\":2", "\"epoch\":3",
                "models[0].epoch: expected 2.0, found 3.0"
            ),
            ("gallery.js", "e", "E", "differs from byte"),
            ("model-m.json", "{", "", "not valid JSON"),
        ] {
            var changed = files
            let number = try #require(changed.firstIndex { $0.name == name })
            let at = try #require(changed[number].text.firstRange(of: old))
            changed[number].text.replaceSubrange(at, with: new)
            try Gallery.write(changed, to: place)
            let difference = try #require(try Gallery.difference(files, from: place))
            #expect(difference.contains(name) && difference.contains(expected), "\(difference)")
        }
        try Gallery.write(files, to: place)
        try FileManager.default.removeItem(atPath: place + "/model-m.js")
        #expect(
            try Gallery.difference(files, from: place)?.contains("model-m.js: is missing") == true)
    }

    @Test func removesTheTextsOfAnEarlierGalleryAndNothingElse() throws {
        let paths = try ["new", "old"].map {
            try folder.write(try TinyModel.model(), to: $0 + ".poem")
        }
        var recipe = recipe
        recipe.predict = 2
        let earlier = try Gallery(models: paths, recipe: recipe).files()
        let files = try Gallery(models: [paths[0]], recipe: recipe).files()
        let texts = earlier.filter { $0.name.hasPrefix("model-old.") }
        #expect(texts.count == 2)

        // What no gallery wrote, though it is called so, stays.
        let place = folder.path + "/gallery"
        try Gallery.write(earlier, to: place)
        try folder.write(texts[0].text, to: "gallery/model-old.backup.json")
        try folder.write(texts[1].text, to: "gallery/model-old.backup.js")
        try folder.write("{}", to: "gallery/model-notes.json")
        try folder.write("", to: "gallery/model-notes.js")
        try folder.write(texts[0].text, to: "gallery/notes.json")
        try FileManager.default.createDirectory(
            atPath: place + "/model-folder.json", withIntermediateDirectories: true)
        try folder.write(
            texts[0].text.replacing("\"model\":\"old\"", with: "\"model\":\"link\""),
            to: "link.json")
        try FileManager.default.createSymbolicLink(
            atPath: place + "/model-link.json", withDestinationPath: folder.path + "/link.json")
        let own = [
            "model-folder.json", "model-link.json", "model-notes.js", "model-notes.json",
            "model-old.backup.js", "model-old.backup.json", "notes.json",
        ]
        try Gallery.write(files, to: place)
        let found = try FileManager.default.contentsOfDirectory(atPath: place)
        #expect(found.sorted() == (files.map(\.name) + own).sorted())
        #expect(try Gallery.difference(files, from: place) == nil)

        for text in texts {
            try folder.write(text.text, to: "gallery/" + text.name)
            let difference = try Gallery.difference(files, from: place)
            #expect(difference == "\(place)/\(text.name): is not part of the gallery")
            try FileManager.default.removeItem(atPath: place + "/" + text.name)
        }
    }

    @Test func writesCommandsThatAShellReads() throws {
        let path = try folder.write(try TinyModel.model(), to: "a model.poem")
        let files = try Gallery(models: [path], recipe: recipe).files()
        let samples = try #require(
            try json(files, "model-a-model.json")["samples"] as? [[String: Any]])
        let last = try #require(samples.last?["command"] as? String)
        #expect(
            last == "poe-run '\(path)' -p 'it'\\''s — “é”' -n 40 --temp 0.75 --top-k 40 --seed 8")
    }

    /// As a word of its own, `poe-run` would take such a phrase for a flag.
    @Test func writesCommandsForPhrasesThatBeginWithADash() throws {
        let path = try folder.write(try TinyModel.model(), to: "m.poem")
        var recipe = GalleryRecipe()
        recipe.prompts = ["--abc", "-", "- a = b", "a-b"]
        recipe.temperatures = [0.5]
        recipe.predict = 1
        let files = try Gallery(models: [path], recipe: recipe).files()
        let samples = try #require(try json(files, "model-m.json")["samples"] as? [[String: Any]])
        let end = "-n 1 --temp 0.5 --top-k 40 --seed 1"
        #expect(
            samples.compactMap { $0["command"] as? String }
                == ["-p=--abc", "-p=-", "-p='- a = b'", "-p a-b"].map {
                    "poe-run \(path) \($0) \(end)"
                })
    }

    /// The page asks no other host for anything.
    @Test func thePageNeedsNothingFromElsewhere() throws {
        let path = try folder.write(try TinyModel.model(), to: "m.poem")
        for file in try Gallery(models: [path], recipe: recipe).files()
        where file.name.hasPrefix("gallery.") || file.name == "index.html" {
            let text = file.text.replacing("http://www.w3.org/2000/svg", with: "")
            #expect(!text.contains("http://") && !text.contains("https://"), "\(file.name)")
            #expect(!text.contains("fetch(") && !text.contains("XMLHttpRequest"), "\(file.name)")
        }
    }
}
