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

    /// Whether `text` occurs within one of the texts.
    func contains(_ text: StaticString) -> Bool {
        let wanted = Array(text.description.utf8)
        guard let first = wanted.first else { return true }
        var start = 0
        for end in ends {
            var i = start
            while i + wanted.count <= end {
                if bytes[i] == first, bytes[i..<i + wanted.count].elementsEqual(wanted) {
                    return true
                }
                i += 1
            }
            start = end
        }
        return false
    }
}
