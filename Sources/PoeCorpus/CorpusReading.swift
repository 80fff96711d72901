import PoeCore

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension Corpus {
    /// Reads text files, and folders' files whose names end in `.txt` (hidden files and folders
    /// inside are passed over), in the order of their names' bytes.
    package init(paths: [String]) throws(CorpusError) {
        var works: [Work] = []
        for path in paths {
            works += try Self.works(at: path)
        }
        guard works.contains(where: { !$0.text.isEmpty }) else {
            throw .empty(paths: paths)
        }
        self.init(works: works)
    }

    private static func works(at path: String) throws(CorpusError) -> [Work] {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .notFound(path: path) }
            throw .unreadable(path: path, reason: unsafe String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return [try work(at: path)]
        }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .unreadable(path: path, reason: reason(error))
        }
        let texts = names.filter { $0.hasSuffix(".txt") && !$0.hasPrefix(".") }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard !texts.isEmpty else {
            throw .noTextFiles(folder: path)
        }
        var works: [Work] = []
        for name in texts {
            works.append(try work(at: path.hasSuffix("/") ? path + name : path + "/" + name))
        }
        return works
    }

    private static func work(at path: String) throws(CorpusError) -> Work {
        let bytes = try bytes(of: path)
        if let offset = UTF8Validation.firstInvalidOffset(in: bytes) {
            throw .notUTF8(path: path, offset: offset)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return Work(name: name, text: normalized(text))
    }

    static func bytes(of path: String) throws(CorpusError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw .unreadable(path: path, reason: reason(error))
        }
    }

    /// Drops a byte order mark and turns CR LF into LF: what editors add without being asked.
    private static func normalized(_ text: String) -> String {
        var scalars = text.unicodeScalars[...]
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        guard text.utf8.contains(UInt8(ascii: "\r")) else { return String(scalars) }
        var result = String.UnicodeScalarView()
        var heldReturn = false
        for scalar in scalars {
            if heldReturn, scalar != "\n" { result.append("\r") }
            heldReturn = scalar == "\r"
            if !heldReturn { result.append(scalar) }
        }
        if heldReturn { result.append("\r") }
        return String(result)
    }

    private static func reason(_ error: any Error) -> String {
        if let error = error as? CocoaError, let underlying = error.underlying as? POSIXError {
            return unsafe String(cString: strerror(underlying.code.rawValue))
        }
        return "\(error)"
    }
}
