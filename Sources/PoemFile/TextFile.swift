#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Small text files that belong to a model, written with the same care.
package enum TextFile {
    /// Replaces `path` by `text`, atomically.
    package static func write(_ text: String, to path: String) throws(PoemError) {
        let bytes = Array(text.utf8)
        try AtomicFile.replace(path) { (file) throws(PoemError) in
            unsafe try bytes.withStoredBytes { (bytes) throws(PoemError) in
                unsafe try file.append(bytes)
            }
        } verify: { (_) throws(PoemError) in
        }
    }

    /// Throws if no text can be written to `path`: a folder or a device stands there.
    package static func check(_ path: String) throws(PoemError) { _ = try AtomicFile.resolve(path) }

    /// The text at `path`, or nil if it cannot be read to its end or is not UTF-8.
    package static func contents(of path: String) -> String? {
        guard let file = unsafe fopen(path, "rb") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&part, 1, part.count, file)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        // Nothing comes from a folder either, which opens like a file.
        guard unsafe ferror(file) == 0 else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Makes the folder at `path` if there is none; the folder around it must exist.
    package static func makeFolder(_ path: String) throws(PoemError) {
        guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else {
            throw .cannotCreate(path: path, reason: systemMessage(errno))
        }
    }

    /// Whether something stands at `path`.
    package static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// Whether both paths lead to one file.
    package static func isSame(_ path: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard unsafe stat(path, &first) == 0, unsafe stat(other, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// Removes the file at `path`, if it is there.
    package static func remove(_ path: String) {
        unsafe _ = unlink(path)
    }
}
