import PoeCorpus
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A folder that goes when the test ends.
private final class Folder {
    let path: String

    init(_ files: [String: [UInt8]]) throws {
        path = NSTemporaryPath.make()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, bytes) in files {
            try Data(bytes).write(to: URL(filePath: path + "/" + name))
        }
    }

    convenience init(_ files: [String: String]) throws {
        try self.init(files.mapValues { Array($0.utf8) })
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private enum NSTemporaryPath {
        static func make() -> String {
            FileManager.default.temporaryDirectory.path + "/poe-corpus-\(UUID().uuidString)"
        }
    }
}

@Suite struct CorpusTests {
    @Test func readsAFolderInOrderOfNames() throws {
        let folder = try Folder(["b.txt": "two\n", "a.txt": "one\n", ".c.txt": "no", "d.md": "no"])
        let corpus = try Corpus(paths: [folder.path])
        #expect(corpus.works.map(\.name) == ["a.txt", "b.txt"])
        #expect(corpus.text == "one\n\ntwo\n")
        #expect(corpus.characterCount == 8)
    }

    @Test(arguments: [
        (["one", "two"], "one\n\ntwo"), (["one\n\n\n", "two\n\n"], "one\n\ntwo\n\n"),
        (["", "one\n", ""], "one\n"), (["\n"], "\n"),
    ])
    func joinsWithOneBlankLine(texts: [String], joined: String) {
        #expect(Corpus(works: texts.map { Work(name: "x", text: $0) }).text == joined)
    }

    @Test func takesOutWhatEditorsAdd() throws {
        let folder = try Folder(["a.txt": "\u{FEFF}one\r\ntwo\rthree\r\n\r"])
        #expect(try Corpus(paths: [folder.path + "/a.txt"]).works[0].text == "one\ntwo\rthree\n\r")
    }

    @Test func namesTheByteThatIsNotUTF8() throws {
        let folder = try Folder(["a.txt": [0x61, 0xC3, 0xA9, 0xFF, 0x62]])
        let path = folder.path + "/a.txt"
        #expect(throws: CorpusError.notUTF8(path: path, offset: 3)) {
            try Corpus(paths: [folder.path])
        }
    }

    @Test func saysWhatIsMissing() throws {
        let folder = try Folder(["a.md": "x"])
        #expect(throws: CorpusError.noTextFiles(folder: folder.path)) {
            try Corpus(paths: [folder.path])
        }
        let missing = folder.path + "/nothing"
        #expect(throws: CorpusError.notFound(path: missing)) { try Corpus(paths: [missing]) }
        let empty = try Folder(["a.txt": ""])
        #expect(throws: CorpusError.empty(paths: [empty.path])) { try Corpus(paths: [empty.path]) }
    }

    @Test func hashDependsOnTextsAndOrderOnly() {
        let (a, b) = (Work(name: "a", text: "one"), Work(name: "b", text: "two"))
        let hash = Corpus(works: [a, b]).hash
        #expect(hash == Corpus(works: [Work(name: "z", text: "one"), b]).hash)
        #expect(hash != Corpus(works: [b, a]).hash)
        #expect(hash != Corpus(works: [Work(name: "a", text: "onetwo")]).hash)
    }
}

@Suite struct CorpusSplitTests {
    private let corpus = Corpus(works: "abc".map { Work(name: "\($0).txt", text: "\($0)\n") })

    private func split(_ json: String) throws -> Corpus.Split {
        let folder = try Folder(["split.json": json])
        return try corpus.split(contentsOf: folder.path + "/split.json")
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
        (#"{"train": ["a.txt"]}"#, "no \"validation\""), (#"["a.txt"]"#, "not as expected"),
        (#"{"train": [1], "validation": []}"#, "train"), ("{", "not valid JSON"), ("", "JSON"),
    ])
    func refusesABadFile(json: String, part: String) {
        let error = #expect(throws: CorpusError.self) { try split(json) }
        #expect(error?.description.contains(part) == true)
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
