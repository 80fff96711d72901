import Foundation
import PoeCore
import PoemFile
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder that is removed at the end of a test.
private final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(
            path: "poem-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path(percentEncoded: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

@Suite("Files come whole or not at all")
struct SystemTests {
    private func failure(_ body: () throws(PoemError) -> Void) -> PoemError? {
        do throws(PoemError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [FileAccess.mapped, .read]) func aFileIsWrittenAndRead(
        access: FileAccess
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.poem"
        try PoemWriter.write(Samples.everything, to: path, threads: 2)
        #expect(try folder.names == ["a.poem"])
        let reader = try PoemReader(path: path, access: access)
        try reader.verify()
        let expected = try PoemReader(bytes: PoemWriter.bytes(Samples.everything))
        #expect(try reader.contents() == expected.contents())
    }

    @Test func anOldReaderIsNotDisturbedByANewFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.poem"
        try PoemWriter.write(Samples.everything, to: path)
        let old = try PoemReader(path: path)
        try PoemWriter.write(Samples.tiny, to: path)
        try old.verify()
        #expect(try old.contents().metadata == Samples.everything.metadata)
        #expect(try PoemReader(path: path).metadata == Samples.tiny.metadata)
        #expect(try folder.names == ["a.poem"])
    }

    @Test func whatCannotBeWrittenLeavesTheOldFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.poem"
        try PoemWriter.write(Samples.tiny, to: path)
        let before = try Data(contentsOf: URL(filePath: path))
        var unsorted = Samples.tiny
        unsorted.tokenizer.base = .characters(["b", "a"])
        #expect(
            failure { () throws(PoemError) in try PoemWriter.write(unsorted, to: path) }?.rule
                == .characterOrder)
        var infinite = Samples.tiny
        infinite.tensors[2].data = .f32([.infinity])
        #expect(
            failure { () throws(PoemError) in try PoemWriter.write(infinite, to: path) }?.rule
                == .weightValue)
        var incomplete = Samples.tiny
        incomplete.tensors.removeLast()
        #expect(
            failure { () throws(PoemError) in try PoemWriter.write(incomplete, to: path) }?.rule
                == .tensorMissing)
        #expect(try folder.names == ["a.poem"])
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }

    @Test func contentsThatAreNoModelAreRefused() throws {
        var samples: [PoemContents] = []
        func add(_ change: (inout PoemContents) -> Void) {
            var contents = Samples.tiny
            change(&contents)
            samples.append(contents)
        }
        add { $0.configuration.layerCount = -1 }
        add { $0.tensors = [] }
        add { $0.tensors.append($0.tensors[0]) }
        add { $0.tensors[0].name = "a b" }
        add { $0.tensors[0].shape = [] }
        add { $0.tensors[0].shape = [-1, -2] }
        add { $0.tensors[0].shape = [.max, .max] }
        add { $0.tensors[0].shape = [3] }
        add { $0.tensors[0].data = .i8([1, 2], .perTensor(step: 0)) }
        add { $0.tensors[0].data = .i8([1, 2], .perTensor(step: .nan)) }
        add { $0.tensors[0].data = .i8([1, 2], .perRow(steps: [1])) }
        add { $0.metadata = ["No": 1] }
        add { $0.metadata = ["": 1] }
        add { $0.metadata = ["nan": .double(.nan)] }
        add { for i in 0..<4_097 { $0.metadata["key\(i)"] = .integer(i) } }
        add { $0.metadata = ["long": .string(String(repeating: "x", count: 65_537))] }
        add { $0.card = String(repeating: "x", count: 1 << 20 | 1) }
        add { $0.tokenizer.specialTokens = [SpecialToken(id: 7, bytes: [1], role: .other)] }
        add { $0.tokenizer.specialTokens = [SpecialToken(id: 2, bytes: [], role: .other)] }
        add { $0.extraSections = [ExtraSection(kind: .card, bytes: [1])] }
        add { $0.extraSections = [ExtraSection(kind: SectionKind(rawValue: 1), bytes: [1])] }
        for (i, contents) in samples.enumerated() {
            let error = failure { () throws(PoemError) in _ = try PoemWriter.bytes(contents) }
            guard case .unencodable(let reason) = error else {
                Issue.record("sample \(i): \(error.map(\.description) ?? "written")")
                continue
            }
            #expect(!reason.isEmpty && error?.failureKind == .internalFault)
        }
    }

    @Test func whatIsNoFileIsNamed() throws {
        let folder = try TemporaryFolder()
        func opening(_ path: String) -> PoemError? {
            failure { () throws(PoemError) in _ = try PoemReader(path: path) }
        }
        let missing = folder.path + "/missing.poem"
        #expect(opening(missing) == .noSuchFile(path: missing))
        #expect(opening(missing)?.failureKind == .noInput)
        #expect(opening(folder.path) == .notRegularFile(path: folder.path))
        let pipe = folder.path + "/pipe"
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        #expect(opening(pipe) == .notRegularFile(path: pipe))
        let empty = folder.path + "/empty"
        try Data().write(to: URL(filePath: empty))
        #expect(opening(empty)?.rule == .fileTooShort)
    }

    @Test(.enabled(if: getuid() != 0, "the superuser may read every file"))
    func whatMayNotBeReadIsNamed() throws {
        let folder = try TemporaryFolder()
        let hidden = folder.path + "/hidden"
        try Data(repeating: 1, count: 200).write(to: URL(filePath: hidden))
        #expect(unsafe chmod(hidden, 0) == 0)
        let error = failure { () throws(PoemError) in _ = try PoemReader(path: hidden) }
        #expect(error == .notReadable(path: hidden))
        #expect(try folder.names == ["hidden"])
    }

    /// A pipe stands for what is no file, such as a device: it is not replaced.
    @Test func whereNothingCanBeCreatedIsNamed() throws {
        let folder = try TemporaryFolder()
        let pipe = folder.path + "/pipe"
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        for path in [folder.path + "/no/a.poem", folder.path, pipe] {
            let error = failure { () throws(PoemError) in
                try PoemWriter.write(Samples.tiny, to: path)
            }
            guard case .cannotCreate(path, let reason) = error else {
                Issue.record("\(path): \(error.map(\.description) ?? "written")")
                continue
            }
            #expect(!reason.isEmpty && error?.failureKind == .cannotCreate)
        }
        #expect(try folder.names == ["pipe"])
        var status = stat()
        #expect(unsafe lstat(pipe, &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFIFO)
    }

    /// A limit on file sizes stands in for a full disk; it holds for a process of its own.
    @Test func aFullDiskLeavesTheOldFile() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let path = folder.path + "/a.poem"
            try PoemWriter.write(Samples.tiny, to: path)
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 1_000, rlim_max: 1_000)
            #if canImport(Darwin)
                unsafe _ = setrlimit(RLIMIT_FSIZE, &limit)
            #else
                unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            #endif
            do throws(PoemError) {
                try PoemWriter.write(Samples.everything, to: path)
                exit(1)
            } catch {
                guard case .writeFailed = error, error.failureKind == .inputOutput else { exit(2) }
            }
            guard try folder.names == ["a.poem"] else { exit(3) }
            guard try PoemReader(path: path).metadata == Samples.tiny.metadata else { exit(4) }
        }
    }

    /// A process of its own, whose temporary files are numbered from 0.
    @Test func leftOversDoNotStandInTheWay() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let path = folder.path + "/a.poem"
            let leftOvers = (0..<1_500).map { ".poe.\(getpid()).\($0).tmp" }
            for name in leftOvers {
                try Data().write(to: URL(filePath: folder.path + "/" + name))
            }
            // A thousand names are tried, so that the first try shows that these are the names.
            do throws(PoemError) {
                try PoemWriter.write(Samples.tiny, to: path)
                exit(1)
            } catch {
                guard case .cannotCreate(path, _) = error else { exit(2) }
            }
            try PoemWriter.write(Samples.tiny, to: path)
            guard try folder.names == (leftOvers + ["a.poem"]).sorted() else { exit(3) }
        }
    }

    @Test func namesAreAsLongAsTheSystemAllows() throws {
        let folder = try TemporaryFolder()
        let name = String(repeating: "n", count: 245) + ".poem"
        try PoemWriter.write(Samples.tiny, to: folder.path + "/" + name)
        #expect(try folder.names == [name])
        let longer = folder.path + "/" + String(repeating: "n", count: 256)
        let error = failure { () throws(PoemError) in try TextFile.check(longer) }
        #expect(error?.failureKind == .cannotCreate)
    }

    /// A link to a link to where nothing is yet; and one to itself, which leads nowhere.
    @Test func linksToNewFilesAreFollowed() throws {
        let folder = try TemporaryFolder()
        func makeLink(_ name: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/" + name, withDestinationPath: target)
        }
        try makeLink("first.poem", to: "second.poem")
        try makeLink("second.poem", to: folder.path + "/later.poem")
        try makeLink("self.poem", to: "self.poem")
        try PoemWriter.write(Samples.tiny, to: folder.path + "/first.poem")
        let names = ["first.poem", "later.poem", "second.poem", "self.poem"]
        #expect(try folder.names == names)
        for (name, target) in [
            ("first.poem", "second.poem"), ("second.poem", folder.path + "/later.poem"),
        ] {
            let destination = try FileManager.default.destinationOfSymbolicLink(
                atPath: folder.path + "/" + name)
            #expect(destination == target)
        }
        let later = try PoemReader(path: folder.path + "/later.poem")
        #expect(later.metadata == Samples.tiny.metadata)
        let error = failure { () throws(PoemError) in
            try PoemWriter.write(Samples.tiny, to: folder.path + "/self.poem")
        }
        #expect(error?.failureKind == .cannotCreate)
        #expect(try folder.names == names)
    }

    @Test func whatCannotBeReadHasNoText() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.txt"
        try TextFile.write("text", to: path)
        #expect(TextFile.contents(of: path) == "text")
        #expect(TextFile.contents(of: folder.path + "/missing") == nil)
        // It opens like a file, and cannot be read.
        #expect(TextFile.contents(of: folder.path) == nil)
    }

    @Test func linksAreFollowedAndPermissionsKept() throws {
        let folder = try TemporaryFolder()
        let (path, link) = (folder.path + "/a.poem", folder.path + "/link.poem")
        try PoemWriter.write(Samples.tiny, to: path)
        #expect(unsafe chmod(path, 0o640) == 0)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "a.poem")
        try PoemWriter.write(Samples.everything, to: link)
        #expect(try folder.names == ["a.poem", "link.poem"])
        #expect(try PoemReader(path: path).metadata == Samples.everything.metadata)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o640)
    }
}
