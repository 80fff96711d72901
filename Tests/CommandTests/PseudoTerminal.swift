import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program at a terminal of its own, with someone who types.
final class PseudoTerminal {
    private let leader: Int32
    private let child: pid_t
    private var hasEnded = false
    /// All that the terminal has shown, control sequences included.
    private(set) var shown = ""

    /// Starts a program with standard streams at a new terminal, which controls it: Ctrl-C arrives.
    init(_ program: Program, _ arguments: [String], environment: [String: String] = [:]) throws {
        var (leader, follower): (Int32, Int32) = (-1, -1)
        var name = [CChar](repeating: 0, count: 1_024)
        var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
        try #require(unsafe openpty(&leader, &follower, &name, nil, &size) == 0)
        self.leader = leader
        // Open until the program has opened it: a terminal that nobody has open is gone.
        defer { close(follower) }

        #if canImport(Darwin)
            var attributes: posix_spawnattr_t?
            var actions: posix_spawn_file_actions_t?
            let flags = Int16(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK)
        #else
            var attributes = posix_spawnattr_t()
            var actions = unsafe posix_spawn_file_actions_t()
            // POSIX_SPAWN_SETSID is hidden without _GNU_SOURCE.
            let flags: Int16 = 0x80 | Int16(POSIX_SPAWN_SETSIGMASK)
        #endif
        _ = unsafe posix_spawnattr_init(&attributes)
        _ = unsafe posix_spawnattr_setflags(&attributes, flags)
        // The threads that run tests may block signals, which a program would inherit.
        var noSignals = sigset_t()
        _ = unsafe sigemptyset(&noSignals)
        _ = unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
        _ = unsafe posix_spawn_file_actions_init(&actions)
        // The first terminal that a session's leader opens becomes the session's.
        _ = unsafe posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
        _ = unsafe posix_spawn_file_actions_adddup2(&actions, 0, 1)
        _ = unsafe posix_spawn_file_actions_adddup2(&actions, 0, 2)
        _ = unsafe posix_spawn_file_actions_addclose(&actions, leader)
        _ = unsafe posix_spawn_file_actions_addclose(&actions, follower)
        defer {
            _ = unsafe posix_spawnattr_destroy(&attributes)
            _ = unsafe posix_spawn_file_actions_destroy(&actions)
        }
        var words = unsafe ([program.url.path] + arguments).map { unsafe strdup($0) } + [nil]
        var variables =
            unsafe Program.environment(environment).map { unsafe strdup("\($0)=\($1)") } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var child: pid_t = 0
        let status = unsafe posix_spawn(
            &child, program.url.path, &actions, &attributes, &words, &variables)
        try #require(status == 0)
        self.child = child
    }

    deinit {
        if !hasEnded {
            kill(child, SIGKILL)
            _ = waitpid(child, nil, 0)
        }
        close(leader)
    }

    /// Types keys; `\r` is Return.
    func type(_ keys: String) {
        var keys = keys
        keys.withUTF8 { bytes in
            _ = unsafe write(leader, bytes.baseAddress, bytes.count)
        }
    }

    /// Waits until `text` was shown after everything that was waited for before.
    func wait(for text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let deadline = ContinuousClock.now + .seconds(60)  // Far longer than any sane wait.
        while ContinuousClock.now < deadline {
            if let range = shown[waitedFor...].range(of: text) {
                waitedFor = range.upperBound
                return
            }
            guard readMore() else { break }
        }
        let rest = String(shown[waitedFor...]).debugDescription
        Issue.record(
            "\(text.debugDescription) was not shown; there is \(rest)",
            sourceLocation: sourceLocation)
        throw NotShown()
    }

    /// Waits until the program has ended, and returns its status.
    func waitForEnd() -> Int32 {
        let deadline = ContinuousClock.now + .seconds(60)
        while readMore() {
            guard ContinuousClock.now < deadline else {
                Issue.record("the program did not end")
                kill(child, SIGKILL)
                break
            }
        }
        var status: Int32 = 0
        _ = unsafe waitpid(child, &status, 0)
        hasEnded = true
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }

    struct NotShown: Error {}

    private lazy var waitedFor = shown.startIndex
    private var bytes: [UInt8] = []

    /// Reads what is there, for a moment; false once the terminal is closed.
    private func readMore() -> Bool {
        var poller = pollfd(fd: leader, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&poller, 1, 200) > 0 else { return true }
        var block = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe block.withUnsafeMutableBytes {
            unsafe read(leader, $0.baseAddress, $0.count)
        }
        guard count > 0 else { return false }
        let place = shown.utf8.distance(from: shown.startIndex, to: waitedFor)
        bytes += block[..<count]
        shown = String(decoding: bytes, as: UTF8.self)
        waitedFor = shown.utf8.index(shown.startIndex, offsetBy: place)
        return true
    }
}
