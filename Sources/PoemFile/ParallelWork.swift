import PoeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A few threads for a moment: loading a file takes milliseconds, too short for a pool.
///
/// Each worker draws indices of `0 ..< count` until none is left; every index is drawn once, in
/// ascending order. A worker must only write memory that belongs to its indices.
final class ParallelWork: Sendable {
    private let count: Int
    private let drawn = Atomic<Int>(0)
    private let failed = Atomic<Bool>(false)
    private let failure = Mutex<(index: Int, error: PoemError)?>(nil)

    private init(count: Int) { self.count = count }

    /// The next index, or nil when none is left or one has failed.
    func next() -> Int? {
        guard !failed.load(ordering: .relaxed) else { return nil }
        let index = drawn.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < count ? index : nil
    }

    /// Notes that the work of `index` failed.
    ///
    /// Of several failures the lowest index counts: all below
    /// it were drawn before it, so the outcome does not depend on the number of threads.
    func fail(_ index: Int, _ error: PoemError) {
        failure.withLock { failure in
            if index < failure?.index ?? .max { failure = (index, error) }
        }
        failed.store(true, ordering: .relaxed)
    }

    /// Runs `worker` on up to `threads` threads, this one included, and returns when all are done.
    ///
    /// - Throws: The error of the lowest index that failed.
    static func run(
        _ count: Int, threads: Int, _ worker: (ParallelWork) -> Void
    ) throws(PoemError) {
        let work = ParallelWork(count: count)
        withoutActuallyEscaping(worker) { worker in
            // They are joined, so `worker` does not escape; where the system has no thread left, others
            // do its work.
            let started = (1..<max(1, min(threads, count))).compactMap { _ in
                startThread { worker(work) }
            }
            worker(work)
            for thread in started { _ = pthread_join(thread, nil) }
        }
        if let failure = work.failure.withLock({ $0 }) { throw failure.error }
    }
}
