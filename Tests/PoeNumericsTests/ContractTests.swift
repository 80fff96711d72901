import Foundation
import PoeCore
import PoeNumerics
import Testing

/// What the operations promise beside their equations.
@Suite struct ContractTests {
    @Test func aKernelSetIsAvailable() {
        #expect(KernelSet.available.contains(.scalar))
        #expect(KernelSet.available.contains(KernelSet.best))
        if KernelSet.forced == nil { #expect(KernelSet.best == KernelSet.available.last) }
        print("kernel sets tested:", KernelSet.available.map(\.rawValue).joined(separator: ", "))
    }

    /// What `POE_KERNELS` asks for is there, and what names no set runs on it.
    @Test func theForcedKernelSetIsUsed() throws {
        try KernelSet.checkForced()
        let asked = ProcessInfo.processInfo.environment["POE_KERNELS"] ?? ""
        if !asked.isEmpty { #expect(KernelSet.best.rawValue == asked) }
        #expect(Compute(threads: 1).kernels == KernelSet.best)
    }

    @Test func onlyAvailableKernelSetsCanBeForced() throws {
        for set in KernelSet.available { try KernelSet.check(set.rawValue) }
        try KernelSet.check("")
        let others = KernelSet.allCases.filter { !KernelSet.available.contains($0) }
        for name in ["AVX2", "avx51", "scalar "] + others.map(\.rawValue) {
            let error = #expect(throws: KernelSetError.self) { try KernelSet.check(name) }
            #expect(error?.failureKind == .usage)
            #expect(error?.description.hasPrefix("POE_KERNELS is '\(name)'; ") == true)
        }
    }

    @Test(arguments: [1, 16, 37]) func outputsMayBeInputs(columns: Int) {
        let compute = Compute(threads: 2)
        let rows = 19
        let x = Table(rows, columns, seed: 1)
        let gain = Table(1, columns, seed: 2)
        let statistics = (Table(1, rows, seed: 3), Table(1, rows, seed: 4))
        let dropout = Dropout(rate: 0.5, key: 1)
        let ways: [(Matrix, Matrix) -> Void] = [
            { compute.activate($0, .gelu, into: $1) },
            { compute.activate($0, .geluTanh, into: $1) },
            { compute.activateBackward($0, x: x.matrix, .geluTanh, into: $1) },
            { compute.dropout($0, dropout, into: $1) },
            {
                compute.layerNorm(
                    $0, gain: gain.vector, bias: nil, epsilon: 1e-5, into: $1,
                    mean: statistics.0.vector, inverseDeviation: statistics.1.vector)
            },
        ]
        for (index, way) in ways.enumerated() {
            let input = Table(rows, columns, seed: 6)
            let apart = Table(rows, columns, seed: 5)
            let inPlace = Table(rows, columns, seed: 6)
            way(input.matrix, apart.matrix)
            way(inPlace.matrix, inPlace.matrix)
            #expect(apart.bits == inPlace.bits, "operation \(index)")
        }
    }

    @Test func aRowIsTheSameInAnyBatch() {
        let x = Table(23, 70, seed: 1)
        let weights = Table(130, 70, seed: 2)
        for set in KernelSet.available {
            let compute = Compute(threads: 2, kernels: set)
            let packed = compute.pack(weights.matrix, transposeB: true)
            let all = Table(23, 130, seed: 3)
            compute.multiply(x.matrix, packed, into: all.matrix)
            for first in stride(from: 0, to: 23, by: 5) {
                for count in 1...min(9, 23 - first) {
                    let some = Table(count, 130, seed: 4)
                    compute.multiply(
                        x.matrix.rows(first..<first + count), packed, into: some.matrix)
                    let expected = all.floats[first * 130..<(first + count) * 130]
                    #expect(some.floats == Array(expected), "\(set): \(count) rows from \(first)")
                }
            }
        }
    }

    @Test(arguments: Precision.allCases, [false, true])
    func packingAgainReplacesThePanels(_ precision: Precision, _ isTransposed: Bool) {
        let compute = Compute(threads: 2)
        let x = Table(3, 40, seed: 1)
        let (rows, columns) = isTransposed ? (50, 40) : (40, 50)
        let first = Table(rows, columns, seed: 2)
        let second = Table(rows, columns, seed: 3)
        let packed = compute.pack(first.matrix, transposeB: isTransposed, precision: precision)
        compute.pack(second.matrix, transposeB: isTransposed, into: packed)
        let found = Table(3, 50, seed: 4)
        let expected = Table(3, 50, seed: 5)
        compute.multiply(x.matrix, packed, into: found.matrix)
        compute.multiply(
            x.matrix, second.matrix, transposeB: isTransposed, into: expected.matrix,
            precision: precision)
        #expect(found.bits == expected.bits)
    }

    /// The share of kept elements, and how often neighbours in index and in key agree, lie within
    /// five deviations of what independent bits give.
    @Test func dropoutMasksLookIndependent() {
        let count = 100_000
        for rate in [Float(0.1), 0.5, 0.85] {
            let masks = (0..<2).map { key in
                let dropout = Dropout(rate: rate, key: UInt64(key))
                return (0..<count).map { Reference.dropoutFactor(dropout, index: $0) > 0 }
            }
            let keep = 1 - Double(rate)
            let kept = Double(masks[0].count { $0 }) / Double(count)
            let deviation = (keep * (1 - keep) / Double(count)).squareRoot()
            #expect(abs(kept - keep) < 5 * deviation)
            let both = keep * keep
            let bothDeviation = (both * (1 - both) / Double(count)).squareRoot()
            let neighbours = (1..<count).count { masks[0][$0] && masks[0][$0 - 1] }
            #expect(abs(Double(neighbours) / Double(count) - both) < 6 * bothDeviation)
            let keys = (0..<count).count { masks[0][$0] && masks[1][$0] }
            #expect(abs(Double(keys) / Double(count) - both) < 6 * bothDeviation)
        }
    }

    @Test func noDropoutAtRateZero() {
        let compute = Compute(threads: 1)
        let x = Table(4, 33, seed: 1)
        let out = Table(4, 33, seed: 2)
        compute.dropout(x.matrix, Dropout(rate: 0, key: 3), into: out.matrix)
        #expect(out.bits == x.bits)
    }

    /// Large numbers saturate instead of overflowing.
    @Test func extremesStayFinite() {
        let compute = Compute(threads: 1)
        let x = Table(1, 6, seed: 1)
        for (i, value) in [Float(-1e4), -100, -20, 20, 100, 1e4].enumerated() {
            x.matrix[0, i] = value
        }
        for kind in Activation.allCases {
            let out = Table(1, 6, seed: 2)
            let ones = Table(1, 6, seed: 3)
            ones.matrix.fill(1)
            compute.activate(x.matrix, kind, into: out.matrix)
            compute.activateBackward(ones.matrix, x: x.matrix, kind, into: ones.matrix)
            #expect(out.floats.allSatisfy { $0.isFinite })
            #expect(Array(out.floats[3...]) == [20, 100, 1e4])
            #expect(out.floats[..<3].allSatisfy { abs($0) < 1e-30 })
            #expect(Array(ones.floats[3...]) == [1, 1, 1])
            #expect(ones.floats[..<3].allSatisfy { abs($0) < 1e-25 })
        }
        let losses = Table(1, 2, seed: 4)
        let logits = Table(2, 6, seed: 5)
        for r in 0..<2 { for c in 0..<6 { logits.matrix[r, c] = x.matrix[0, c] } }
        compute.softmaxCrossEntropy(
            logits.matrix, targets: [5, 0], losses: losses.vector, gradientScale: 1)
        #expect(losses.floats == [0, 2e4])
        #expect(logits.floats == [0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1])
    }

    /// Far out activations are lines, although terms of their slopes grow without bound.
    @Test(arguments: Activation.allCases) func slopesSettle(kind: Activation) {
        let x = Table(1, 4, seed: 1)
        x.vector.set(to: [-2e19, -1e13, 1e13, 2e19])
        let found = sameOnAll { compute in
            let slopes = Table(1, 4, seed: 2)
            slopes.matrix.fill(1)
            compute.activateBackward(slopes.matrix, x: x.matrix, kind, into: slopes.matrix)
            return [slopes]
        }
        #expect(x.doubles.map { Reference.activate($0, kind).slope } == [0, 0, 1, 1])
        #expect(Array(found[0][2...]) == [1, 1])
        #expect(found[0][..<2].allSatisfy { abs($0) < 1e-25 })
    }

    @Test func wrongShapesTrap() async {
        await #expect(processExitsWith: .failure) {
            let compute = Compute(threads: 1)
            let a = FloatBuffer(count: 12)
            compute.multiply(
                a.matrix(rows: 3, columns: 4), a.matrix(rows: 3, columns: 4),
                into: a.matrix(rows: 3, columns: 4))
        }
        await #expect(processExitsWith: .failure) {
            let compute = Compute(threads: 1)
            let logits = FloatBuffer(count: 4)
            let losses = FloatBuffer(count: 1)
            compute.softmaxCrossEntropy(
                logits.matrix(rows: 1, columns: 4), targets: [4],
                losses: losses.vector(count: 1), gradientScale: nil)
        }
        await #expect(processExitsWith: .failure) {
            _ = FloatBuffer(count: 4).matrix(at: 1, rows: 2, columns: 2)
        }
    }
}
