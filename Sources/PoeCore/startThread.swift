#if canImport(Glibc)
    package import Glibc
#elseif canImport(Darwin)
    package import Darwin
#endif

/// Starts a thread that runs `body` once.
///
/// - Returns: The thread, to be joined or detached; nil where the system has none left.
package func startThread(_ body: @escaping () -> Void) -> pthread_t? {
    let context = unsafe Unmanaged.passRetained(ThreadBody(body))
    #if canImport(Darwin)
        var thread: pthread_t?
    #else
        var thread = pthread_t()
    #endif
    let status = unsafe pthread_create(
        &thread, nil,
        { context in
            let pointer: UnsafeMutableRawPointer? = unsafe context
            guard let pointer = unsafe pointer else { return nil }
            unsafe Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run()
            return nil
        }, context.toOpaque())
    guard status == 0 else {
        unsafe context.release()
        return nil
    }
    return thread
}

/// A closure on its way to a thread.
private final class ThreadBody {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
}
