#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// System calls under names that members of other types do not hide.
enum System {
    /// Ends the program.
    static func end(_ status: ExitStatus) -> Never {
        exit(status.rawValue)
    }

    /// Reads at most as many bytes as the region holds; -1 and `errno` tell of an error.
    static func readBytes(_ descriptor: Int32, _ region: UnsafeMutableRawBufferPointer) -> Int {
        unsafe read(descriptor, region.baseAddress, region.count)
    }

    /// Writes at most the region's bytes; -1 and `errno` tell of an error.
    static func writeBytes(_ descriptor: Int32, _ region: UnsafeRawBufferPointer) -> Int {
        unsafe write(descriptor, region.baseAddress, region.count)
    }

    /// What `errno` says, to stand within a sentence.
    static var reason: String {
        let text = unsafe String(cString: strerror(errno))
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
