import PoeCore
import PoeModel
import PoeNumerics

/// The layers in int8 products.
///
/// All threads run the whole pass inside one job of the pool and meet at a barrier where one needs what
/// another wrote. What a thread does is fixed by its number (a static partition), in one of two ways:
///
/// - *By columns*, for few positions: every thread has all positions and a share of each matrix's
///   outputs and of the heads, so that each weight is read once.
/// - *By rows*, for many: every thread has all outputs and a share of the positions, and needs the
///   others' work for the attention only. Weights stay in the cache for a block of positions.
///
/// Neither shows in the result: an element is made by one thread in one order, whoever that is.
@safe
final class IntegerForward: Forward {
    private let configuration: ModelConfiguration
    private let weights: PackedWeights
    private let blocks: [PackedWeights.Block<PackedIntegers>]
    private let finalNorm: PackedWeights.Norm
    private let head: PackedWeights.Linear<PackedIntegers>
    private let tokenTable: PackedIntegers
    private let kernels: IntegerKernels
    private let pool: WorkerPool
    /// Where the threads meet; all of them or none.
    private let barrier: Barrier
    private let scoreScale: Float
    /// Whether the heads of every thread are whole panels of queries, of keys and of values.
    private let sharesWholePanels: Bool

    // For each position of a pass: the residual stream [C], queries, keys and values [3C], what the
    // heads gathered [C], and, where positions are few, the inside of the feed-forward [F].
    private let x, qkv, attended, hidden: FloatBuffer
    private let workers: [Worker]

    // The pass that is running; written before the threads start.
    private var pass: Pass
    private var logits: Matrix
    private var isByColumns = false
    private var job = PoolJob(parts: 0) { _ in }
    /// One for passes of a single position, one for 2 and 3, one for 4 to 7, and so on.
    private var choices = [ThreadChoice](repeating: ThreadChoice(), count: 16)
    private let clock = ContinuousClock()

    /// Positions a thread that has all outputs takes through a block at a time: their activations stay
    /// in its second-level cache, and each panel of weights serves all of them.
    private static let rowBlock = 64
    /// Positions for each thread from which on the work is split by rows.
    private static let rowsPerThread = 8
    /// What one thread works in.
    private struct Worker {
        let rows: QuantizedBuffer
        let hidden: FloatBuffer
        let norm: FloatBuffer
        let attention: FloatBuffer
    }

    init(
        _ weights: PackedWeights, _ layers: PackedWeights.Layers<PackedIntegers>,
        tokenTable: PackedIntegers, compute: Compute, positions: Int
    ) {
        configuration = weights.configuration
        self.weights = weights
        self.tokenTable = tokenTable
        blocks = layers.blocks
        finalNorm = layers.finalNorm
        head = layers.head
        kernels = IntegerKernels(compute.kernels)
        pool = compute.pool
        barrier = Barrier(compute.pool.lanes)
        scoreScale = Float(1 / Double(configuration.headDimension).squareRoot())
        let (c, d) = (configuration.modelDimension, configuration.headDimension)
        let (heads, lanes) = (configuration.headCount, pool.lanes)
        sharesWholePanels = (0..<lanes).allSatisfy {
            let first = Share(number: $0, of: lanes).range(heads).lowerBound
            return first * d % PackedIntegers.panelWidth == 0 && c % PackedIntegers.panelWidth == 0
        }
        let f = configuration.feedForwardDimension
        let columnRows = min(positions, Self.rowsPerThread * pool.lanes)
        x = FloatBuffer(count: positions * c)
        qkv = FloatBuffer(count: positions * 3 * c)
        attended = FloatBuffer(count: positions * c)
        hidden = FloatBuffer(count: columnRows * f)
        let blockRows = max(columnRows, Self.rowBlock)
        let attentionScratch = IntegerKernels.attendScratch(
            capacity: configuration.contextLength, dimension: configuration.headDimension)
        workers = (0..<pool.lanes).map { _ in
            Worker(
                rows: QuantizedBuffer(rows: blockRows, columns: max(c, f)),
                hidden: FloatBuffer(count: Self.rowBlock * f), norm: FloatBuffer(count: c),
                attention: FloatBuffer(count: attentionScratch))
        }
        pass = Pass(capacity: 1)
        logits = x.matrix(rows: 0, columns: 0)
        let threads = pool.lanes
        job = PoolJob(parts: threads) { [unowned(unsafe) self] thread in
            unsafe work(thread, of: threads)
        }
    }

