import PoeCore
import PoeNumerics
import Testing

@Suite struct IntegerAttentionTests {
    /// Memory of a cache between guard bytes; at first full of ones, NaN as floats.
    @safe
    private final class Memory {
        let bytes: Int
        let cache: QuantizedCache
        private let whole: UnsafeMutableRawPointer

        init(capacity: Int, heads: Int, dimension: Int) {
            bytes = QuantizedCache.byteCount(capacity: capacity, heads: heads, dimension: dimension)
            unsafe whole = UnsafeMutableRawPointer.allocate(byteCount: bytes + 128, alignment: 64)
            _ = unsafe whole.initializeMemory(as: UInt8.self, repeating: 255, count: bytes + 128)
            cache = unsafe QuantizedCache(
                pointer: whole + 64, capacity: capacity, heads: heads, dimension: dimension)
        }

        deinit { unsafe whole.deallocate() }

        func clear() {
            unsafe whole.initializeMemory(as: UInt8.self, repeating: 255, count: bytes + 128)
        }

        var content: [UInt8] {
            (64..<64 + bytes).map { unsafe whole.load(fromByteOffset: $0, as: UInt8.self) }
        }

        var guardsAreIntact: Bool {
            (Array(0..<64) + Array(64 + bytes..<128 + bytes)).allSatisfy {
                unsafe whole.load(fromByteOffset: $0, as: UInt8.self) == 255
            }
        }
    }

    @Test(arguments: [4, 5, 16, 32, 64, 80], [1, 3, 15, 16, 17, 128])
    func matchesTheReference(dimension: Int, count: Int) {
        let heads = 3
        let width = heads * dimension
        let keys = Table(count, width, seed: 1)
        let values = Table(count, width, seed: 2)
        let query = Table(1, width, seed: 3)
        // A zero key, a huge one, and a value of zeros.
        keys.matrix.row(count / 2).fill(0)
        values.matrix.row(count / 3).fill(0)
        for d in 0..<width { keys.matrix[count - 1, d] *= 100 }
        let scale = 1 / Float(dimension).squareRoot()
        var contents: [[UInt8]] = []
        let found = sameOnAllSets { kernels in
            let memory = Memory(capacity: count, heads: heads, dimension: dimension)
            // Two shares of heads, as threads take them.
            for share in [0..<2, 2..<3] {
                for position in 0..<count {
                    kernels.store(
                        keys: keys.matrix.row(position), values: values.matrix.row(position),
                        position: position, heads: share, into: memory.cache)
                }
            }
            #expect(memory.guardsAreIntact)
            contents.append(memory.content)
            let out = Table(1, width, seed: 4)
            let scratch = Table(
                1, IntegerKernels.attendScratch(capacity: count, dimension: dimension), seed: 5)
            for share in [2..<3, 0..<2] {
                kernels.attend(
                    query: query.vector, heads: share, over: memory.cache, count: count,
                    scoreScale: scale, into: out.vector, scratch: scratch.vector)
            }
            #expect(scratch.marginIsIntact)
            return [out]
        }
        #expect(contents.allSatisfy { $0 == contents[0] })
        for head in 0..<heads {
            let lanes = head * dimension..<(head + 1) * dimension
            func part(_ table: Table, _ row: Int) -> [Float] {
                lanes.map { table.matrix[row, $0] }
            }
            let expected = Reference.attend(
                query: part(query, 0), keys: (0..<count).map { part(keys, $0) },
                values: (0..<count).map { part(values, $0) }, scoreScale: scale)
            #expect(Array(found[0][lanes]) == expected)
        }
    }

    /// Eight bits cost what eight bits must: against attention of the same floats.
    @Test(arguments: [8, 32, 64], [1, 20, 128])
    func staysNearFloatAttention(dimension: Int, count: Int) {
        let keys = Table(count, dimension, seed: 1)
        let values = Table(count, dimension, seed: 2)
        let query = Table(1, dimension, seed: 3)
        let scale = 1 / Float(dimension).squareRoot()
        let memory = Memory(capacity: count, heads: 1, dimension: dimension)
        let kernels = IntegerKernels()
        for position in 0..<count {
            kernels.store(
                keys: keys.matrix.row(position), values: values.matrix.row(position),
                position: position, heads: 0..<1, into: memory.cache)
        }
        let out = Table(1, dimension, seed: 4)
        let exact = Table(1, dimension, seed: 5)
        let scratch = Table(
            1, IntegerKernels.attendScratch(capacity: count, dimension: dimension), seed: 6)
        kernels.attend(
            query: query.vector, heads: 0..<1, over: memory.cache, count: count,
            scoreScale: scale, into: out.vector, scratch: scratch.vector)
        Compute(threads: 1).attendCached(
            queries: query.matrix, caches: [(keys.matrix, values.matrix)], counts: [count],
            headCount: 1, into: exact.matrix)
        #expect(relativeError(out.floats, exact.doubles) < 0.03)
    }

