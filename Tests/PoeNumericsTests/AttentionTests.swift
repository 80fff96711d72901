import PoeCore
import PoeNumerics
import Testing

@Suite struct AttentionTests {
    static let shapes: [Reference.AttentionShape] = [
        .init(batch: 2, length: 1, headCount: 3, headDimension: 4),
        .init(batch: 1, length: 7, headCount: 2, headDimension: 16),
        .init(batch: 2, length: 48, headCount: 1, headDimension: 20),
        .init(batch: 1, length: 49, headCount: 2, headDimension: 32),
        .init(batch: 3, length: 128, headCount: 2, headDimension: 32),
        .init(batch: 1, length: 70, headCount: 1, headDimension: 72),
        .init(batch: 1, length: 300, headCount: 1, headDimension: 8),
    ]

    /// What may be off: rounding to f32, or to the 8 bits of bfloat16.
    @Test(arguments: shapes, [(Precision.f32, 1), (.bf16, 8_000)])
    func matchesReference(
        shape: Reference.AttentionShape, rounding: (precision: Precision, tolerance: Double)
    ) {
        for dropout in [nil, Dropout(rate: 0.2, key: 9)] {
            expectReference(shape, dropout, rounding.precision, rounding.tolerance)
        }
    }

    private func expectReference(
        _ shape: Reference.AttentionShape, _ dropout: Dropout?, _ precision: Precision,
        _ tolerance: Double
    ) {
        let rows = shape.batch * shape.length
        let width = shape.headCount * shape.headDimension
        let qkv = Table(rows, 3 * width, seed: 1)
        let dOut = Table(rows, width, seed: 2)
        let found = sameOnAll { compute in
            let out = Table(rows, width, seed: 3)
            let sums = Table(1, rows * shape.headCount, seed: 4)
            let dQKV = Table(rows, 3 * width, seed: 5)
            compute.attention(
                qkv: qkv.matrix, batch: shape.batch, headCount: shape.headCount,
                into: out.matrix, logSumExp: sums.vector, dropout: dropout, precision: precision)
            compute.attentionBackward(
                dOut: dOut.matrix, qkv: qkv.matrix, out: out.matrix, logSumExp: sums.vector,
                batch: shape.batch, headCount: shape.headCount, dropout: dropout,
                into: dQKV.matrix, precision: precision)
            return [out, sums, dQKV]
        }
        let (out, sums) = Reference.attention(qkv.doubles, shape, dropout: dropout)
        let dQKV = Reference.attentionBackward(
            dOut.doubles, qkv.doubles, shape, dropout: dropout)
        #expect(relativeError(found[0], out) < 2e-6 * tolerance)
        #expect(relativeError(found[1], sums) < 1e-6 * tolerance)
        #expect(relativeError(found[2], dQKV) < 3e-6 * tolerance)
    }

    @Test(arguments: [1, 5, 16, 33, 128])
    func cachedQueriesMatchWholeWindows(length: Int) {
        let (heads, dimension) = (3, 20)
        let width = heads * dimension
        let qkv = Table(length, 3 * width, seed: 6)
        let queries = qkv.matrix.columns(0..<width)
        let cache = (
            keys: qkv.matrix.columns(width..<2 * width),
            values: qkv.matrix.columns(2 * width..<3 * width)
        )
        let found = sameOnAll { compute in
            let out = Table(length, width, seed: 7)
            compute.attendCached(
                queries: queries, caches: Array(repeating: cache, count: length),
                counts: Array(1...length), headCount: heads, into: out.matrix)
            let alone = Table(1, width, seed: 8)
            compute.attendCached(
                queries: queries.rows(length - 1..<length), caches: [cache], counts: [length],
                headCount: heads, into: alone.matrix)
            #expect(alone.floats == Array(out.floats.suffix(width)))
            return [out]
        }
        let shape = Reference.AttentionShape(
            batch: 1, length: length, headCount: heads, headDimension: dimension)
        let expected = Reference.attention(qkv.doubles, shape, dropout: nil).out
        #expect(relativeError(found[0], expected) < 2e-6)
    }
}
