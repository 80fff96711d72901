import PoeCore
import PoeModel
import PoeNumerics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A start for positions, queries and keys with which the first block's heads look at the nearest tokens.
///
/// Where positions are random, that two of them are neighbours has to be learnt for each two apart. Here a
/// position is a point on waves of many lengths (after Vaswani et al., 2017), a pair of columns each:
///
///     position[t][2i], position[t][2i + 1] = sin(w_i t), cos(w_i t)
///
/// Keys are some of the waves as they are. Queries are the same ones turned back by w_i times the head's distance d,
/// so that the query of place t agrees with the key of place t - d, and with no other as well. It is a start
/// and no more: all of it is trained like the rest.
extension ModelWeights {
    /// Deviation of the positions; more than the tokens', which would otherwise drown them.
    private static let positionDeviation: Float = 0.03
    /// The logit of the place that a head looks at, about 0 being that of others: in a window
    /// of 128 tokens nine tenths of its attention.
    private static let logit: Float = 10

    /// Overwrites the positions and the first block's queries and keys; a column or row that an odd width leaves
    /// over stays as it was.
    func lookAtNeighbours() {
        let width = configuration.modelDimension
        let positions = vector(layout.positionEmbedding)
        for place in 0..<configuration.contextLength {
            for pair in 0..<width / 2 {
                let angle = frequency(pair) * Double(place)
                let column = place * width + 2 * pair
                let amplitude = Self.positionDeviation * Float(2).squareRoot()
                positions[column] = amplitude * Float(sin(angle))
                positions[column + 1] = amplitude * Float(cos(angle))
            }
        }
        guard let block = layout.blocks.first else { return }
        for head in 0..<configuration.headCount {
            look(back: head + 1, head, matrix(block.qkvWeight))
        }
    }

    /// Of 2 tokens' length the first wave, of twice the context's the last.
    private func frequency(_ pair: Int) -> Double {
        let share = Double(pair) / Double(configuration.modelDimension / 2)
        return Double.pi / pow(Double(configuration.contextLength), share)
    }

    /// Has a head's query of each place agree with the key `distance` places before.
    private func look(back distance: Int, _ head: Int, _ qkv: Matrix) {
        let width = configuration.modelDimension
        let headWidth = width / configuration.headCount
        let (pairs, planes) = (width / 2, headWidth / 2)
        let gain = gain(planes: planes)
        for plane in 0..<planes {
            // The faster waves tell neighbours apart.
            let pair = plane * max(1, pairs / 4) / planes
            let angle = frequency(pair) * Double(distance)
            let (sine, cosine) = (gain * Float(sin(angle)), gain * Float(cos(angle)))
            let query = head * headWidth + 2 * plane
            set(qkv.row(query), pair: pair, to: (cosine, -sine))
            set(qkv.row(query + 1), pair: pair, to: (sine, cosine))
            set(qkv.row(width + query), pair: pair, to: (gain, 0))
            set(qkv.row(width + query + 1), pair: pair, to: (0, gain))
        }
    }

    private func set(_ row: Vector, pair: Int, to values: (Float, Float)) {
        row.fill(0)
        row[2 * pair] = values.0
        row[2 * pair + 1] = values.1
    }

    /// How large queries and keys have to be for `logit`: it is their product over the root of the head's width,
    /// and each plane adds the square of a wave's amplitude after the layer norm.
    private func gain(planes: Int) -> Float {
        let (position, token) = (Self.positionDeviation, Self.deviation)
        let wave = 2 * position * position / (position * position + token * token)
        let headWidth = Float(configuration.modelDimension / configuration.headCount)
        return (Self.logit * headWidth.squareRoot() / (Float(max(1, planes)) * wave)).squareRoot()
    }
}
