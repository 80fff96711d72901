import CPoeKernels
import PoeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A fixed set of threads that run the parts of one operation at a time.
///
/// Part `p` runs on thread `p % threads`, the caller being thread 0: a static partition, so nothing
/// is decided by timing. Between runs the threads spin for some microseconds, then sleep.
/// One caller at a time; a part must not call `run` on the same pool.
package final class WorkerPool {
    /// Number of threads, the caller included.
    package let threads: Int

    private let state: PoolState
    private var handles: [pthread_t] = []

    /// Starts `threads - 1` threads beside the caller's.
    ///
    /// Where the system refuses one, the parts run on fewer threads; results are the same.
    package init(threads: Int) {
        precondition(threads >= 1, "a pool of \(threads) threads does not exist")
        self.threads = threads
        state = PoolState()
        for index in 1..<max(1, threads) {
            // The thread knows the state, never the pool, which joins it.
            guard let handle = startThread({ [state] in state.loop(thread: index) }) else { break }
            handles.append(handle)
        }
        state.lanes = handles.count + 1
    }

    deinit {
        state.stop()
        for handle in handles { pthread_join(handle, nil) }
    }

    /// Calls `body` for the parts `0 ..< parts` and returns when all are done.
    ///
    /// What the parts wrote is visible to the caller afterwards.
    package func run(_ parts: Int, _ body: (Int) -> Void) {
        guard parts > 1 && state.lanes > 1 else {
            for part in 0..<max(0, parts) { body(part) }
            return
        }
        // The threads are done with `body` before `run` returns, so it does not escape.
        withoutActuallyEscaping(body) { body in state.run(parts: parts, body) }
    }

    /// As ``run(_:_:)``, without the allocation that a closure which does not escape costs there.
    package func run(_ job: PoolJob) {
        guard job.parts > 1 && state.lanes > 1 else {
            for part in 0..<job.parts { job.body(part) }
            return
        }
        state.run(parts: job.parts, job.body)
    }

    /// Threads that run parts: fewer than ``threads`` where the system refused some.
    ///
    /// Parts that wait for each other at a ``Barrier`` must not be more than these.
    package var lanes: Int { state.lanes }
}

/// The parts of an operation, prepared once and run many times.
package final class PoolJob {
    /// How often the body is called, with `0 ..< parts`.
    package let parts: Int
    let body: (Int) -> Void

    /// A job of `parts` parts.
    package init(parts: Int, _ body: @escaping (Int) -> Void) {
        precondition(parts >= 0, "a job of \(parts) parts")
        self.parts = parts
        self.body = body
    }
}

/// What the threads of a pool share.
///
/// `job` is written only while no thread works, and published by the atomic `generation`; hence
/// unchecked `Sendable`.
@safe
private final class PoolState: @unchecked Sendable {
    /// Threads that run parts, the caller included.
    var lanes = 1
    private var parts = 0
    private var job: ((Int) -> Void)?

    private let generation = Atomic<Int>(0)
    private let unfinished = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// About 50 microseconds: longer than the pause between two operations of a step, shorter
    /// than a time slice.
    private static let spins = 2_000

    init() {
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    func run(parts: Int, _ body: @escaping (Int) -> Void) {
        self.parts = parts
        job = body
        unfinished.store(lanes - 1, ordering: .relaxed)
        publish()
        work(thread: 0)
        finish()
    }

    func stop() {
        stopped.store(true, ordering: .relaxed)
        publish()
    }

    /// Runs this thread's share of the parts.
    private func work(thread: Int) {
        guard let job else { return }
        for part in stride(from: thread, to: parts, by: lanes) { job(part) }
    }

    /// Waits for the other threads; the caller of `run` does this.
    private func finish() {
        var spin = 0
        while unfinished.load(ordering: .acquiring) != 0 {
            poe_pause()
            spin += 1
            if spin > Self.spins { sched_yield() }
        }
        job = nil
    }

    func loop(thread: Int) {
        var seen = 0
        while true {
            seen = waitForWork(after: seen)
            if stopped.load(ordering: .relaxed) { return }
            work(thread: thread)
            unfinished.subtract(1, ordering: .releasing)
        }
    }

    private func publish() {
        // Sequentially consistent against `waitForWork`: either it sees the new generation or
        // this sees the sleeper.
        generation.add(1, ordering: .sequentiallyConsistent)
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        unsafe pthread_mutex_lock(mutex)
        unsafe pthread_cond_broadcast(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    private func waitForWork(after seen: Int) -> Int {
        for _ in 0..<Self.spins {
            let now = generation.load(ordering: .acquiring)
            if now != seen { return now }
            poe_pause()
        }
        unsafe pthread_mutex_lock(mutex)
        sleepers.add(1, ordering: .sequentiallyConsistent)
        while generation.load(ordering: .sequentiallyConsistent) == seen {
            unsafe pthread_cond_wait(condition, mutex)
        }
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
        unsafe pthread_mutex_unlock(mutex)
        return generation.load(ordering: .acquiring)
    }
}
