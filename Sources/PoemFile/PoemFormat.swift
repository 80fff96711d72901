#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The constants of version 1; the reasons stand in `formats/poem.md`, "Limits".
package enum PoemFormat {
    /// The first eight bytes.
    package static let magic: [UInt8] = [0x89, 0x50, 0x4F, 0x45, 0x4D, 0x0D, 0x0A, 0x1A]
    /// Readers refuse any other major version.
    package static let majorVersion = 1
    /// Readers accept any minor version.
    package static let minorVersion = 0
    static let headerLength = 64
    static let sectionEntryLength = 64
    static let sectionLimit = 64
    static let fileLimit = 1 << 40
    static let keysLimit = 1 << 20
    static let keyLimit = 4_096
    static let keyLengthLimit = 255
    static let stringLimit = 65_536
    static let cardLimit = 1 << 20
    static let configurationLength = 64
    static let tokenizerLimit = 16 << 20
    static let tokenLimit = 262_144
    /// Bytes that a token may spell.
    package static let tokenLengthLimit = 256
    static let directoryLimit = 16 << 20
    /// Decoded bytes of a section of an unknown kind, which is kept without being decompressed.
    static let unknownLimit = 1 << 40
    static let tensorLimit = 65_536
    static let chunkLimit = 1 << 20
    static let elementLimit = 1 << 40
    static let rankLimit = 4
    /// Decoded bytes of one chunk at most.
    package static let chunkLengthLimit = 4 << 20
    /// Decoded bytes of one chunk as this writer cuts tensors.
    static let chunkLength = 1 << 20
    /// Raw chunks begin at multiples of this, and all chunks of a tensor but its last are multiples.
    static let chunkAlignment = 64
    /// Sections below this size are stored raw: a hex dump stays readable, and little is lost.
    static let smallestCompressedSection = 1_024
}

/// What a reader is willing to spend on a file.
package struct Limits: Sendable, Equatable {
    /// Bytes that the decoded weights may take, at four bytes an element if they take fewer; the
    /// optimizer's state, where it is decoded, may take as much again.
    package var maxMemory: Int
    /// Bytes of the file.
    package var maxFileLength: Int

    /// Makes limits; they can only be stricter than the format's own.
    package init(maxMemory: Int = Limits.defaultMaxMemory, maxFileLength: Int = 1 << 40) {
        self.maxMemory = maxMemory
        self.maxFileLength = min(maxFileLength, PoemFormat.fileLimit)
    }

    /// The smaller of 4 GiB and half of the machine's memory.
    package static let defaultMaxMemory = min(4 << 30, machineMemory / 2)

    /// Bytes that the machine has; the largest number where the system does not say.
    package static let machineMemory: Int = {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let pageSize = sysconf(Int32(_SC_PAGESIZE))
        let (bytes, overflow) = Int(pages).multipliedReportingOverflow(by: Int(pageSize))
        return overflow || bytes <= 0 ? .max : bytes
    }()

    /// The limits that hold unless others are given.
    package static let `default` = Limits()
    /// No limit on memory, for files that this program has written.
    package static let trusting = Limits(maxMemory: .max)
}

/// The smallest multiple of `alignment` (a power of two) that is not below `value`.
///
/// `value` is at most 2^41 wherever this is called, so the sum cannot overflow.
func alignUp(_ value: Int, _ alignment: Int) -> Int {
    (value + alignment - 1) & ~(alignment - 1)
}
