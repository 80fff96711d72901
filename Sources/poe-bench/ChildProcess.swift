import PoeCommand
import PoeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Another program, run as a shell would run it, and timed.
enum ChildProcess {
    /// How one run went.
    struct Outcome {
        /// From just before the start until the system has taken the process down.
        let seconds: Double
        /// The largest resident size, in bytes.
        ///
        /// On Linux it is never less than what this process has reached when it starts the child (the
        /// two share their memory for a moment), so children come before anything that takes memory.
        let peakBytes: Double
    }

    /// Runs a program to its end; what it writes to standard output goes nowhere.
    ///
    /// - Throws: ``CommandFailure`` when it cannot be started or does not exit with 0.
    static func run(_ path: String, _ arguments: [String]) throws -> Outcome {
        let words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        let variables = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, flags) in [(0, O_RDONLY), (1, O_WRONLY), (2, O_WRONLY)] {
            unsafe posix_spawn_file_actions_addopen(
                &actions, Int32(descriptor), "/dev/null", flags, 0)
        }
        var process = pid_t()
        let start = ContinuousClock.now
        let problem = unsafe posix_spawn(&process, path, &actions, nil, words, variables)
        guard problem == 0 else {
            let reason = unsafe String(cString: strerror(problem))
            throw CommandFailure(.noInput, "\(path) cannot be started: \(reason)")
        }
        var (status, usage) = (Int32(), rusage())
        while unsafe wait4(process, &status, 0, &usage) < 0 {
            guard errno == EINTR else {
                throw CommandFailure(.internalFault, "\(path) cannot be waited for")
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        guard status == 0 else {
            let line = ([path] + arguments).joined(separator: " ")
            throw CommandFailure(.internalFault, "\(line): ended with wait status \(status)")
        }
        return Outcome(seconds: seconds, peakBytes: ProcessMemory.bytes(usage))
    }

    /// The few variables that a child gets, so that its start does not depend on who measures.
    private static var environment: [String] {
        ["HOME", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "POE_KERNELS"].compactMap { name in
            Environment[name].map { "\(name)=\($0)" }
        }
    }
}
