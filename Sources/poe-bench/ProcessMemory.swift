#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The memory of this process.
enum ProcessMemory {
    /// The largest resident size so far.
    static var peak: Measurement {
        var usage = rusage()
        #if canImport(Darwin)
            unsafe getrusage(RUSAGE_SELF, &usage)
            let unit = 1.0
        #else
            unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            let unit = 1_024.0
        #endif
        let bytes = Double(usage.ru_maxrss) * unit
        return Measurement("memory", "peak of this process", value: bytes / 1e6, unit: "MB")
    }
}
