import PoeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writing to the standard streams, unbuffered: what is written is seen.
///
/// A pipe whose reader has gone ends the program quietly through SIGPIPE (see
/// ``Interrupt/letSignalsThrough()``); any other failure on standard output is an error, so that a full disk
/// never passes for success.
package enum Output {
    /// Writes to standard output.
    package static func write(_ text: String) throws(CommandFailure) {
        var text = text
        guard text.withUTF8({ unsafe send($0, to: .output) }) else {
            throw CommandFailure(
                .inputOutput, "standard output cannot be written: \(System.reason)")
        }
    }

    /// Writes a line to standard error; nothing can be done if that fails.
    package static func note(_ line: String) {
        writeToError(line + "\n")
    }

    /// Writes a warning to standard error.
    package static func warn(_ message: String) {
        let label = Terminal(.error).styled("warning:", .yellow)
        note("\(label) \(message)")
    }

    /// Writes an error to standard error, for commands that go on after one.
    package static func fail(_ message: String) {
        let label = Terminal(.error).styled("error:", .red)
        note("\(label) \(message)")
    }

    /// Writes to standard error; nothing can be done if that fails.
    package static func writeToError(_ text: String) {
        var text = text
        _ = text.withUTF8 { unsafe send($0, to: .error) }
    }

    private static func send(
        _ bytes: UnsafeBufferPointer<UInt8>, to stream: Terminal.Stream
    ) -> Bool {
        var rest = UnsafeRawBufferPointer(bytes)
        while rest.count > 0 {
            let written = unsafe System.writeBytes(stream.rawValue, rest)
            if written >= 0 {
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            } else if errno == EAGAIN {
                usleep(1_000)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
