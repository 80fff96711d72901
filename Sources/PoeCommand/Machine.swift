#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The version of the programs.
package enum Version {
    /// As `--version` prints it; see `CHANGELOG.md`.
    package static let text = "0.1.0"
}

/// What the machine has.
package enum Machine {
    /// Processors that are in use by the system, at least 1.
    package static var processorCount: Int {
        max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    /// Threads to use where no number is asked for: one for each processor, and 256 at most.
    package static var threadCount: Int { min(processorCount, 256) }
}
