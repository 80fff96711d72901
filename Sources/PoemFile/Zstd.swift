import CZstd

/// Decompresses zstd frames, one after another, with one context.
///
/// The only user of libzstd's decoder.
@safe
struct ZstdDecoder: ~Copyable {
    private let context: OpaquePointer?

    init() { unsafe context = ZSTD_createDCtx() }

    deinit { unsafe _ = ZSTD_freeDCtx(context) }

    /// Decompresses `frame`, whose header has been checked, into all of `output`.
    ///
    /// - Returns: nil, or what went wrong.
    func decode(
        _ frame: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> String? {
        let result = unsafe ZSTD_decompressDCtx(
            context, output.baseAddress, output.count, frame.baseAddress, frame.count)
        if ZSTD_isError(result) != 0 { return Zstd.message(result) }
        return result == output.count ? nil : "\(result) bytes long"
    }
}

/// Compresses one frame after another with one context.
///
/// The only user of libzstd's encoder.
@safe
struct ZstdEncoder: ~Copyable {
    private let context: OpaquePointer?

    init() { unsafe context = ZSTD_createCCtx() }

    deinit { unsafe _ = ZSTD_freeCCtx(context) }

    /// One frame as rule 29 wants it (single segment, content size, no checksum, no dictionary), or
    /// nil if libzstd fails, which it does for want of memory only.
    func encode(_ bytes: UnsafeRawBufferPointer, level: Int32) -> [UInt8]? {
        // A window as large as the content makes the frame a single segment.
        let windowLog = max(10, Int.bitWidth - max(bytes.count - 1, 1).leadingZeroBitCount)
        let settings: [(ZSTD_cParameter, Int32)] = [
            (ZSTD_c_compressionLevel, level), (ZSTD_c_windowLog, Int32(windowLog)),
            (ZSTD_c_contentSizeFlag, 1), (ZSTD_c_checksumFlag, 0), (ZSTD_c_dictIDFlag, 0),
        ]
        unsafe _ = ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)
        for (parameter, value) in settings {
            let result = unsafe ZSTD_CCtx_setParameter(context, parameter, value)
            guard ZSTD_isError(result) == 0 else { return nil }
        }
        let bound = ZSTD_compressBound(bytes.count)
        var failed = false
        let output = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            let result = unsafe ZSTD_compress2(
                context, buffer.baseAddress, bound, bytes.baseAddress, bytes.count)
            failed = ZSTD_isError(result) != 0
            count = failed ? 0 : result
        }
        return failed ? nil : output
    }
}

/// What can be said of a frame before it is decompressed.
enum Zstd {
    private static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    static func message(_ code: Int) -> String {
        guard let name = unsafe ZSTD_getErrorName(code) else { return "broken" }
        return unsafe "broken (" + String(cString: name) + ")"
    }

    /// Bytes that the first frame of `bytes` takes, or nil if they do not begin with a whole one.
    static func frameLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let result = unsafe ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count)
        return ZSTD_isError(result) == 0 ? result : nil
    }

    /// Checks a frame's header against the length that its record promises (rule 29).
    ///
    /// RFC 8878, section 3.1.1: magic, descriptor, content size in 1, 2, 4 or 8 bytes.
    static func checkHeader(
        of frame: UnsafeRawBufferPointer, at place: Place, decodedLength: Int
    ) throws(PoemError) {
        func fail(_ expected: String, _ found: String) -> PoemError {
            .malformed(.frameHeader, place, expected: expected, found: found)
        }
        guard frame.count >= 6 else {
            throw fail("6 bytes or more long", "\(frame.count) bytes long")
        }
        let mark = unsafe Array(frame.prefix(4))
        guard mark == magic else {
            throw fail("marked " + hexDump(magic), "marked " + hexDump(mark))
        }
        let descriptor = unsafe frame[4]
        // Single segment, no reserved bit, no checksum, no dictionary.
        guard descriptor & 0x3F == 0x20 else {
            throw fail(
                "a single segment without checksum and dictionary (descriptor 0x20)",
                "of descriptor 0x" + String(descriptor, radix: 16))
        }
        // The two largest numbers mean that it cannot be told, the frame ending within its header.
        let length = unsafe ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
        guard length == decodedLength else {
            let isKnown = length < UInt64.max - 1
            throw fail("of \(decodedLength) decoded bytes", isKnown ? "of \(length)" : "cut")
        }
    }
}
