/// The UTF-8 bytes of several texts, one after the other, with the places where each ends.
struct CorpusBytes {
    private(set) var bytes: [UInt8] = []
    private(set) var ends: [Int] = []

    init(_ texts: [String]) {
        bytes.reserveCapacity(texts.reduce(0) { $0 + $1.utf8.count })
        for text in texts {
            bytes.append(contentsOf: text.utf8)
            ends.append(bytes.count)
        }
    }

    var isEmpty: Bool { bytes.isEmpty }

    /// Unicode scalars of all texts.
    var characterCount: Int { bytes.count { $0 & 0b1100_0000 != 0b1000_0000 } }

    /// The distinct scalars, ascending.
    func alphabet() -> [Unicode.Scalar] { Self.alphabet(of: [self]) }

    /// The distinct scalars of several corpora, ascending.
    static func alphabet(of corpora: [CorpusBytes]) -> [Unicode.Scalar] {
        var seen = [Bool](repeating: false, count: 0x110000)
        for corpus in corpora {
            let bytes = corpus.bytes.span
            var i = 0
            while i < bytes.count {
                let step = bytes.scalar(at: i)
                if step.value != UTF8Step.invalid { seen[Int(step.value)] = true }
                i += step.length
            }
        }
        return seen.indices.lazy.filter { seen[$0] }.compactMap { Unicode.Scalar(UInt32($0)) }
    }

    /// Whether one of the texts has `length` equal bytes, at least 1, in a row.
    func hasRun(of byte: UInt8, length: Int) -> Bool {
        let bytes = bytes.span
        var start = 0
        for end in ends {
            while start + length <= end {
                // Another byte among these rules out every run that it would be part of.
                guard let other = (0..<length).last(where: { bytes[start + $0] != byte })
                else { return true }
                start += other + 1
            }
            start = end
        }
        return false
    }
}
