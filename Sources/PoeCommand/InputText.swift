import PoeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reading text that a person gives to a command.
package enum InputText {
    /// The text of a file, or of standard input where `path` is `-`.
    ///
    /// - Throws: ``CommandFailure``; ``Interrupted`` when Ctrl-C is pressed meanwhile.
    package static func read(_ path: String) throws -> String {
        let name = path == "-" ? "standard input" : path
        let bytes = try path == "-" ? standardInput() : bytes(of: path)
        if let offset = UTF8Validation.firstInvalidOffset(in: bytes) {
            throw CommandFailure(
                .malformed, "\(name): not UTF-8 text: invalid bytes at offset \(offset)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text of a prompt: as ``read(_:)``, without a byte order mark and one line end at its end,
    /// which editors and `echo` add and nobody means.
    package static func readPrompt(_ path: String) throws -> String {
        var text = try read(path)
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        if text.utf8.last == UInt8(ascii: "\n") { text.unicodeScalars.removeLast() }
        if text.utf8.last == UInt8(ascii: "\r") { text.unicodeScalars.removeLast() }
        return text
    }

    /// The lines of a text, as editors count them: a line ends at LF, CR LF or CR, and nowhere else.
    package static func lines(of text: String) -> [String] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
            .map(String.init)
    }

    private static func standardInput() throws -> [UInt8] {
        try contents(of: STDIN_FILENO, named: "standard input")
    }

    /// The bytes of a whole file.
    ///
    /// - Throws: ``CommandFailure``; ``Interrupted`` when Ctrl-C breaks off the waiting for a pipe.
    package static func bytes(of path: String) throws -> [UInt8] {
        var descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        while descriptor < 0, errno == EINTR {
            if Interrupt.isRequested { throw Interrupted() }
            descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        }
        guard descriptor >= 0 else {
            throw CommandFailure(.noInput, "\(path): \(System.reason)")
        }
        defer { close(descriptor) }
        return try contents(of: descriptor, named: path)
    }

    private static func contents(
        of descriptor: Int32, named name: String
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe block.withUnsafeMutableBytes {
                unsafe System.readBytes(descriptor, $0)
            }
            // Ctrl-C also ends the program that writes into a pipe: what it had written is not the text.
            if Interrupt.isRequested { throw Interrupted() }
            if count > 0 {
                bytes += block[..<count]
            } else if count == 0 {
                return bytes
            } else if errno != EINTR {
                throw CommandFailure(
                    errno == EISDIR ? .noInput : .inputOutput, "\(name): \(System.reason)")
            }
        }
    }
}
