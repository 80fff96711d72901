import PoeCommand
import PoeNumerics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The machine that is measured.
enum Processor {
    /// What the maker calls it, if the system tells.
    static var model: String? {
        #if canImport(Darwin)
            var bytes = [CChar](repeating: 0, count: 256)
            var size = bytes.count
            guard unsafe sysctlbyname("machdep.cpu.brand_string", &bytes, &size, nil, 0) == 0
            else { return nil }
            return unsafe String(cString: bytes)
        #else
            let text = try? InputText.read("/proc/cpuinfo")
            let line = text?.split(separator: "\n").first { $0.hasPrefix("model name") }
            return line?.split(separator: ":").dropFirst().first.map {
                String($0.drop { $0 == " " })
            }
        #endif
    }

    /// Two lines: the processor, and the kernel sets that it can run.
    static var summary: String {
        let sets = KernelSet.available.map(\.rawValue).joined(separator: ", ")
        return "processor: \(model ?? "unknown"), \(Processors.available) in use\n"
            + "kernels: \(KernelSet.best.rawValue) (available: \(sets); POE_KERNELS forces one)"
    }

    /// Processors that were busy in the last minute.
    static var load: Double {
        var averages = [0.0]
        return unsafe getloadavg(&averages, 1) == 1 ? averages[0] : 0
    }
}
