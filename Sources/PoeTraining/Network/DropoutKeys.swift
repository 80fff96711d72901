import PoeCore
import PoeNumerics

/// The dropout masks of one shard of one step: a mask is a function of the seed, the step, the shard
/// and its place in the network, so nothing is stored between forward and backward.
package struct DropoutKeys {
    /// Where in the network a mask is applied.
    enum Site {
        case embedding
        case attention(block: Int)
        case attentionBranch(block: Int)
        case feedForwardBranch(block: Int)

        var number: UInt64 {
            switch self {
            case .embedding: 0
            case .attention(let block): 1 + 3 * UInt64(block)
            case .attentionBranch(let block): 2 + 3 * UInt64(block)
            case .feedForwardBranch(let block): 3 + 3 * UInt64(block)
            }
        }
    }

    private let random: CounterRandom
    private let place: UInt64
    private let rate: Float
    private let attentionRate: Float

    package init(recipe: Recipe, step: Int, shard: Int) {
        random = CounterRandom(seed: recipe.seed)
        place = UInt64(step) << 20 | UInt64(shard)
        rate = recipe.dropout
        attentionRate = recipe.attentionDropout
    }

    /// The mask at `site`, nil where nothing is dropped.
    func at(_ site: Site) -> Dropout? {
        let rate = if case .attention = site { attentionRate } else { self.rate }
        guard rate > 0 else { return nil }
        let bits = random.bits(stream: 0x6472_6F70_0000_0000 | site.number, index: place)
        return Dropout(rate: rate, key: UInt64(bits[0]) | UInt64(bits[1]) << 32)
    }
}