    func run(_ pass: Pass, into logits: Matrix) {
        self.pass = pass
        self.logits = logits
        guard pool.lanes > 1 else { return work(0, of: 1) }
        guard pass.count < Self.rowsPerThread * pool.lanes else {
            isByColumns = false
            return pool.run(job)
        }
        let size = Int.bitWidth - pass.count.leadingZeroBitCount - 1
        let start = clock.now
        isByColumns = choices[size].usesAll
        if isByColumns { pool.run(job) } else { work(0, of: 1) }
        choices[size].note(clock.now - start)
    }

    private func work(_ thread: Int, of threads: Int) {
        let share = Share(number: thread, of: threads)
        let worker = workers[thread]
        if isByColumns { runByColumns(share, worker) } else { runByRows(share, worker) }
    }

    /// Waits for the other threads, if there are any.
    private func meet(_ share: Share) {
        if share.threads > 1 { barrier.wait() }
    }
}

// MARK: - Few positions

extension IntegerForward {
    private func runByColumns(_ share: Share, _ worker: Worker) {
        let n = pass.count
        let c = configuration.modelDimension
        let x = x.matrix(rows: n, columns: c)
        let qkv = qkv.matrix(rows: n, columns: 3 * c)
        let attended = attended.matrix(rows: n, columns: c)
        let hidden = hidden.matrix(rows: n, columns: configuration.feedForwardDimension)
        let narrow = worker.rows.view(rows: n, columns: c)
        let wide = worker.rows.view(rows: n, columns: configuration.feedForwardDimension)
        let heads = share.range(configuration.headCount)
        if share.number == 0 { embed(0..<n, into: x) }
        meet(share)
        for layer in blocks.indices {
            let block = blocks[layer]
            normalize(x, block.attentionNorm, worker, into: narrow)
            multiplyHeads(heads, narrow, block.qkv, share, into: qkv)

            store(0..<n, layer, heads, qkv)
            attend(0..<n, layer, heads, qkv, worker, into: attended)
            meet(share)

            kernels.quantize(attended, into: narrow)
            multiply(narrow, block.attentionOutput, share, into: x, .add)
            meet(share)

            normalize(x, block.feedForwardNorm, worker, into: narrow)
            multiply(narrow, block.up, share, into: hidden, .activate(configuration.activation))
            meet(share)

            kernels.quantize(hidden, into: wide)
            multiply(wide, block.down, share, into: x, .add)
            meet(share)
        }
        let last = worker.rows.view(rows: pass.wantedCount, columns: c)
        normalizeWanted(0..<pass.wantedCount, worker, into: last)
        multiply(last, head, share, into: logits)
    }

    /// Queries, keys and values of the share's heads.
    private func multiplyHeads(
        _ heads: Range<Int>, _ rows: QuantizedRows, _ qkv: PackedWeights.Linear<PackedIntegers>,
        _ share: Share, into out: Matrix
    ) {
        guard sharesWholePanels else {
            multiply(rows, qkv, share, into: out)
            return meet(share)
        }
        // No other thread's outputs are needed, so nobody waits.
        let width = PackedIntegers.panelWidth
        let (c, d) = (configuration.modelDimension, configuration.headDimension)
        for part in 0..<3 {
            let start = part * c
            let first = (start + heads.lowerBound * d) / width
            let end = (start + heads.upperBound * d) / width
            kernels.multiply(
                rows, qkv.weight, panels: first..<end, bias: qkv.bias, into: out, .store)
        }
    }

    /// The share's outputs of a linear layer; all of them where none is given.
    private func multiply(
        _ rows: QuantizedRows, _ linear: PackedWeights.Linear<PackedIntegers>,
        _ share: Share = Share(number: 0, of: 1), into out: Matrix, _ epilogue: Epilogue = .store
    ) {
        kernels.multiply(
            rows, linear.weight, panels: share.range(linear.weight.panels), bias: linear.bias,
            into: out, epilogue)
    }
}

// MARK: - Many positions

