import Foundation
import PoeModel
import Testing

/// Runs `poe-bench`: its figures are never judged, only which there are and how they are told.
@Suite struct BenchCommandTests {
    private let bench = Program("poe-bench")

    private func figures(_ outcome: Program.Outcome) throws -> [[String: Any]] {
        #expect(outcome.status == 0, "\(outcome.errors)")
        let value = try JSONSerialization.jsonObject(with: outcome.output)
        return try #require(value as? [[String: Any]])
    }

    @Test func oneInterruptEndsIt() throws {
        let run = try bench.run(["--shape", "reference", "--runs", "30"]) { running in
            try running.waitForErrors("kernels: ")
            running.process.interrupt()
        }
        #expect(
            run.isSignalled && run.status == SIGINT, "ended by the signal, not by its last figure")
    }

    @Test func everyFigureOfAModelHasItsPlace() throws {
        let workplace = try Workplace()
        let figures = try figures(
            bench.run([workplace.model, "--json", "--runs", "1", "--threads", "2"]))
        let places = Set(
            figures.map { "\($0["measure"] ?? "") \($0["rows"] ?? "") \($0["threads"] ?? "")" })
        for place in [
            "decode 1 1", "decode 1 2", "decode 8 2", "decode 32 2", "decode 64 2", "decode 128 2",
            "generate 1 1", "generate 128 2", "prefill 1 1", "prefill 32 1", "prefill 1 2",
            "prefill 32 2", "start 1 1", "start 1 2", "memory 1 2", "load 0 1", "load 0 2",
            "limit 0 1", "limit 0 2", "file 0 1", "memory 0 1",
        ] {
            #expect(places.contains(place), "\(place)")
        }
        let size = try Data(contentsOf: URL(filePath: workplace.model)).count
        let file = figures.first { $0["measure"] as? String == "file" }
        #expect(file?["value"] as? Double == Double(size) / 1e6)
    }

    @Test func everyFigureIsWhole() throws {
        let workplace = try Workplace()
        let figures = try figures(
            bench.run([workplace.model, "--json", "--runs", "2", "--threads", "1"]))
        #expect(!figures.isEmpty)
        for figure in figures {
            let numbers = try ["value", "low", "high"].map { try #require(figure[$0] as? Double) }
            #expect(numbers[1] <= numbers[0] && numbers[0] <= numbers[2], "\(figure)")
            #expect(numbers.allSatisfy { $0 > 0 }, "\(figure)")
            #expect(figure["unit"] is String)
            #expect(figure["detail"] is String)
            #expect(figure["runs"] as? Int ?? 0 >= 1)
            #expect(figure["threads"] as? Int == 1)
            let bound = figure["bound"] as? Double
            let share = figure["share"] as? Double
            #expect((bound == nil) == (share == nil), "\(figure)")
            if let bound, let share { #expect(abs(share - numbers[0] / bound) < 1e-9 * share) }
            let hasBound = ["decode", "prefill"].contains(figure["measure"] as? String)
            #expect(hasBound == (bound != nil), "\(figure)")
        }
    }

    @Test func theTableHasALineForEachFigure() throws {
        let workplace = try Workplace()
        let outcome = try bench.run([workplace.model, "--runs", "1", "--threads", "1"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.text.split(separator: "\n")
        #expect(lines.first?.hasPrefix("measure ") == true)
        #expect(
            lines.contains {
                $0.hasPrefix("decode: f32, 16 tokens after 16 ") && $0.hasSuffix(" %")
            })
        #expect(lines.contains { $0.hasPrefix("start: poe-run, 1 token ") })
        #expect(outcome.errors.contains("kernels: "))
    }

    @Test(arguments: [([], "f32"), (["--arithmetic", "int8"], "int8")])
    func theArithmeticIsTheFilesOrTheOneNamed(arguments: [String], name: String) throws {
        let workplace = try Workplace()
        let figures = try figures(
            bench.run([workplace.model, "--json", "--runs", "1", "--threads", "1"] + arguments))
        let details = figures.filter {
            ["decode", "generate", "prefill"].contains($0["measure"] as? String)
        }
        .compactMap { $0["detail"] as? String }
        #expect(details.count >= 3)
        #expect(details.allSatisfy { $0.hasPrefix(name + ", ") }, "\(details)")
    }

    @Test func tokenizersAreMeasuredOnTexts() throws {
        let workplace = try Workplace()
        try workplace.folder.write(
            String(repeating: TinyModel.alphabetText, count: 4), to: "a.txt")
        try workplace.folder.write("The dog.\n", to: "b.txt")
        let split = try workplace.folder.write(
            #"{"train": ["a.txt"], "validation": ["b.txt"]}"#, to: "split.json")
        let names = [
            "characters", "gpt2 512", "gpt2 4096", "words 512", "words 4096", "bytes 512",
            "bytes 4096",
        ]
        let expected = names.flatMap {
            ["\($0) learn: s", "\($0) encode: MB/s", "\($0) length: characters/token"]
        }
        for more in [[], ["--split", split]] {
            let figures = try figures(
                bench.run(
                    ["--tokenizer", workplace.folder.path, "--json", "--runs", "1"] + more))
            let told = figures.map { "\($0["detail"] ?? ""): \($0["unit"] ?? "")" }
            #expect(told == expected)
            for figure in figures {
                #expect(figure["measure"] as? String == "tokenizer")
                #expect(figure["threads"] as? Int == 1 && figure["runs"] as? Int == 1)
                #expect((figure["value"] as? Double).map { $0 > 0 } == true, "\(figure)")
            }
            // Characters are the one measure that is known beforehand; merges make it more.
            let lengths = figures.filter { $0["unit"] as? String == "characters/token" }
                .compactMap { $0["value"] as? Double }
            #expect(lengths.count == names.count && lengths.first == 1)
            #expect(lengths.dropFirst().prefix(4).allSatisfy { $0 > 1 }, "\(lengths)")
        }
    }

    @Test func listsTheKernelSetsAndMeasuresNothing() throws {
        let outcome = try bench.run(["--list"], environment: ["POE_KERNELS": "scalar"])
        #expect(outcome.status == 0)
        #expect(outcome.text.contains("processor: "))
        #expect(outcome.text.contains("kernels: scalar (available: scalar"))
        #expect(outcome.text.split(separator: "\n").count == 2)
    }

    @Test(arguments: [
        (["--runs", "0"], "--runs is 0"), (["--threads", "0"], "--threads is 0"),
        (["--shape", "gpt5"], "gpt2-small"), (["--arithmetic", "f16"], "int8"),
        (["--threads", "257"], "expected 1 to 256"),
        (["--split", "s.json"], "--split goes with"),
        (["--arithmetic", "f32", "--train"], "--arithmetic goes with MODEL or --shape"),
        (["--arithmetic", "f32", "--tokenizer", "."], "--arithmetic goes with MODEL or --shape"),
        (["x.poem", "--train"], "MODEL and --train exclude"),
        (["--shape", "reference", "--train"], "--shape and --train exclude"),
    ])
    func wrongUsageIsASentence(arguments: [String], message: String) throws {
        let outcome = try bench.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }

    @Test func aMissingModelIsNoInput() throws {
        let outcome = try bench.run(["missing.poem", "--json"])
        #expect(outcome.status == 66)
        #expect(outcome.errors.contains("missing.poem"))
        #expect(outcome.output.isEmpty)
    }

    @Test func aBrokenModelIsMalformed() throws {
        let folder = try Folder()
        try folder.write("not a model", to: "broken.poem")
        let outcome = try bench.run(["broken.poem"], in: folder)
        #expect(outcome.status == 65)
        #expect(outcome.errors.contains("broken.poem"))
    }
}
