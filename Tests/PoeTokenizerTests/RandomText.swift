import PoeCore

/// Texts drawn from a seed, the same on every run.
struct RandomText {
    private let random: CounterRandom
    private var drawn: UInt64 = 0

    init(seed: UInt64) {
        random = CounterRandom(seed: seed)
    }

    mutating func integer(below bound: Int) -> Int {
        defer { drawn += 1 }
        return random.integer(below: bound, stream: 0, index: drawn)
    }

    /// A string of `count` scalars of `alphabet`.
    mutating func string(of alphabet: [Unicode.Scalar], count: Int) -> String {
        var view = String.UnicodeScalarView()
        for _ in 0..<count { view.append(alphabet[integer(below: alphabet.count)]) }
        return String(view)
    }

    /// Bytes, half of them drawn from those that begin and continue UTF-8 sequences.
    mutating func bytes(count: Int) -> [UInt8] {
        (0..<count).map { _ in
            let any = UInt8(integer(below: 256))
            return integer(below: 2) == 0 ? any : 0x80 | any
        }
    }

    /// Prose without sense, with the signs that tokenizers trip over.
    mutating func prose(words: Int) -> String {
        let syllables = ["ra", "ven", "ne", "ver", "more", "é", "ö", "the", "a", "of", "“ah”", "—"]
        let ends = [" ", " ", " ", " ", ", ", ".\n", "  ", "’s ", "'ll ", " 1845 ", "…\n\n"]
        var text = ""
        for _ in 0..<words {
            for _ in 0...integer(below: 3) { text += syllables[integer(below: syllables.count)] }
            text += ends[integer(below: ends.count)]
        }
        return text
    }
}

extension Array where Element == Unicode.Scalar {
    /// The scalars of a text, once each, in order.
    static func alphabet(_ text: String) -> [Unicode.Scalar] {
        Set(text.unicodeScalars).sorted()
    }
}

/// Whether two strings have the same bytes; `==` would take canonically equivalent ones for equal.
func same(_ a: String, _ b: String) -> Bool {
    a.utf8.elementsEqual(b.utf8)
}