extension IntegerForward {
    private func runByRows(_ share: Share, _ worker: Worker) {
        let n = pass.count
        let c = configuration.modelDimension
        let x = x.matrix(rows: n, columns: c)
        let qkv = qkv.matrix(rows: n, columns: 3 * c)
        let attended = attended.matrix(rows: n, columns: c)
        let heads = 0..<configuration.headCount
        let mine = share.range(n)
        embed(mine, into: x)
        for layer in blocks.indices {
            let block = blocks[layer]
            inBlocks(mine) { rows in
                let narrow = worker.rows.view(rows: rows.count, columns: c)
                normalize(x.rows(rows), block.attentionNorm, worker, into: narrow)
                multiply(narrow, block.qkv, into: qkv.rows(rows))
                store(rows, layer, heads, qkv)
            }
            if pass.hasTexts {
                meet(share)
                // Later positions of a text look back further: in turns, so that all have equal work.
                for i in stride(from: share.number, to: n, by: share.threads) {
                    attend(i..<i + 1, layer, heads, qkv, worker, into: attended)
                }
                meet(share)
            } else {
                attend(mine, layer, heads, qkv, worker, into: attended)
            }
            inBlocks(mine) { rows in
                finish(block, x.rows(rows), attended.rows(rows), worker)
            }
        }
        // Wanted positions may be another thread's.
        meet(share)
        inBlocks(share.range(pass.wantedCount)) { rows in
            let last = worker.rows.view(rows: rows.count, columns: c)
            normalizeWanted(rows, worker, into: last)
            multiply(last, head, into: logits.rows(rows))
        }
    }

    /// A block's work after the attention, for some rows.
    private func finish(
        _ block: PackedWeights.Block<PackedIntegers>, _ x: Matrix, _ attended: Matrix,
        _ worker: Worker
    ) {
        let f = configuration.feedForwardDimension
        let narrow = worker.rows.view(rows: x.rows, columns: x.columns)
        let wide = worker.rows.view(rows: x.rows, columns: f)
        let hidden = worker.hidden.matrix(rows: x.rows, columns: f)
        kernels.quantize(attended, into: narrow)
        multiply(narrow, block.attentionOutput, into: x, .add)
        normalize(x, block.feedForwardNorm, worker, into: narrow)
        multiply(narrow, block.up, into: hidden, .activate(configuration.activation))
        kernels.quantize(hidden, into: wide)
        multiply(wide, block.down, into: x, .add)
    }

    private func inBlocks(_ rows: Range<Int>, _ body: (Range<Int>) -> Void) {
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rowBlock) {
            body(start..<min(start + Self.rowBlock, rows.upperBound))
        }
    }
}

// MARK: - Parts of both

extension IntegerForward {
    private func embed(_ rows: Range<Int>, into x: Matrix) {
        for i in rows {
            kernels.unpack(
                output: pass.token(i), of: tokenTable,
                adding: weights.positionTable.row(pass.position(i)), into: x.row(i))
        }
    }

    private func normalize(
        _ x: Matrix, _ norm: PackedWeights.Norm, _ worker: Worker, into rows: QuantizedRows
    ) {
        kernels.normalize(
            x, gain: norm.gain, bias: norm.bias, epsilon: configuration.normEpsilon, into: rows,
            scratch: worker.norm.vector(count: x.columns))
    }

    private func normalizeWanted(_ wanted: Range<Int>, _ worker: Worker, into rows: QuantizedRows) {
        let x = x.matrix(rows: pass.count, columns: configuration.modelDimension)
        for i in wanted {
            let position = pass.wantedPosition(i)
            let place = i - wanted.lowerBound
            normalize(
                x.rows(position..<position + 1), finalNorm, worker,
                into: rows.rows(place..<place + 1))
        }
    }

    /// Puts keys and values of some heads of some positions into the positions' caches.
    private func store(_ rows: Range<Int>, _ layer: Int, _ heads: Range<Int>, _ qkv: Matrix) {
        let c = configuration.modelDimension
        for i in rows {
            let row = qkv.row(i)
            kernels.store(
                keys: row[c..<2 * c], values: row[2 * c..<3 * c], position: pass.position(i),
                heads: heads, into: pass.withCache(i) { $0.quantized(layer) })
        }
    }

    private func attend(
        _ rows: Range<Int>, _ layer: Int, _ heads: Range<Int>, _ qkv: Matrix, _ worker: Worker,
        into attended: Matrix
    ) {
        let scratch = worker.attention.vector(count: worker.attention.count)
        for i in rows {
            kernels.attend(
                query: qkv.row(i)[0..<configuration.modelDimension], heads: heads,
                over: pass.withCache(i) { $0.quantized(layer) },
                count: pass.position(i) + 1,  // a position sees itself
                scoreScale: scoreScale, into: attended.row(i), scratch: scratch)
        }
    }
}

/// A thread's part of work that is divided evenly.
private struct Share {
    let number: Int
    let threads: Int

    init(number: Int, of threads: Int) {
        self.number = number
        self.threads = threads
    }

    /// The part of `0 ..< count`.
    func range(_ count: Int) -> Range<Int> {
        count * number / threads..<count * (number + 1) / threads
    }
}
