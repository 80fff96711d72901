import CEdit
import PoeCommand
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads lines from a person, with editing, history and completion, or plainly from a script.
struct LineEditor {
    /// What became of a line.
    enum Line {
        /// A line without its end.
        case text(String)
        /// Ctrl-C: the line was given up.
        case interrupted
        /// Ctrl-D, or the end of the script.
        case end
    }

    /// Whether a person is typing.
    let isInteractive: Bool
    private let historyPath: String?

    /// Sets up editing if both standard input and standard error are a terminal.
    ///
    /// `completions` gives the continuations of the line so far: whole words for its last word.
    init(completions: @escaping @Sendable (_ line: String, _ word: String) -> [String]) {
        isInteractive =
            Terminal(.input).isTerminal && Terminal(.error).isTerminal
            && Environment["TERM"] != "dumb"
        guard isInteractive else {
            historyPath = nil
            return
        }
        // The library counts columns by the locale; one without UTF-8 would break letters apart.
        if unsafe setlocale(LC_CTYPE, "") == nil || !Terminal(.error).hasUnicode {
            _ = unsafe setlocale(LC_CTYPE, "C.UTF-8")
        }
        completer.withLock { $0 = completions }
        unsafe cedit_set_up("poe-run", nextCharacter, completionsOfWord)
        using_history()
        stifle_history(1_000)
        historyPath = Self.historyPath
        if let historyPath { _ = unsafe read_history(historyPath) }
    }

    /// Reads one line; `prompt` is shown to people only.
    func read(prompt: String) -> Line {
        Interrupt.clear()
        guard isInteractive else {
            guard let line = Swift.readLine() else {
                return Interrupt.isRequested ? .interrupted : .end
            }
            return .text(line)
        }
        guard let line = unsafe readline(prompt) else {
            Output.writeToError("\n")
            return Interrupt.isRequested ? .interrupted : .end
        }
        defer { unsafe free(line) }
        return .text(unsafe String(cString: line))
    }

    /// Keeps a line for the arrow keys, and for the next time; a history that cannot be written is
    /// no reason to bother anyone.
    func remember(_ line: String) {
        guard isInteractive, !line.allSatisfy(\.isWhitespace), !line.contains("\n") else { return }
        unsafe add_history(line)
        guard let historyPath else { return }
        // A new file beside it, renamed: another session never finds half a history.
        let temporary = historyPath + ".\(getpid())"
        let mask = umask(0o077)
        defer { umask(mask) }
        if unsafe write_history(temporary) == 0 {
            _ = unsafe rename(temporary, historyPath)
        }
    }

    /// `$POE_HISTORY` (empty: none), else `~/.poe_history`.
    private static var historyPath: String? {
        if let path = Environment["POE_HISTORY"] { return path.isEmpty ? nil : path }
        guard let home = Environment["HOME"], !home.isEmpty else { return nil }
        return home + "/.poe_history"
    }
}

/// What the library's callbacks, which carry no context, ask for completions.
private let completer = Mutex<(@Sendable (String, String) -> [String])?>(nil)
/// The completions that the library is fetching one by one.
private let candidates = Mutex<[String]>([])

/// The next character from the terminal; -1 at the end of input and at Ctrl-C.
private func nextCharacter(_: UnsafeMutablePointer<FILE>?) -> Int32 {
    guard let lead = nextByte() else { return -1 }
    // A lead byte of UTF-8 has as many ones in front as its sequence has bytes.
    var bytes = [lead]
    for _ in 1..<min(4, max(2, (~lead).leadingZeroBitCount)) where lead >= 0xC0 {
        guard let byte = nextByte() else { return -1 }
        bytes.append(byte)
    }
    return Int32(String(decoding: bytes, as: UTF8.self).unicodeScalars.first?.value ?? 0xFFFD)
}

/// A byte that came together with Ctrl-C: the terminal drops what was typed before, so it belongs to
/// the next line.
private let early = Mutex<UInt8?>(nil)

/// The next byte of standard input; nil at its end and at Ctrl-C.
private func nextByte() -> UInt8? {
    if !Interrupt.isRequested, let byte = early.withLock({ $0.take() }) { return byte }
    var byte: UInt8 = 0
    while !Interrupt.isRequested {
        let count = unsafe read(STDIN_FILENO, &byte, 1)
        if count == 1, Interrupt.isRequested {
            early.withLock { $0 = byte }
        } else if count == 1 {
            return byte
        } else if count == 0 || errno != EINTR {
            return nil
        }
    }
    return nil
}

private func completionsOfWord(
    _ text: UnsafePointer<CChar>?, _ start: Int32, _ end: Int32
) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    cedit_complete_nothing_else()
    guard let text = unsafe text, let complete = completer.withLock({ $0 }) else { return nil }
    let word = unsafe String(cString: text)
    let line = unsafe String(cString: cedit_line())
    let found = complete(String(line.utf8.prefix(Int(start))) ?? "", word)
    guard !found.isEmpty else { return nil }
    candidates.withLock { $0 = found.reversed() }
    return unsafe rl_completion_matches(text) { _, _ in
        guard let next = candidates.withLock({ $0.popLast() }) else { return nil }
        return unsafe strdup(next)
    }
}
