#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Memory that grows to what is asked for and is used again and again; 64-byte aligned.
///
/// `@unchecked Sendable`: a room belongs to one thread, or to whoever guards it with a lock.
@safe
final class MemoryRoom: @unchecked Sendable {
    private var memory = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)

    /// From here on a room lies in huge pages where the system has them: the pages of a large tensor
    /// take longer to be handed out than to be decoded into.
    private static let large = 4 << 20, hugePage = 2 << 20

    /// `count` bytes, valid until more are asked for; what they hold is undefined.
    func bytes(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if unsafe memory.count < count || memory.baseAddress == nil {
            unsafe memory.deallocate()
            let isLarge = count >= Self.large
            unsafe memory = .allocate(
                byteCount: max(count, 64), alignment: isLarge ? Self.hugePage : 64)
            #if os(Linux)
                let whole = count / Self.hugePage * Self.hugePage
                if isLarge { unsafe _ = madvise(memory.baseAddress, whole, Int32(MADV_HUGEPAGE)) }
            #endif
        }
        return unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
    }

    deinit { unsafe memory.deallocate() }
}
