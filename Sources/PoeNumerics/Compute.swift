import CPoeKernels
import Synchronization

/// The operations of training and inference over f32 matrices, on a pool of threads.
///
/// Results depend on the shapes only: never on the number of threads or the kernel set. Work is
/// split by what is written, so that one thread does each sum, in one written order
/// (Documentation/Kernels.md). Every operation returns when its work is done, and allocates
/// nothing once its scratch memory has grown to the largest shape seen, but for the closure that
/// ``WorkerPool/run(_:_:)`` hands to other threads.
///
/// One engine or trainer owns one; not for two threads at once. Shapes that do not fit each other
/// trap with a message. Outputs must not overlap inputs unless the operation says they may.
@safe
package final class Compute {
    /// The instruction set in use.
    package let kernels: KernelSet
    /// Number of threads that share each operation.
    package var threads: Int { pool.threads }

    /// Where the time goes, while somebody wants to know.
    package var times: ComputeTimes?

    /// The threads; for work that is shared out by hand.
    package let pool: WorkerPool
    /// The functions of ``kernels``.
    let table: poe_kernels
    private let shares: [Share]
    private var scratchPanels = FloatBuffer(count: 0)
    private var scratchJobs = FloatBuffer(count: 0)

    /// Block sums of ``sumOfSquares(_:)``.
    var blockSums: [Double] = []

    /// Starts `threads - 1` threads beside the caller's.
    ///
    /// - Precondition: This machine has `kernels` (``KernelSet/available``).
    package init(threads: Int, kernels: KernelSet = .best) {
        self.kernels = kernels
        unsafe table = kernelTable(kernels).pointee
        pool = WorkerPool(threads: threads)
        shares = (0..<threads).map { _ in Share() }
    }

    /// Calls `body` with ranges that cover `0 ..< count`; each starts at a multiple of `grain`.
    func split(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        splitParts(count, grain: grain) { _, range in body(range) }
    }

    /// As ``split(_:grain:_:)``; `body` is told the number of its thread's part too, below ``threads``.
    ///
    /// Each thread has a part of the work and takes it piece by piece, the nearest first; whoever is done takes
    /// pieces of the others' parts. A core whose neighbour is busy may be half as fast as the next one.
    ///
    /// - Parameter pieces: One where each part reads what its core has in its cache since the last time, as the
    ///   weights of a decoding step: pieces would carry that about.
    func splitParts(
        _ count: Int, grain: Int, pieces: Int = piecesOfPart,
        _ body: (_ part: Int, Range<Int>) -> Void
    ) {
        let grains = (count + grain - 1) / grain
        let parts = min(threads, grains)
        guard parts > 1 else {
            if count > 0 { body(0, 0..<count) }
            return
        }
        for owner in 0..<parts { shares[owner].refill() }
        pool.run(parts) { part in
            for owner in (part..<part + parts).lazy.map({ $0 % parts }) {
                let first = grains * owner / parts
                let size = grains * (owner + 1) / parts - first
                while let piece = shares[owner].take(of: pieces) {
                    let begin = first + size * piece / pieces
                    let end = first + size * (piece + 1) / pieces
                    if begin < end { body(part, begin * grain..<min(count, end * grain)) }
                }
            }
        }
    }

    /// At least `count` floats for the panels of a product's right operand.
    func panelScratch(_ count: Int) -> UnsafeMutablePointer<Float> {
        if scratchPanels.count < count { scratchPanels = FloatBuffer(count: count) }
        return unsafe scratchPanels.pointer
    }

    /// At least `count` floats for each thread, whole cache lines apart.
    func jobScratch(_ count: Int) -> (pointer: UnsafeMutablePointer<Float>, distance: Int) {
        let distance = (count + 15) & ~15
        if scratchJobs.count < distance * threads {
            scratchJobs = FloatBuffer(count: distance * threads)
        }
        return unsafe (scratchJobs.pointer, distance)
    }
}

/// Rows of a matrix that a thread takes at a time in work that is done row by row.
let rowGrain = 8
/// Columns that a thread takes at a time in work that sums down columns: a cache line.
let columnGrain = 16
/// Elements that a thread takes at a time in work on flat vectors.
let flatGrain = 4_096
/// Pieces of a thread's part that others may take; 8 were no faster.
let piecesOfPart = 4

/// The pieces of a thread's part of the work that nobody has taken.
private final class Share: Sendable {
    private let next = Atomic<Int>(0)

    /// Before the threads begin.
    func refill() { next.store(0, ordering: .relaxed) }

    func take(of pieces: Int) -> Int? {
        let piece = next.add(1, ordering: .relaxed).oldValue
        return piece < pieces ? piece : nil
    }
}
