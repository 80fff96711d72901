import Foundation
import Testing

/// Files of prompts, and batches that are broken off.
@Suite struct BatchFileTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func prompts(_ run: Program.Outcome) throws -> [String] {
        #expect(run.status == 0, "\(run.errors)")
        return try run.jsonLines().compactMap { $0["prompt"] as? String }
    }

    /// Form feeds, vertical tabs, U+0085, U+2028 and U+2029 end lines in Unicode, and none here.
    @Test func linesEndWhereEditorsEndThem() throws {
        let lines = [
            "The quick\u{C}fox", "the\u{2028}lazy\u{2029}dog", "jumps\u{B}over\u{85}it",
            "and so on",
        ]
        let text = lines[0] + "\n" + lines[1] + "\r\n" + lines[2] + "\r" + lines[3] + "\n"
        let path = try place.folder.write(text, to: "prompts.txt")
        let file = try place.generate("--batch", path, "-n", "1", "--seed", "1", "--jsonl")
        #expect(try prompts(file) == lines)
        let piped = try place.generate(
            "--batch", "-", "-n", "1", "--seed", "1", "--jsonl", input: text)
        #expect(try prompts(piped) == lines)
    }

    @Test func aByteOrderMarkIsNoPartOfAPrompt() throws {
        let batch = try place.folder.write("\u{FEFF}The\nfox\n", to: "batch.txt")
        let file = try place.folder.write("\u{FEFF}The fox\n", to: "prompt.txt")
        for (arguments, input, expected) in [
            (["--batch", batch], "", ["The", "fox"]), (["-f", file], "", ["The fox"]),
            ([], "\u{FEFF}The fox\n", ["The fox"]),
        ] as [([String], String, [String])] {
            let run = try Program("poe-run").run(
                [place.model, "-n", "1", "--seed", "1", "--jsonl"] + arguments, input: input)
            #expect(try prompts(run) == expected)
            #expect(!run.errors.contains("warning"), "\(run.errors)")
        }
    }

    /// More texts than rows at a time: most of them do not begin before Ctrl-C.
    @Test func anInterruptShowsTheTextsThatHadBegun() throws {
        let run = try place.generate("-p", "The", "--samples", "300", "-n", "100000") { running in
            try running.waitForErrors("seed")
            running.process.interrupt()
        }
        #expect(run.status == 130 && !run.isSignalled)
        let line = try #require(run.errors.split(separator: "\n").first { $0.hasPrefix("seed ") })
        let headings = run.text.split(separator: "\n").filter { $0.hasPrefix("--- ") }
        #expect((1..<300).contains(headings.count))
        let expected = headings.indices.map { "--- sample \($0 + 1) of 300, \(line) ---" }
        #expect(headings.map(String.init) == expected)
    }
}
