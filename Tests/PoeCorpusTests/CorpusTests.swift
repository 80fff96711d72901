import PoeCorpus
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
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
        (["", "one\n", ""], "one\n"), (["\n"], "\n"), (["one\n", "\n\ntwo"], "one\n\n\n\ntwo"),
        (["one", "\n", "two"], "one\n\n\n\ntwo"),
    ])
    func joinsWithABlankLine(texts: [String], joined: String) {
        #expect(Corpus(works: texts.map { Work(name: "x", text: $0) }).text == joined)
    }

    @Test func readsFilesWithTheLongestNames() throws {
        let names = [1, 2, 127, 250].map { String(repeating: "n", count: $0) + ".txt" }
        let folder = try Folder(Dictionary(uniqueKeysWithValues: names.map { ($0, $0) }))
        #expect(try Corpus(paths: [folder.path + "/"]).works.map(\.text).sorted() == names.sorted())
    }

    /// Whoever opened the pipe would wait for ever.
    @Test(.timeLimit(.minutes(1))) func passesOverWhatIsCalledLikeAFileAndIsNone() throws {
        let folder = try Folder(["a.txt": "one"])
        try FileManager.default.createDirectory(
            atPath: folder.path + "/b.txt", withIntermediateDirectories: true)
        let pipe = folder.path + "/c.txt"
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        #expect(try Corpus(paths: [folder.path]).works.map(\.name) == ["a.txt"])
        try FileManager.default.removeItem(atPath: folder.path + "/a.txt")
        #expect(throws: CorpusError.noTextFiles(folder: folder.path)) {
            try Corpus(paths: [folder.path])
        }
    }

    @Test func followsLinks() throws {
        let other = try Folder(["b.md": "two"])
        let folder = try Folder(["a.txt": "one"])
        let link = folder.path + "/b.txt"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: other.path + "/b.md")
        #expect(try Corpus(paths: [folder.path]).works.map(\.text) == ["one", "two"])
        try FileManager.default.removeItem(atPath: other.path + "/b.md")
        #expect(throws: CorpusError.unreadable(path: link, reason: "No such file or directory")) {
            try Corpus(paths: [folder.path])
        }
    }

    @Test func readsAFileOnce() throws {
        let folder = try Folder(["a.txt": "one", "b.txt": "one"])
        let path = folder.path + "/a.txt"
        // Equal texts in two files are two works.
        #expect(try Corpus(paths: [folder.path, path]).works.count == 2)
        #expect(try Corpus(paths: [folder.path, folder.path + "/."]).works.count == 2)
        let works = try Corpus(paths: [folder.path + "/b.txt", folder.path]).works
        #expect(works.map(\.name) == ["b.txt", "a.txt"])
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
