import CPoeKernels
import Synchronization

/// Work that does nothing but reach a limit of the machine, to be timed by a benchmark.
extension Compute {
    /// Runs independent multiply-adds in the registers of every thread.
    ///
    /// Returns the number of floating-point operations of all together; a multiply-add is two.
    ///
    /// - Parameter rounds: Length of the work; a million take some four to thirty milliseconds.
    package func spendMultiplyAdds(rounds: Int, precision: Precision = .f32) -> Int {
        let spend = unsafe precision == .bf16 ? table.multiply_adds_bf16 : table.multiply_adds
        let operations = Atomic<Int>(0)
        pool.run(threads) { _ in
            var count: Int64 = 0
            _ = unsafe spend?(rounds, &count)
            operations.add(Int(count), ordering: .relaxed)
        }
        return operations.load(ordering: .relaxed)
    }
}
