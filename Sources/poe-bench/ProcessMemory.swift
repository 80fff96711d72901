#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The memory of a process.
enum ProcessMemory {
    /// The largest resident size of this process so far.
    static var peak: Measurement {
        var usage = rusage()
        #if canImport(Darwin)
            unsafe getrusage(RUSAGE_SELF, &usage)
        #else
            unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #endif
        return Measurement("memory", "peak of poe-bench", value: bytes(usage) / 1e6, unit: "MB")
    }

    /// The largest resident size in bytes.
    static func bytes(_ usage: rusage) -> Double {
        #if canImport(Darwin)
            Double(usage.ru_maxrss)
        #else
            Double(usage.ru_maxrss) * 1_024
        #endif
    }
}
