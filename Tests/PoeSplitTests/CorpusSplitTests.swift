import PoeCorpus
import PoeSplit
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct CorpusSplitTests {
    private let corpus = Corpus(works: "abc".map { Work(name: "\($0).txt", text: "\($0)\n") })

    private func split(_ json: String) throws -> Corpus.Split {
        let file = FileManager.default.temporaryDirectory.path + "/poe-split-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data(json.utf8).write(to: URL(filePath: file))
        return try corpus.split(contentsOf: file)
    }

    @Test func dividesByAFile() throws {
        let split = try split(
            #"{"note": 1, "train": ["c.txt", "a.txt"], "validation": ["b.txt"]}"#)
        #expect(split.train.works.map(\.name) == ["a.txt", "c.txt"])
        #expect(split[.validation].text == "b\n")
    }

    @Test(arguments: [
        (#"{"train": ["a.txt", "b.txt", "c.txt", "d.txt"], "validation": []}"#, "d.txt"),
        (#"{"train": ["a.txt", "b.txt"], "validation": []}"#, "whether c.txt"),
        (#"{"train": ["a.txt", "b.txt", "c.txt"], "validation": ["a.txt"]}"#, "a.txt both"),
    ])
    func refusesABadFile(json: String, part: String) {
        let error = #expect(throws: CorpusError.self) { try split(json) }
        #expect(error?.description.contains(part) == true)
    }

    @Test(arguments: [
        (#"{"train": ["a.txt"]}"#, #"it has no "validation""#),
        (#"{"train": [1], "validation": []}"#, #"its "train" is not a list of file names"#),
        (#"{"train": [], "validation": null}"#, #"its "validation" is not a list of file names"#),
        (#"["a.txt"]"#, "it is not a JSON object"), ("{", "it is not valid JSON"),
        ("", "it is not valid JSON"),
    ])
    func saysWhyAFileIsNoSplit(json: String, reason: String) {
        let error = #expect(throws: CorpusError.self) { try split(json) }
        guard case .malformedSplit(_, let found)? = error else {
            Issue.record("\(error?.description ?? "taken for a split")")
            return
        }
        #expect(found == reason)
    }

    @Test func automaticSplitTakesWholeWorks() {
        let works = (0..<40).map {
            Work(name: "\($0)", text: String(repeating: "word ", count: 20 + $0 % 7))
        }
        let corpus = Corpus(works: works)
        let split = corpus.automaticSplit()
        let share = Double(split.validation.characterCount) / Double(corpus.characterCount)
        #expect((0.05...0.1).contains(share))
        #expect(split.train.works.count + split.validation.works.count == 40)
        #expect(split == corpus.automaticSplit())
    }

    /// A hundredth, of many works and of one.
    @Test(arguments: [400, 1]) func automaticSplitTakesAnyPart(count: Int) {
        let works = (0..<count).map { index in
            let lines = (0..<4_000 / count).map { "line \($0) of \(index)\n" }
            return Work(name: "\(index)", text: lines.joined())
        }
        let corpus = Corpus(works: works)
        let split = corpus.automaticSplit(oneIn: 100)
        let share = Double(split.validation.characterCount) / Double(corpus.characterCount)
        #expect((0.005...0.01).contains(share))
        #expect(
            split.train.characterCount + split.validation.characterCount == corpus.characterCount)
    }

    @Test(arguments: [1, 2, 3])
    func automaticSplitCutsLongWorks(count: Int) {
        let lines = (0..<1000).map { "Line \($0), é.\n" }.joined()
        let corpus = Corpus(works: (0..<count).map { Work(name: "\($0)", text: lines) })
        let split = corpus.automaticSplit()
        for (head, tail) in zip(split.train.works, split.validation.works) {
            #expect(head.text + tail.text == lines)
            #expect(head.text.hasSuffix("\n"))
        }
        let share = Double(split.validation.characterCount) / Double(corpus.characterCount)
        #expect((0.05...0.1).contains(share))
    }

    @Test(arguments: ["", "a", "ab\n", "0123456789", "01234567890123456789\n"])
    func automaticSplitSurvivesTinyTexts(text: String) {
        let split = Corpus(works: [Work(name: "a", text: text)]).automaticSplit()
        #expect(split.train.text + split.validation.text == text)
    }
}
