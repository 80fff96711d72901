import CPoeKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Processors.
package enum Processors {
    /// Those that this program may run on, at least 1: of a machine's, a container or `taskset` may
    /// grant only some.
    package static let available: Int = {
        let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let granted = Int(poe_granted_processors())
        return granted > 0 ? min(granted, online) : online
    }()
}
