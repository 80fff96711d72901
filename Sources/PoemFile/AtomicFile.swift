import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is written beside its target and takes its place when it is whole.
struct AtomicFile {
    private let descriptor: Int32
    private let path: String
    private static let serial = Atomic<Int>(0)
    /// Names that are tried for a temporary file.
    private static let nameLimit = 1_000
    /// Links that are followed; no system follows more.
    private static let linkLimit = 40

    /// Replaces `path` by what `fill` writes, once `verify` has accepted the temporary file.
    ///
    /// On any error the temporary file is removed and `path` is as it was.
    static func replace(
        _ path: String, _ fill: (AtomicFile) throws(PoemError) -> Void,
        verify: (_ temporary: String) throws(PoemError) -> Void
    ) throws(PoemError) {
        let (target, mode) = try resolve(path)
        let folder = Self.folder(of: target)
        let (temporary, descriptor) = try createTemporary(in: folder, for: path)
        do throws(PoemError) {
            do throws(PoemError) {
                if let mode { fchmod(descriptor, mode) }
                try fill(AtomicFile(descriptor: descriptor, path: path))
                guard fsync(descriptor) == 0 else {
                    throw .writeFailed(path: path, reason: systemMessage(errno))
                }
            } catch {
                close(descriptor)
                throw error
            }
            guard close(descriptor) == 0 else {
                throw .writeFailed(path: path, reason: systemMessage(errno))
            }
            try verify(temporary)
            guard unsafe rename(temporary, target) == 0 else {
                throw .cannotCreate(path: path, reason: systemMessage(errno))
            }
        } catch {
            unsafe _ = unlink(temporary)
            throw error
        }
        flush(folder: folder)
    }

    /// Creates a file of a new name, which does not contain the target's: that may be as long as names
    /// can be.
    private static func createTemporary(
        in folder: String, for path: String
    ) throws(PoemError) -> (name: String, descriptor: Int32) {
        // Process ids come again, in containers above all: a process that was killed may have left a file
        // of the same name.
        for _ in 0..<nameLimit {
            let number = serial.wrappingAdd(1, ordering: .relaxed).oldValue
            let name = folder + ".poe.\(getpid()).\(number).tmp"
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
            let descriptor = unsafe open(name, flags, mode_t(0o666))
            if descriptor >= 0 { return (name, descriptor) }
            guard errno == EEXIST else {
                throw .cannotCreate(path: path, reason: systemMessage(errno))
            }
        }
        throw .cannotCreate(
            path: path, reason: "too many temporary files (.poe.*.tmp) were left in its folder")
    }

    /// Writes all of `bytes`.
    func append(_ bytes: UnsafeRawBufferPointer) throws(PoemError) {
        var rest = unsafe bytes[...]
        while unsafe !rest.isEmpty {
            let part = unsafe UnsafeRawBufferPointer(rebasing: rest)
            let written = unsafe write(descriptor, part.baseAddress, part.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                throw .writeFailed(path: path, reason: systemMessage(errno))
            }
            unsafe rest = unsafe rest.dropFirst(written)
        }
    }

    /// The file that `path` leads to, which need not exist, and its permissions if it does.
    static func resolve(
        _ path: String
    ) throws(PoemError) -> (target: String, mode: mode_t?) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            guard errno == ENOENT else {
                throw .cannotCreate(path: path, reason: systemMessage(errno))
            }
            return (endOfLinks(path), nil)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .cannotCreate(path: path, reason: "it exists and is not a regular file")
        }
        let mode = status.st_mode & 0o777
        guard let resolved = unsafe realpath(path, nil) else { return (path, mode) }
        defer { unsafe free(resolved) }
        return (unsafe String(cString: resolved), mode)
    }

    /// Where the links that begin at `path` end; `realpath` does not say it if nothing stands there.
    private static func endOfLinks(_ path: String) -> String {
        var path = path
        // Paths have 4,096 bytes at most.
        var buffer = [CChar](repeating: 0, count: 4_096)
        for _ in 0..<linkLimit {
            let length = unsafe readlink(path, &buffer, buffer.count)
            let bytes = buffer.prefix(max(0, length)).map { UInt8(truncatingIfNeeded: $0) }
            guard let first = bytes.first, let target = String(validating: bytes, as: UTF8.self)
            else { return path }
            path = first == UInt8(ascii: "/") ? target : folder(of: path) + target
        }
        return path
    }

    /// The folder that `path` is in, with the slash at its end.
    private static func folder(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? "./"
    }

    /// Makes the rename itself durable.
    ///
    /// Some file systems refuse to flush a folder; the file is
    /// whole in any case, so that is no error.
    private static func flush(folder: String) {
        let descriptor = unsafe open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        close(descriptor)
    }
}
