import PoeNumerics
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct WorkerPoolTests {
    @Test(arguments: [1, 2, 3, 5]) func runsEachPartOnce(threads: Int) {
        let pool = WorkerPool(threads: threads)
        #expect(pool.threads == threads)
        for parts in [0, 1, 2, 3, 7, 64] {
            let buffer = FloatBuffer(count: 64)
            let counts = buffer.vector(count: 64)
            pool.run(parts) { counts[$0] += 1 }
            let found = withExtendedLifetime(buffer) { (0..<64).map { counts[$0] } }
            #expect(found == (0..<64).map { $0 < parts ? 1 : 0 })
        }
    }

    @Test func whatPartsWroteIsSeenAfterwards() {
        let pool = WorkerPool(threads: 3)
        let values = FloatBuffer(count: 3)
        let vector = values.vector(count: 3)
        defer { withExtendedLifetime(values) {} }
        // Every run reads what the other threads wrote in the run before.
        for round in 0..<5_000 {
            let expected = Float(round * 3)
            let sum = vector[0] + vector[1] + vector[2]
            #expect(sum == expected)
            if sum != expected { return }
            pool.run(3) { vector[$0] += 1 }
        }
    }

    @Test func threadsWakeFromSleep() async throws {
        let pool = WorkerPool(threads: 2)
        for _ in 0..<5 {
            let runs = Atomic<Int>(0)
            pool.run(4) { _ in runs.add(1, ordering: .relaxed) }
            #expect(runs.load(ordering: .relaxed) == 4)
            // Far longer than the threads spin.
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test(arguments: [1, 2, 3]) func preparedJobsRunAgainAndAgain(threads: Int) {
        let pool = WorkerPool(threads: threads)
        let buffer = FloatBuffer(count: 5)
        let counts = buffer.vector(count: 5)
        let job = PoolJob(parts: 5) { counts[$0] += 1 }
        for _ in 0..<100 { pool.run(job) }
        let found = withExtendedLifetime(buffer) { (0..<5).map { counts[$0] } }
        #expect(found == Array(repeating: 100, count: 5))
    }

    /// Between two meetings each thread reads what its neighbour wrote before the first.
    @Test(arguments: [1, 2, 3, 4]) func threadsMeetAtABarrier(threads: Int) {
        let pool = WorkerPool(threads: threads)
        let barrier = Barrier(pool.lanes)
        let lanes = pool.lanes
        let buffer = FloatBuffer(count: lanes)
        let values = buffer.vector(count: lanes)
        let wrong = Atomic<Int>(0)
        let rounds = 300
        for run in 0..<3 {
            pool.run(lanes) { part in
                for round in 0..<rounds {
                    let now = Float(run * rounds + round)
                    values[part] = now
                    barrier.wait()
                    let neighbour = values[(part + 1) % lanes]
                    if neighbour != now { wrong.add(1, ordering: .relaxed) }
                    barrier.wait()
                }
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        withExtendedLifetime(buffer) {}
    }

    /// A thread that comes late finds the others asleep, and wakes them.
    @Test func aBarrierWaitsLong() {
        let pool = WorkerPool(threads: 2)
        let barrier = Barrier(pool.lanes)
        let met = Atomic<Int>(0)
        pool.run(pool.lanes) { part in
            if part == 1 { usleep(20_000) }
            barrier.wait()
            met.add(1, ordering: .relaxed)
        }
        #expect(met.load(ordering: .relaxed) == pool.lanes)
    }

    @Test func poolsComeAndGo() {
        for threads in 1...20 {
            let pool = WorkerPool(threads: threads % 4 + 1)
            if threads % 2 == 0 { pool.run(3) { _ in } }
        }
    }
}
