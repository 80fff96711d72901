import Foundation
import PoeModel
import PoemFile
import Testing

@Suite struct GalleryCommandTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func gallery(_ arguments: String...) throws -> Program.Outcome {
        try Program("poe-gallery").run(arguments)
    }

    private func path(_ name: String) -> String { place.folder.path + "/" + name }

    private func bytes(_ folder: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path(folder)) {
            files[name] = try Data(contentsOf: place.folder.url(folder + "/" + name))
        }
        return files
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// A Python that has the package jsonschema; `scripts/setup` installs it.
    private static let validator: String? = ["python3", "/usr/bin/python3"].first { python in
        let outcome = try? Program("/usr/bin/env").run([python, "-c", "import jsonschema"])
        return outcome?.status == 0
    }

    /// Runs the validator over a folder.
    private func validate(_ folder: String) throws -> Program.Outcome {
        let python = try #require(Self.validator, "no Python with the package jsonschema")
        return try Program("/usr/bin/env").run(
            [python, Self.root.path + "/scripts/check-gallery.py", path(folder)])
    }

    @Test func writesTheSameBytesAndChecksThem() throws {
        for folder in ["a", "b"] {
            let run = try gallery(place.model, "-o", path(folder), "-n", "30", "--seed", "3")
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.text.isEmpty)
        }
        let files = try bytes("a")
        #expect(files == (try bytes("b")))
        #expect(
            files.keys.sorted() == [
                "gallery.css", "gallery.js", "index.html", "index.js", "index.json",
                "model-tiny.js",
                "model-tiny.json",
            ])
        #expect(try gallery("--check", path("a")).status == 0)

        // One word of one sample changed by hand.
        let url = place.folder.url("a/model-tiny.json")
        let text = try String(contentsOf: url, encoding: .utf8)
        let at = try #require(text.firstRange(of: "\"text\":\""))
        try (text[..<at.upperBound] + "Nevermore" + text[at.upperBound...]).write(
            to: url, atomically: true, encoding: .utf8)
        let changed = try gallery("--check", path("a"))
        #expect(changed.status == 65)
        #expect(changed.errors.contains("model-tiny.json: samples[0].text"))
    }

    /// Runs samples' commands and compares what they print.
    private func expectCommandsGiveTheTexts(_ samples: some Sequence<[String: Any]>) throws {
        for sample in samples {
            let command = try #require(sample["command"] as? String)
            let program = Program("poe-run").url.deletingLastPathComponent().path
            let run = try Program("/bin/sh").run(
                ["-c", "\(program)/\(command) --no-display-prompt --quiet"])
            #expect(run.status == 0, "\(run.errors)")
            #expect(
                run.text.trimmingCharacters(in: .newlines)
                    == (sample["text"] as? String)?.trimmingCharacters(in: .newlines))
        }
    }

    private func samples(_ folder: String) throws -> [[String: Any]] {
        let file = try #require(
            JSONSerialization.jsonObject(
                with: Data(contentsOf: place.folder.url(folder + "/model-tiny.json")))
                as? [String: Any])
        return try #require(file["samples"] as? [[String: Any]])
    }

    @Test func tellsCommandsThatGiveTheTexts() throws {
        let made = try gallery(
            place.model, "-o", path("g"), "-n", "20", "--temperatures", "0.5,1", "--samples", "2")
        #expect(made.status == 0, "\(made.errors)")
        let samples = try samples("g")
        #expect(samples.count == 8 * 2 * 2)
        try expectCommandsGiveTheTexts(samples.prefix(6))
    }

    @Test func tellsCommandsForPhrasesThatBeginWithADash() throws {
        let phrases = try place.folder.write("--Nevermore\n-\n--help = 'no'\n", to: "phrases.txt")
        let made = try gallery(
            place.model, "-o", path("g"), "-n", "20", "--prompts", phrases, "--temperatures", "0.5")
        #expect(made.status == 0, "\(made.errors)")
        let samples = try samples("g")
        #expect(samples.count == 3)
        try expectCommandsGiveTheTexts(samples)
    }

    @Test(
        .enabled(
            if: validator != nil || ProcessInfo.processInfo.environment["CI"] != nil,
            "needs a Python with the package jsonschema; scripts/setup installs it"))
    func writesWhatTheSchemaAllows() throws {
        let corpus = try Folder()
        try corpus.write("The quick brown fox jumps over the lazy dog, and so on.\n", to: "a.txt")
        try corpus.write("Pack my box.\n", to: "b.txt")
        let split = try place.folder.write(
            #"{"train": ["a.txt"], "validation": ["b.txt"]}"#, to: "split.json")
        let ways = [
            ("plain", []), ("corpus", ["--corpus", corpus.path]),
            ("split", ["--corpus", corpus.path, "--split", split]),
        ]
        for (folder, more) in ways {
            let run = try Program("poe-gallery").run(
                [place.model, "-o", path(folder), "-n", "10"] + more)
            #expect(run.status == 0, "\(run.errors)")
            let valid = try validate(folder)
            #expect(valid.status == 0, "\(valid.errors)")
            // It is checked with what it was made with, and nothing else.
            for (other, given) in ways {
                let check = try Program("poe-gallery").run(["--check", path(folder)] + given)
                #expect(check.status == (other == folder ? 0 : 64), "\(check.errors)")
            }
        }
        for (old, new) in [
            ("\"seed\":1", "\"seed\":\"1\""), ("\"warnings\":", "\"warning\":"),
            ("\"token_offsets\":[0,", "\"token_offsets\":[-1,"),
        ] {
            let url = place.folder.url("plain/model-tiny.json")
            let text = try String(contentsOf: url, encoding: .utf8)
            try text.replacing(old, with: new).write(to: url, atomically: true, encoding: .utf8)
            #expect(try validate("plain").status == 1, "\(old)")
            try text.write(to: url, atomically: true, encoding: .utf8)
        }
        try "{}".write(
            to: place.folder.url("plain/index.json"), atomically: true, encoding: .utf8)
        let broken = try validate("plain")
        #expect(broken.status == 1 && broken.errors.contains("'models' is a required property"))
    }

    @Test func takesFoldersAndPhrases() throws {
        try TinyModel.make(seed: 2).write(to: path("other.poem"), profile: .lossless)
        let phrases = try place.folder.write("The fox\n\nThe dog\n", to: "phrases.txt")
        let run = try gallery(
            place.folder.path, "-o", path("g"), "--prompts", phrases, "-n", "5",
            "--temperatures", "0", "--ladder", "two=\(place.model),\(path("other.poem"))")
        #expect(run.status == 0, "\(run.errors)")
        let index = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: place.folder.url("g/index.json")))
                as? [String: Any])
        #expect(index["prompts"] as? [String] == ["The fox", "The dog"])
        #expect(
            (index["models"] as? [[String: Any]])?.map { $0["id"] as? String } == ["other", "tiny"])
        let ladder = try #require((index["ladders"] as? [[String: Any]])?.first)
        #expect(ladder["models"] as? [String] == ["tiny", "other"])
        #expect(try gallery("--check", path("g")).status == 0)
    }

    @Test func endsWithTheRightStatus() throws {
        let empty = try place.folder.write("\n \n", to: "empty.txt")
        for (arguments, status) in [
            ([], 64), ([place.model], 64), ([place.model, "--check", "x", "-o", "y"], 64),
            ([place.model, "--check", "x"], 64), (["--check", "x", "--seed", "2"], 64),
            ([place.model, "-o", path("x"), "--temperatures", "1,,2"], 64),
            ([place.model, "-o", path("x"), "--temperatures", "-1"], 64),
            ([place.model, "-o", path("x"), "--ladder", "name"], 64),
            ([place.model, "-o", path("x"), "--split", "s"], 64),
            ([place.model, "-o", path("x"), "--samples", "0"], 64),
            ([place.model, "-o", path("x"), "--prompts", empty], 66),
            (["/no/such.poem", "-o", path("x")], 66), (["--check", path("nothing")], 66),
            ([place.model, "-o", path("x"), "--corpus", "/no/such"], 66),
            ([empty, "-o", path("x")], 65),
            ([place.model, "-o", "/proc/no/folder", "-n", "1"], 73),
        ] as [([String], Int32)] {
            let run = try Program("poe-gallery").run(arguments)
            #expect(run.status == status, "\(arguments): \(run.errors)")
        }
    }

    @Test func failuresSayWhy() throws {
        let missing = try gallery("--check", path("nothing"))
        #expect(missing.errors.contains("nothing/index.json: no such file"))
        // Where a file is to be, a folder stands.
        try FileManager.default.createDirectory(
            at: place.folder.url("g/gallery.css/in"), withIntermediateDirectories: true)
        let blocked = try gallery(place.model, "-o", path("g"), "-n", "1")
        #expect(blocked.status == 73)
        #expect(blocked.errors.contains("g/gallery.css: it exists and is not a regular file"))
    }

    @Test func overlapIsToldForPeopleAndPrograms() throws {
        let corpus = try Folder()
        let words = "the rain had come down all the day and nobody went out of the house"
        try corpus.write("Rain\n\nIt is told that \(words).\n", to: "a.txt")
        try corpus.write("Other\n\nThey say \(words), too.\n", to: "b.txt")
        let text = try place.folder.write("She wrote: \(words)!", to: "text.txt")
        let split = try place.folder.write(
            #"{"train": ["a.txt"], "validation": ["b.txt"]}"#, to: "split.json")
        let arguments = ["overlap", text, "--corpus", corpus.path, "--split", split]
        let json = try Program("poe-model").run(arguments + ["--json"]).json()
        let passage = try #require((json["passages"] as? [[String: Any]])?.first)
        #expect(passage["text"] as? String == " " + words)
        #expect(passage["title"] as? String == "Rain")
        #expect(passage["offset"] as? Int == 21)
        #expect(passage["start"] as? Int == 10)
        let baseline = try #require(json["baseline"] as? [String: Any])
        #expect(baseline["longest"] as? Int == words.count + 1)
        let told = try Program("poe-model").run(arguments).text
        #expect(told.contains("Rain, 21") && told.contains("1 other work"))
        let both = try Program("poe-model").run(
            ["overlap", text, "--corpus", corpus.path, "--minimum", "60", "--json"]
        ).json()
        #expect((both["passages"] as? [[String: Any]])?.first?["occurrences"] as? Int == 2)
        #expect(both["baseline"] == nil)
        for bad in [["--minimum", "0"], ["--part", "train"]] {
            #expect(
                try Program("poe-model").run(["overlap", text, "--corpus", corpus.path] + bad)
                    .status == 64)
        }
        #expect(
            try Program("poe-model").run(["overlap", "/no/such", "--corpus", corpus.path]).status
                == 66)
    }
}
