import CPoeKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Processors.
package enum Processors {
    /// Those that this program may run on, at least 1: of a machine's, a container or `taskset` may
    /// grant only some, or a quota only the time of some.
    package static let available: Int = {
        let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let granted = Int(poe_granted_processors())
        let most = granted > 0 ? min(granted, online) : online
        return min(most, quota ?? most)
    }()

    /// The processors that the quota of this program's control group amounts to; nil where it has none.
    ///
    /// Version 2 keeps the quota in one file, version 1 in two.
    private static var quota: Int? {
        let group = "/sys/fs/cgroup/"
        let two = ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"].map { text(of: group + $0) }
        return granted(byQuota: text(of: group + "cpu.max"))
            ?? granted(byQuota: two[0] + " " + two[1])
    }

    /// The processors that a quota of time amounts to, rounded up; nil where there is no quota.
    ///
    /// - Parameter text: The processor time of a period, and the period: `200000 100000` is two
    ///   processors; `max 100000` and `-1 100000` are no quota.
    package static func granted(byQuota text: String) -> Int? {
        let numbers = text.split { $0 == " " || $0 == "\n" }.map { Int($0) }
        guard numbers.count == 2, let time = numbers[0], let period = numbers[1],
            time > 0, period > 0
        else { return nil }
        let (whole, rest) = time.quotientAndRemainder(dividingBy: period)
        return rest > 0 ? whole + 1 : whole
    }

    /// What a small file holds; nothing where it cannot be read.
    private static func text(of path: String) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
