import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How many times Ctrl-C was pressed since it was last cleared.
private let presses = Atomic<Int>(0)

/// Ctrl-C as a wish to stop, which long work looks at between steps.
package enum Interrupt {
    /// Whether Ctrl-C was pressed since ``clear()``.
    package static var isRequested: Bool { presses.load(ordering: .relaxed) > 0 }

    /// Forgets earlier presses.
    package static func clear() { presses.store(0, ordering: .relaxed) }

    /// From now on Ctrl-C sets ``isRequested``.
    ///
    /// Pressed again before ``clear()``, it ends the program at once with status 130. System calls
    /// that wait are broken off (`EINTR`).
    package static func install() {
        clear()  // The handler must not be the first to touch the global: it may initialise it.
        setHandler(of: SIGINT) { _ in
            if presses.add(1, ordering: .relaxed).oldValue > 0 { _exit(130) }
        }
    }

    /// Lets signals end the program, whatever the caller had asked for.
    ///
    /// Writing to a pipe without a reader ends it quietly, also where the caller ignores such errors.
    package static func letSignalsThrough() {
        _ = signal(SIGPIPE, SIG_DFL)
        unblock([SIGINT, SIGTERM, SIGPIPE])
    }

    /// From now on a pipe without a reader is an error of writing, which notes on progress pass over.
    package static func ignoreClosedPipes() { _ = signal(SIGPIPE, SIG_IGN) }

    /// Lets signals through that the parent held back.
    ///
    /// A program inherits its parent thread's mask, and the threads of some pools block everything:
    /// a child of one could not be stopped.
    private static func unblock(_ numbers: [Int32]) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in numbers { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(Int32(SIG_UNBLOCK), &signals, nil)
    }

    private static func setHandler(of number: Int32, _ handler: @convention(c) (Int32) -> Void) {
        var action = sigaction()
        #if canImport(Glibc)
            unsafe action.__sigaction_handler.sa_handler = handler
        #else
            unsafe action.__sigaction_u.__sa_handler = handler
        #endif
        unsafe sigemptyset(&action.sa_mask)
        action.sa_flags = 0  // No SA_RESTART: a read that waits must notice.
        unsafe sigaction(number, &action, nil)
    }
}