    /// Neighbouring positions share cache lines, but no byte.
    @Test(arguments: KernelSet.available) func threadsStoreNeighbouringPositions(set: KernelSet) {
        let (heads, dimension, count) = (2, 20, 64)
        let rows = Table(count, heads * dimension, seed: 1)
        let kernels = IntegerKernels(set)
        let pool = WorkerPool(threads: 2)
        let together = Memory(capacity: count, heads: heads, dimension: dimension)
        let alone = Memory(capacity: count, heads: heads, dimension: dimension)
        func store(_ position: Int, _ memory: Memory) {
            let row = rows.matrix.row(position)
            kernels.store(
                keys: row, values: row, position: position, heads: 0..<heads, into: memory.cache)
        }
        for position in 0..<count { store(position, alone) }
        let expected = alone.content
        for round in 0..<100 {
            together.clear()
            pool.run(2) { part in
                for position in stride(from: part, to: count, by: 2) { store(position, together) }
            }
            let isSame = together.content == expected
            #expect(isSame, "round \(round)")
            if !isSame { return }
        }
    }

    /// What stands behind the last position, older entries included, changes nothing.
    @Test func earlierPositionsDoNotSeeLaterOnes() {
        let (heads, dimension, count) = (2, 20, 37)
        let width = heads * dimension
        let rows = Table(count, width, seed: 1)
        for set in KernelSet.available {
            let kernels = IntegerKernels(set)
            let memory = Memory(capacity: count, heads: heads, dimension: dimension)
            var growing: [[UInt32]] = []
            let scratch = Table(
                1, IntegerKernels.attendScratch(capacity: count, dimension: dimension), seed: 2)
            func attend(_ last: Int) -> [UInt32] {
                let out = Table(1, width, seed: 3)
                kernels.attend(
                    query: rows.matrix.row(last), heads: 0..<heads, over: memory.cache,
                    count: last + 1, scoreScale: 0.2, into: out.vector, scratch: scratch.vector)
                return out.bits
            }
            for position in 0..<count {
                let row = rows.matrix.row(position)
                kernels.store(
                    keys: row, values: row, position: position, heads: 0..<heads,
                    into: memory.cache)
                growing.append(attend(position))
            }
            #expect((0..<count).map(attend) == growing, "\(set)")
        }
    }

    /// One element of the keys, the values or the query: it spoils all of its head and nothing else.
    @Test(arguments: [Float.nan, .infinity], 0..<3)
    func notFiniteShowsInItsHead(value: Float, place: Int) {
        let (heads, dimension, count, spoiledHead) = (6, 20, 37, 2)
        let width = heads * dimension
        let tables = [
            Table(count, width, seed: 1), Table(count, width, seed: 2), Table(1, width, seed: 3),
        ]
        func attend(_ kernels: IntegerKernels) -> [Float] {
            let memory = Memory(capacity: count, heads: heads, dimension: dimension)
            for position in 0..<count {
                kernels.store(
                    keys: tables[0].matrix.row(position), values: tables[1].matrix.row(position),
                    position: position, heads: 0..<heads, into: memory.cache)
            }
            let out = Table(1, width, seed: 4)
            let scratch = Table(
                1, IntegerKernels.attendScratch(capacity: count, dimension: dimension), seed: 5)
            kernels.attend(
                query: tables[2].vector, heads: 0..<heads, over: memory.cache, count: count,
                scoreScale: 0.2, into: out.vector, scratch: scratch.vector)
            withExtendedLifetime(memory) {}
            return out.floats
        }
        let sets = KernelSet.available.map { IntegerKernels($0) }
        let before = sets.map(attend)
        tables[place].matrix[place == 2 ? 0 : 20, spoiledHead * dimension + 17] = value
        for (kernels, before) in zip(sets, before) {
            let after = attend(kernels)
            for i in 0..<width {
                let isAsItShould =
                    i / dimension == spoiledHead
                    ? after[i].isNaN : after[i].bitPattern == before[i].bitPattern
                #expect(isAsItShould, "element \(i) with \(kernels.kernels)")
            }
        }
    }

    @Test func outputMayBeTheQuery() {
        let kernels = IntegerKernels()
        let memory = Memory(capacity: 3, heads: 2, dimension: 12)
        let rows = Table(3, 24, seed: 1)
        for position in 0..<3 {
            kernels.store(
                keys: rows.matrix.row(position), values: rows.matrix.row(position),
                position: position, heads: 0..<2, into: memory.cache)
        }
        let scratch = Table(
            1, IntegerKernels.attendScratch(capacity: 3, dimension: 12), seed: 2)
        let apart = Table(1, 24, seed: 3)
        let query = Table(1, 24, seed: 4)
        for out in [apart, query] {
            kernels.attend(
                query: query.vector, heads: 0..<2, over: memory.cache, count: 3, scoreScale: 0.3,
                into: out.vector, scratch: scratch.vector)
        }
        #expect(apart.bits == query.bits)
    }
}
