import PoeCore
import PoeTokenizer

/// Byte-pair encoding as it is told: look at everything, merge one pair everywhere, look again.
///
/// Quadratic and without any bookkeeping, so that it can be believed; the fast trainer and encoder
/// are compared with it.
enum PlainBPE {
    /// Every adjacent pair of every word with its number of occurrences, overlaps included.
    static func pairCounts(_ words: [[TokenID]]) -> [Merge: Int] {
        var counts: [Merge: Int] = [:]
        for word in words {
            for (left, right) in zip(word, word.dropFirst()) {
                counts[Merge(left, right), default: 0] += 1
            }
        }
        return counts
    }

    /// The word with each occurrence of a pair, from left to right, replaced by `made`.
    static func apply(_ merge: Merge, makes made: TokenID, to word: [TokenID]) -> [TokenID] {
        var result: [TokenID] = []
        var i = 0
        while i < word.count {
            if i + 1 < word.count, word[i] == merge.left, word[i + 1] == merge.right {
                result.append(made)
                i += 2
            } else {
                result.append(word[i])
                i += 1
            }
        }
        return result
    }

    /// The merges of a training on `words`, whose base tokens have `lengths` bytes.
    static func train(
        _ words: [[TokenID]], lengths: [Int], count: Int, leastCount: Int = 2
    ) -> [Merge] {
        var words = words
        var lengths = lengths
        var merges: [Merge] = []
        while merges.count < count {
            let fitting = pairCounts(words).filter {
                lengths[Int($0.key.left)] + lengths[Int($0.key.right)]
                    <= TokenizerLimits.expansionBytes
            }
            let best = fitting.max { a, b in
                (a.value, b.key.left, b.key.right) < (b.value, a.key.left, a.key.right)
            }
            guard let best, best.value >= leastCount else { break }
            let made = TokenID(lengths.count)
            words = words.map { apply(best.key, makes: made, to: $0) }
            lengths.append(lengths[Int(best.key.left)] + lengths[Int(best.key.right)])
            merges.append(best.key)
        }
        return merges
    }

    /// The encoding of one word: every merge in order of rank, everywhere.
    static func encode(_ word: [TokenID], _ merges: [Merge], baseCount: Int) -> [TokenID] {
        var word = word
        for (rank, merge) in merges.enumerated() {
            word = apply(merge, makes: TokenID(baseCount + rank), to: word)
        }
        return word
    }

    /// The encoding of a text that `description` knows every character of.
    static func encode(_ bytes: [UInt8], _ description: TokenizerDescription) -> [TokenID] {
        description.pretokenizer.pieces(of: bytes).flatMap { piece in
            encode(
                baseTokens(Array(bytes[piece]), description.base), description.merges,
                baseCount: description.baseCount)
        }
    }

    /// The words of texts, as base tokens.
    static func words(
        _ texts: [String], _ base: TokenizerDescription.Base, _ pretokenizer: Pretokenizer
    ) -> [[TokenID]] {
        texts.flatMap { text in
            let bytes = Array(text.utf8)
            return pretokenizer.pieces(of: bytes).map { baseTokens(Array(bytes[$0]), base) }
        }
    }

    private static func baseTokens(
        _ bytes: [UInt8], _ base: TokenizerDescription.Base
    ) -> [TokenID] {
        switch base {
        case .bytes:
            return bytes.map { TokenID($0) }
        case .characters(let scalars):
            return String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar in
                TokenID(scalars.firstIndex(of: scalar) ?? Int(TokenID.max))
            }
        }
    }
}
