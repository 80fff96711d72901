import Foundation
import Poe
import PoeCore
import PoeInference
import PoeModel
import PoeTokenizer
import PoemFile
import Testing

@Suite struct ModelCommandTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func run(_ arguments: String...) throws -> Program.Outcome {
        try Program("poe-model").run(arguments)
    }

    private func path(_ name: String) -> String { place.folder.path + "/" + name }

    /// `JSONSerialization` reads some numbers one unit in the last place off.
    private func isClose(_ value: Any?, _ expected: Double) -> Bool {
        (value as? Double).map { abs($0 - expected) <= 1e-14 * abs(expected) } ?? false
    }

    @Test func showsWhatTheFileHolds() throws {
        let run = try run("show", place.model)
        #expect(run.status == 0)
        for text in ["29,024", "bpe, 79 tokens", "# Tiny", "model.name  tiny", "block.*"] {
            #expect(run.text.contains(text), "\(text)")
        }
        #expect(
            try self.run("show", place.model, "--tensors").text.contains("block.1.attention.qkv"))

        let json = try self.run("show", place.model, "--json").json()
        #expect(json["parameters"] as? Int == 29_024)
        let size = try FileManager.default.attributesOfItem(atPath: place.model)[.size] as? Int
        #expect(json["file_bytes"] as? Int == size)
        let tokenizer = try #require(json["tokenizer"] as? [String: Any])
        #expect(tokenizer["kind"] as? String == "bpe")
        #expect(tokenizer["size"] as? Int == 79)
        let architecture = try #require(json["architecture"] as? [String: Any])
        #expect(architecture["context_length"] as? Int == 32)
        #expect((json["tensors"] as? [[String: Any]])?.count == 28)
        #expect((json["metadata"] as? [String: Any])?["model.name"] as? String == "tiny")
        for key in ["bits_per_weight", "training", "losses", "card", "sections", "format"] {
            #expect(json[key] != nil, "\(key)")
        }
    }

    @Test func verifiesToTheLastByte() throws {
        #expect(try run("verify", place.model).status == 0)
        var bytes = try Data(contentsOf: URL(filePath: place.model))
        bytes[bytes.count - 100] ^= 1
        try bytes.write(to: place.folder.url("damaged.poem"))
        let damaged = try run("verify", path("damaged.poem"), place.model)
        #expect(damaged.status == 65)
        #expect(damaged.errors.contains("damaged.poem"))
        #expect(damaged.text.contains("tiny.poem: in order"))
        #expect(try run("verify", path("nothing.poem"), path("damaged.poem")).status == 66)
    }

    @Test func scoresByTheProtocol() throws {
        let text = String(repeating: "The quick brown fox jumps, and so on.\nж ", count: 20)
        let file = try place.folder.write(text, to: "text.txt")
        let expected = try LanguageModel(contentsOf: place.model).score(text)
        let json = try run("score", place.model, file, "--json", "--tokens").json()
        #expect(json["characters"] as? Int == expected.characters)
        #expect(json["tokens"] as? Int == expected.tokens.count)
        #expect(isClose(json["nats_per_token"], expected.natsPerToken))
        #expect(isClose(json["nats_per_character"], expected.natsPerCharacter))
        #expect(isClose(json["bits_per_character"], expected.bitsPerCharacter))
        #expect(json["unknown_characters"] as? Int == 20)
        #expect(json["token_ids"] as? [Int] == expected.tokens.map { Int($0) })
        let logProbabilities = try #require(json["log_probabilities"] as? [Double])
        #expect(logProbabilities.count == expected.logProbabilities.count)
        #expect(zip(logProbabilities, expected.logProbabilities).allSatisfy { isClose($0, $1) })
        let strided = try LanguageModel(contentsOf: place.model).score(text, stride: 8)
        let other = try run("score", place.model, file, "--json", "--stride", "8").json()
        #expect(isClose(other["nats_per_token"], strided.natsPerToken))
        #expect(!isClose(other["nats_per_token"], expected.natsPerToken))
        #expect(try run("score", place.model, file).text.contains("not overlapping"))
    }

    @Test func scoresAPartOfACorpus() throws {
        let corpus = try Folder()
        try corpus.write("The fox.\n", to: "a.txt")
        try corpus.write("The dog.\n", to: "b.txt")
        try corpus.write("The box.\n", to: "c.txt")
        let split = try place.folder.write(
            #"{"train": ["b.txt"], "validation": ["c.txt", "a.txt"]}"#, to: "split.json")
        let joined = try place.folder.write("The fox.\n\nThe box.\n", to: "joined.txt")
        let expected = try run("score", place.model, joined, "--json").text
        let arguments = ["score", place.model, "--corpus", corpus.path, "--split", split, "--json"]
        #expect(try Program("poe-model").run(arguments).text == expected)
        #expect(
            try Program("poe-model").run(arguments + ["--part", "validation"]).text == expected)
        let train = try Program("poe-model").run(arguments + ["--part", "train"]).json()
        #expect(train["characters"] as? Int == 9)
    }

    @Test func printsLogits() throws {
        let json = try run("logits", place.model, "--tokens", "1, 2,3", "--json").json()
        #expect(json["shape"] as? [Int] == [3, 79])
        let logits = try #require(json["logits"] as? [[Double]])
        let engine = Engine(try Model.load(place.model).weights, threads: 1)
        #expect(logits.map { $0.map { Float($0) } } == engine.logits([1, 2, 3]))
        #expect(try run("logits", place.model, "--tokens", "1,2").text.contains("largest logits"))
        #expect(try run("logits", place.model, "--tokens", "79").status == 64)
        let many = (0..<33).map { "\($0)" }.joined(separator: ",")
        #expect(try run("logits", place.model, "--tokens", many).status == 64)
    }

    @Test func packsAndCompares() throws {
        let text = try place.folder.write(TinyModel.alphabetText, to: "text.txt")
        for (name, arguments) in [
            ("lossless", ["--profile", "lossless"]), ("mapped", ["--profile", "mapped"]),
            ("grid", ["-k", "8"]), ("searched", ["--calibrate", text, "--budget", "0.01"]),
        ] {
            let output = path(name + ".poem")
            let run = try Program("poe-model").run(["pack", place.model, "-o", output] + arguments)
            #expect(run.status == 0, "\(run.errors)")
            #expect(try self.run("verify", output).status == 0)
        }
        #expect(
            try Data(contentsOf: place.folder.url("lossless.poem"))
                == Data(contentsOf: URL(filePath: place.model)))
        let same = try run("diff", place.model, path("mapped.poem"), "--json").json()
        #expect(same["identical"] as? Bool == true)
        let other = try run("diff", place.model, path("grid.poem"), "--json").json()
        #expect(other["identical"] as? Bool == false)
        // Gains and biases stay exact; the tables and four matrices of each of two blocks do not.
        #expect((other["tensors"] as? [Any])?.count == 10)
        let searched = try PoemReader(path: path("searched.poem"))
        let cost = try #require(searched.evaluation.double("compression.nats_per_token"))
        #expect(cost <= 0.01)
        // The record is of the weights themselves, not of a runtime's rounding.
        let loss = try LanguageModel(contentsOf: path("searched.poem"), arithmetic: .f32).score(
            TinyModel.alphabetText)
        let recorded = try #require(searched.evaluation.double("validation.nats_per_token"))
        #expect(abs(loss.natsPerToken - recorded) < 1e-12)
    }

    /// Losses in a file are those of its weights: rounded ones have none until they are measured.
    @Test func packsNoLossesOfOtherWeights() throws {
        let text = try place.folder.write(TinyModel.alphabetText, to: "text.txt")
        var model = try TinyModel.make()
        model.evaluation = [
            "compression.nats_per_token": 0.1, "epoch": 3, "exact.nats_per_token": 2.4,
            "protocol": "windows", "validation.nats_per_character": 1.5,
            "validation.nats_per_token": 2.5,
        ]
        try model.write(to: path("told.poem"), profile: .lossless)
        func losses(_ input: String, _ output: String, _ arguments: String...) throws -> Metadata {
            let run = try Program("poe-model").run(
                ["pack", path(input), "-o", path(output)] + arguments)
            #expect(run.status == 0, "\(run.errors)")
            return try PoemReader(path: path(output)).evaluation
        }
        for profile in ["lossless", "mapped"] {
            let same = try losses("told.poem", "same.poem", "--profile", profile)
            #expect(same == model.evaluation)
        }
        let rounded = try losses("told.poem", "grid.poem", "-k", "0.5")
        #expect(rounded.keys == ["compression", "epoch"])
        #expect(rounded.string("compression")?.hasSuffix("not measured") == true)
        #expect(try losses("grid.poem", "kept.poem", "--profile", "lossless") == rounded)
        let measured = try losses("grid.poem", "measured.poem", "--calibrate", text)
        #expect(measured.keys == model.evaluation.keys)
        #expect(measured.string("protocol") == LossProtocol.name)
    }

    @Test func comparesSpecialTokensAndUnknownSections() throws {
        /// A model whose last token is a special one.
        func write(_ name: String, _ spelling: String, _ role: SpecialTokenRole, _ section: [UInt8])
            throws
        {
            var model = try TinyModel.make()
            var description = model.tokenizer.description
            description.merges.removeLast()
            let id = TokenID(description.vocabularySize)
            description.specialTokens = [
                SpecialToken(id: id, bytes: Array(spelling.utf8), role: role)
            ]
            model.tokenizer = try Tokenizer(description)
            let kind = try #require(SectionKind("ZZZZ"))
            model.extraSections = section.isEmpty ? [] : [ExtraSection(kind: kind, bytes: section)]
            try model.write(to: path(name), profile: .lossless)
        }
        func names(_ list: Any?) -> [String] {
            (list as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        }
        try write("a.poem", "<end>", .endOfText, [1, 2])
        for (spelling, role, section, tokenizer, records) in [
            ("<end>", .endOfText, [1, 2], [], []),
            ("<END>", .endOfText, [1, 2], ["special_tokens"], []),
            ("<end>", .other, [1, 2], ["special_tokens"], []),
            ("<end>", .endOfText, [1, 3], [], ["section ZZZZ"]),
            ("<end>", .endOfText, [], [], ["section ZZZZ"]),
        ] as [(String, SpecialTokenRole, [UInt8], [String], [String])] {
            try write("b.poem", spelling, role, section)
            let json = try run("diff", path("a.poem"), path("b.poem"), "--json").json()
            #expect(json["identical"] as? Bool == (tokenizer.isEmpty && records.isEmpty))
            #expect(names(json["tokenizer"]) == tokenizer)
            #expect(names(json["records"]) == records)
        }
        let text = try run("diff", path("a.poem"), path("b.poem")).text
        #expect(text.contains("section ZZZZ  2 bytes, hash "))
    }

    @Test func comparesModelsThatHaveLittleInCommon() throws {
        try TinyModel.make(vocabularySize: 70).write(to: path("other.poem"), profile: .lossless)
        let json = try run("diff", place.model, path("other.poem"), "--json").json()
        let architecture = try #require(json["architecture"] as? [[String: Any]])
        #expect(architecture.map { $0["name"] as? String } == ["vocabulary_size"])
        #expect((json["tensors"] as? [Any])?.isEmpty == true)
        let text = try run("diff", place.model, path("other.poem")).text
        #expect(text.contains("vocabulary_size  79  70"))
        #expect(text.contains("merges"))
    }

    @Test func endsWithTheRightStatus() throws {
        let text = try place.folder.write("The fox", to: "text.txt")
        for arguments in [
            [], ["nothing"], ["show", place.model, "--json", "--tensors"],
            ["score", place.model], ["score", place.model, text, "--tokens"],
            ["score", place.model, text, "--corpus", "x"],
            ["score", place.model, text, "--stride", "0"],
            ["score", place.model, text, "--stride", "33"],
            ["score", place.model, text, "--part", "train"],
            ["logits", place.model, "--tokens", ""], ["logits", place.model, "--tokens", "1,x"],
            ["pack", place.model],
            ["pack", place.model, "-o", "x", "--profile", "mapped", "-k", "3"],
            ["pack", place.model, "-o", "x", "-k", "0"],
            ["pack", place.model, "-o", "x", "--budget", "1"],
        ] {
            let run = try Program("poe-model").run(arguments)
            #expect(run.status == (arguments.isEmpty ? 0 : 64), "\(arguments): \(run.errors)")
        }
        for arguments in [
            ["show", "/no/such.poem"], ["score", place.model, "/no/such.txt"],
            ["score", place.model, "--corpus", "/no/such"], ["diff", place.model, "/no/such.poem"],
            ["pack", "/no/such.poem", "-o", "x"],
        ] {
            #expect(try Program("poe-model").run(arguments).status == 66, "\(arguments)")
        }
        #expect(try run("pack", place.model, "-o", "/no/such/folder/x.poem").status == 73)
        #expect(try run("show", text).status == 65)
    }
}
