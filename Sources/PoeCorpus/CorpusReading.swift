import PoeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Corpus {
    /// Reads text files, and folders' files whose names end in `.txt` (hidden files and what is no
    /// file, such as a folder inside, are passed over), in the order of their names' bytes.
    ///
    /// A file that comes up again, under whatever name, is read once: a split could put one of two
    /// equal works on each side.
    package init(paths: [String]) throws(CorpusError) {
        var works: [Work] = []
        var known: Set<FoundFile.Identity> = []
        for path in paths {
            for file in try Self.files(at: path) where known.insert(file.identity).inserted {
                works.append(try Self.work(at: file.path))
            }
        }
        guard works.contains(where: { !$0.text.isEmpty }) else {
            throw .empty(paths: paths)
        }
        self.init(works: works)
    }

    private struct FoundFile {
        /// What is the same for all names of one file.
        struct Identity: Hashable {
            var device: dev_t
            var node: ino_t
        }

        var path: String
        var identity: Identity

        init(_ path: String, _ status: stat) {
            self.path = path
            identity = Identity(device: status.st_dev, node: status.st_ino)
        }
    }

    private static func files(at path: String) throws(CorpusError) -> [FoundFile] {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .notFound(path: path) }
            throw .unreadable(path: path, reason: systemReason)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return [FoundFile(path, status)]
        }
        let names = try names(in: path).filter { $0.hasSuffix(".txt") && !$0.hasPrefix(".") }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var files: [FoundFile] = []
        for name in names {
            let file = path.hasSuffix("/") ? path + name : path + "/" + name
            guard unsafe stat(file, &status) == 0 else {
                throw .unreadable(path: file, reason: systemReason)
            }
            // To open a pipe would mean to wait for whoever writes into it.
            if status.st_mode & S_IFMT == S_IFREG { files.append(FoundFile(file, status)) }
        }
        guard !files.isEmpty else {
            throw .noTextFiles(folder: path)
        }
        return files
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

    private static func names(in folder: String) throws(CorpusError) -> [String] {
        guard let entries = unsafe opendir(folder) else {
            throw .unreadable(path: folder, reason: systemReason)
        }
        defer { unsafe closedir(entries) }
        var names: [String] = []
        while let entry = unsafe readdir(entries) {
            // In place: an entry is as long as its name, not as the type says.
            let start =
                unsafe UnsafeRawPointer(entry) + (MemoryLayout<dirent>.offset(of: \.d_name) ?? 0)
            names.append(unsafe String(cString: start.assumingMemoryBound(to: CChar.self)))
        }
        return names
    }

    /// The bytes of a file.
    package static func bytes(of path: String) throws(CorpusError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: systemReason) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = unsafe read(descriptor, &block, block.count)
            if count > 0 {
                bytes += block[..<count]
            } else if count == 0 {
                return bytes
            } else if errno != EINTR {
                throw .unreadable(path: path, reason: systemReason)
            }
        }
    }

    /// Drops a byte order mark and turns CR LF into LF: what editors add without being asked.
    package static func normalized(_ text: String) -> String {
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

    /// What `errno` says.
    private static var systemReason: String { unsafe String(cString: strerror(errno)) }
}
