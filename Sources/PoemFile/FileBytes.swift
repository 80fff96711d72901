import PoeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

#if _endian(big)
    #error("the tensors of a .poem file are used as they lie in memory, little-endian")
#endif

/// How a file's bytes are brought into memory.
package enum FileAccess: Sendable {
    /// A read-only map: nothing is read twice. A file that is truncated while mapped ends the
    /// process (SIGBUS); replacing it by a rename, as the writer does, is safe.
    case mapped
    /// The whole file is read first: for network disks and for files that others may truncate.
    case read
}

/// The bytes of one file, read-only, for as long as this object lives.
///
/// `@unchecked Sendable`: the memory is never written after `init`, and freed in `deinit` alone.
@safe
final class FileBytes: @unchecked Sendable {
    let count: Int
    private let base: UnsafeRawPointer
    private let isMapped: Bool

    /// Copies bytes that are already in memory.
    init(_ bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(bytes.count, 1), alignment: 64)
        unsafe copy.copyBytes(from: bytes)
        count = bytes.count
        unsafe base = unsafe UnsafeRawPointer(copy.baseAddress.unsafelyUnwrapped)
        isMapped = false
    }

    /// Opens a regular file of at least `minimum` and at most `limits.maxFileLength` bytes.
    init(path: String, access: FileAccess, limits: Limits) throws(PoemError) {
        // O_NONBLOCK: opening a pipe would wait for a writer before it could be refused.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: throw .noSuchFile(path: path)
            case EACCES, EPERM: throw .notReadable(path: path)
            case let code: throw .readFailed(path: path, reason: systemMessage(code))
            }
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .readFailed(path: path, reason: systemMessage(errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegularFile(path: path) }
        count = Int(status.st_size)
        try Container.checkFileLength(count, limits)
        switch access {
        case .mapped:
            let address = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
            guard let address = unsafe address, unsafe address != MAP_FAILED else {
                throw .readFailed(path: path, reason: systemMessage(errno))
            }
            unsafe base = UnsafeRawPointer(address)
            isMapped = true
        case .read:
            guard count <= limits.maxMemory else {
                throw .malformed(
                    .memoryBudget, Place(offset: 0),
                    expected: "at most \(limits.maxMemory) bytes", found: "\(count) bytes")
            }
            unsafe base = unsafe try Self.read(descriptor, count, path)
            isMapped = false
        }
    }

    private static func read(
        _ descriptor: Int32, _ count: Int, _ path: String
    ) throws(PoemError) -> UnsafeRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
        var filled = 0
        while filled < count {
            let got = unsafe pread(descriptor, memory + filled, count - filled, off_t(filled))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                let reason = got < 0 ? systemMessage(errno) : "it became shorter while it was read"
                unsafe memory.deallocate()
                throw .readFailed(path: path, reason: reason)
            }
            filled += got
        }
        return UnsafeRawPointer(memory)
    }

    deinit {
        if isMapped {
            unsafe munmap(UnsafeMutableRawPointer(mutating: base), count)
        } else {
            unsafe base.deallocate()
        }
    }

    /// The bytes of a range that has been checked against `count`; valid while `self` lives.
    func pointer(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "unchecked range")
        return unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// A copy of a checked range.
    func copy(_ range: Range<Int>) -> [UInt8] { unsafe Array(pointer(range)) }

    /// The hash of a checked range.
    func hash(_ range: Range<Int>) -> UInt64 { unsafe XXH64.hash(pointer(range)) }

    /// The first byte of a checked range that is not zero, and where it is.
    func firstNonZero(_ range: Range<Int>) -> (offset: Int, byte: UInt8)? {
        unsafe pointer(range).enumerated().first { $0.element != 0 }
            .map { (range.lowerBound + $0.offset, $0.element) }
    }
}

/// The system's words for an error number.
func systemMessage(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text).lowercased()
}
