import Foundation
import PoeCore
import PoeModel
import PoeNumerics
import PoeTraining
import Testing

@Suite struct InitializationTests {
    private let shape = ModelConfiguration(
        vocabularySize: 90, contextLength: 128, layerCount: 1, headCount: 8, modelDimension: 256,
        feedForwardDimension: 64)

    private func weights(_ attention: InitialAttention) -> ModelWeights {
        let weights = ModelWeights(shape)
        weights.initialize(seed: 5, attention: attention)
        return weights
    }

    /// How much of a head's attention goes from the last place of a random text to each distance.
    private func attention(_ weights: ModelWeights, head: Int, seed: UInt64) -> [Float] {
        let (width, length) = (shape.modelDimension, shape.contextLength)
        let random = CounterRandom(seed: seed)
        let tokens = weights.floats(weights.layout.tokenEmbedding)
        let positions = weights.floats(weights.layout.positionEmbedding)
        let qkv = weights.floats(weights.layout.blocks[0].qkvWeight)
        let stream = (0..<length).map { place in
            let token = random.integer(
                below: shape.vocabularySize, stream: 1, index: UInt64(place))
            return normalized(
                (0..<width).map { tokens[token * width + $0] + positions[place * width + $0] })
        }
        let headWidth = width / shape.headCount
        func project(_ row: [Float], from first: Int) -> [Float] {
            (first..<first + headWidth).map { output in
                (0..<width).reduce(Float(0)) { $0 + qkv[output * width + $1] * row[$1] }
            }
        }
        let query = project(stream[length - 1], from: head * headWidth)
        let logits = stream.map { row in
            let key = project(row, from: width + head * headWidth)
            return zip(query, key).map(*).reduce(0, +) / Float(headWidth).squareRoot()
        }
        let exponentials = logits.map { exp($0) }
        let sum = exponentials.reduce(0, +)
        return exponentials.reversed().map { $0 / sum }
    }

    private func normalized(_ row: [Float]) -> [Float] {
        let mean = row.reduce(0, +) / Float(row.count)
        let variance = row.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Float(row.count)
        return row.map { ($0 - mean) / variance.squareRoot() }
    }

    @Test func eachHeadLooksAtItsNeighbour() {
        let weights = weights(.neighbours)
        for head in 0..<shape.headCount {
            let shares = (0..<8).map {
                attention(weights, head: head, seed: $0)[head + 1]
            }
            #expect(shares.reduce(0, +) / 8 > 0.7, "head \(head): \(shares)")
        }
    }

    @Test func evenAttentionIsEven() {
        let weights = weights(.even)
        for head in 0..<shape.headCount {
            let shares = attention(weights, head: head, seed: 1)
            #expect((shares.max() ?? 1) < 0.05)
        }
    }

    /// How alike two places are depends on how far apart they are, and not on where.
    @Test func positionsKnowDistances() {
        let width = shape.modelDimension
        let weights = weights(.neighbours)
        let flat = weights.floats(weights.layout.positionEmbedding)
        let rows = (0..<shape.contextLength).map { Array(flat[$0 * width..<($0 + 1) * width]) }
        func product(_ a: Int, _ b: Int) -> Float { zip(rows[a], rows[b]).map(*).reduce(0, +) }
        for distance in [1, 2, 7, 60] {
            for place in 0..<rows.count - distance {
                #expect(abs(product(place, place + distance) - product(0, distance)) < 1e-5)
            }
            #expect(product(0, distance) < 0.95 * product(0, 0))
        }
    }

    /// Positions and the first block's queries and keys differ, and nothing else.
    @Test func theRestIsTheSame() {
        let (a, b) = (weights(.even), weights(.neighbours))
        let first = a.layout.blocks[0]
        for parameter in a.layout.parameters where parameter.kind != .positionEmbedding {
            let values = (a.floats(parameter), b.floats(parameter))
            if parameter.name == first.qkvWeight.name {
                let start = 2 * shape.modelDimension * shape.modelDimension
                #expect(values.0[start...] == values.1[start...])
            } else {
                #expect(values.0 == values.1, "\(parameter.name)")
            }
        }
    }

    /// Odd widths leave a column over, which stays as it was drawn.
    @Test func anyShapeCanStart() throws {
        for (width, heads) in [(9, 3), (7, 1), (6, 6), (2, 1), (1, 1)] {
            let odd = ModelConfiguration(
                vocabularySize: 5, contextLength: 4, layerCount: 2, headCount: heads,
                modelDimension: width, feedForwardDimension: 3)
            try odd.validate()
            let weights = ModelWeights(odd)
            weights.initialize(seed: 1, attention: .neighbours)
            for parameter in weights.layout.parameters {
                #expect(!weights.floats(parameter).contains { !$0.isFinite })
            }
        }
    }
}
