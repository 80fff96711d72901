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

    /// Replaces `path` by what `fill` writes, once `verify` has accepted the temporary file.
    ///
    /// On any error the temporary file is removed and `path` is as it was.
    static func replace(
        _ path: String, _ fill: (AtomicFile) throws(PoemError) -> Void,
        verify: (_ temporary: String) throws(PoemError) -> Void
    ) throws(PoemError) {
        let (target, mode) = try resolve(path)
        let slash = target.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { String(target[...$0]) } ?? "./"
        let name = slash.map { String(target[target.index(after: $0)...]) } ?? target
        let number = serial.wrappingAdd(1, ordering: .relaxed).oldValue
        let temporary = folder + ".\(name).\(getpid()).\(number).tmp"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let descriptor = unsafe open(temporary, flags, mode_t(0o666))
        guard descriptor >= 0 else {
            throw .cannotCreate(path: path, reason: systemMessage(errno))
        }
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

    /// The file that `path` leads to, and its permissions if it exists.
    static func resolve(
        _ path: String
    ) throws(PoemError) -> (target: String, mode: mode_t?) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return (path, nil) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .cannotCreate(path: path, reason: "it exists and is not a regular file")
        }
        let mode = status.st_mode & 0o777
        guard let resolved = unsafe realpath(path, nil) else { return (path, mode) }
        defer { unsafe free(resolved) }
        return (unsafe String(cString: resolved), mode)
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
