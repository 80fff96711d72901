import CPoeKernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where the threads of one job of a ``WorkerPool`` wait for each other, many times a job.
///
/// No lock, no allocation, and no system call while the others come soon: a thread spins, then
/// yields its time slice, then sleeps for moments.
package final class Barrier: Sendable {
    /// How many threads meet.
    package let threads: Int

    /// Arrivals since the start: thread `n` waits until all of its group of ``threads`` came.
    private let arrivals = Atomic<Int>(0)

    /// About 50 microseconds, as the pool's threads spin between runs.
    private static let spins = 2_000
    /// Yields after that; a thread that still waits then has lost its processor to other work.
    private static let yields = 200

    /// A barrier for `threads` threads.
    package init(_ threads: Int) {
        precondition(threads >= 1, "a barrier for \(threads) threads")
        self.threads = threads
    }

    /// Returns when all threads have called it as often as this one.
    ///
    /// What any of them wrote before is visible afterwards. Which thread calls does not matter, as
    /// long as ``threads`` of them do, each once.
    package func wait() {
        guard threads > 1 else { return }
        let mine = arrivals.add(1, ordering: .acquiringAndReleasing).newValue
        let last = (mine + threads - 1) / threads * threads
        if mine == last { return }
        for _ in 0..<Self.spins {
            if arrivals.load(ordering: .acquiring) >= last { return }
            poe_pause()
        }
        waitLong(for: last)
    }

    private func waitLong(for last: Int) {
        var yields = 0
        while arrivals.load(ordering: .acquiring) < last {
            if yields < Self.yields {
                sched_yield()
                yields += 1
            } else {
                usleep(50)
            }
        }
    }
}
