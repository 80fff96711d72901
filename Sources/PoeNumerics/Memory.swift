#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `bytes` rounded up to whole cache lines of 64.
func wholeLines(_ bytes: Int) -> Int { (bytes + 63) & ~63 }

/// `bytes` of zeros, 64-byte aligned, to be given to ``freeLines(_:)``.
///
/// Zeros that the system hands out are not written again: pages of a large buffer cost neither time
/// nor memory before they are used.
func allocateZeroLines(_ bytes: Int) -> UnsafeMutableRawPointer {
    // Before the first line stands where the allocation begins, at least 16 bytes away.
    guard let base = unsafe calloc(1, max(64, bytes) + 64) else {
        preconditionFailure("there is no memory for \(bytes) bytes")
    }
    let lines = unsafe (base + 1).alignedUp(toMultipleOf: 64)
    unsafe (lines - 8).storeBytes(of: base, as: UnsafeMutableRawPointer.self)
    return unsafe lines
}

/// Frees what ``allocateZeroLines(_:)`` returned.
func freeLines(_ lines: UnsafeMutableRawPointer) {
    unsafe free((lines - 8).load(as: UnsafeMutableRawPointer.self))
}

/// One large piece of memory that is handed out in parts and freed as a whole.
///
/// For what is read again and again, such as the weights: as far as it reaches it lies in huge pages,
/// where the system has them, which are filled and found faster than hundreds of small ones.
///
/// Unchecked `Sendable`: parts are disjoint; they are taken by one thread, before others know of them.
@safe
package final class MemoryArena: @unchecked Sendable {
    /// Bytes that can be taken, if each part takes whole cache lines.
    package let byteCount: Int

    private let mapping: UnsafeMutableRawBufferPointer
    private let start: UnsafeMutableRawPointer
    private var taken = 0

    /// 2 MiB: a huge page of x86-64, and of ARM with pages of 4 KiB.
    private static let hugePage = 2 << 20

    /// Room for `byteCount` bytes, zero at first.
    package init(byteCount: Int) {
        self.byteCount = wholeLines(max(64, byteCount))
        // Aligned to a huge page if there is one to fill.
        let isHuge = self.byteCount >= Self.hugePage
        let length = self.byteCount + (isHuge ? Self.hugePage : 0)
        let address = unsafe mmap(
            nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            preconditionFailure("there is no memory for \(byteCount) bytes")
        }
        unsafe mapping = UnsafeMutableRawBufferPointer(start: address, count: length)
        guard isHuge else {
            unsafe start = address
            return
        }
        unsafe start = address.alignedUp(toMultipleOf: Self.hugePage)
        #if os(Linux)
            // The last, partly used one is left to small pages, so that no memory is wasted.
            let whole = self.byteCount / Self.hugePage * Self.hugePage
            unsafe _ = madvise(start, whole, Int32(MADV_HUGEPAGE))
        #endif
    }

    deinit { unsafe munmap(mapping.baseAddress, mapping.count) }

    /// The next `bytes` of it, 64-byte aligned; valid while the arena lives.
    package func take(_ bytes: Int) -> UnsafeMutableRawPointer {
        let end = taken + wholeLines(bytes)
        precondition(end <= byteCount, "\(end) bytes of an arena of \(byteCount)")
        defer { taken = end }
        return unsafe start + taken
    }
}
