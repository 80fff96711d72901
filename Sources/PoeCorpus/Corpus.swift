import PoeCore

/// One text of a corpus.
package struct Work: Sendable, Equatable {
    /// The file's name, without its folder.
    package var name: String
    /// Its text: no byte order mark, LF line ends, otherwise exactly what the file holds.
    package var text: String

    /// Makes a work.
    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// Texts to learn from or to be measured on, in a fixed order.
package struct Corpus: Sendable, Equatable {
    /// The works, in the order of the paths given and of their names' bytes within a folder.
    package var works: [Work]

    /// Makes a corpus of texts at hand.
    package init(works: [Work]) {
        self.works = works
    }

    /// The works joined by a blank line, which takes the place of the line ends that a work ends with.
    ///
    /// Line ends that a work begins with are kept, and a work may have nothing else: then more than one
    /// line is blank. Empty works are passed over; the last one's end, and a single work's text, are as
    /// they are. This is the text of the loss protocol.
    package var text: String {
        let texts = works.map(\.text).filter { !$0.isEmpty }
        var joined = ""
        joined.reserveCapacity(texts.reduce(0) { $0 + $1.utf8.count + 2 })
        for (index, text) in texts.enumerated() {
            guard index < texts.count - 1 else {
                joined += text
                break
            }
            joined += Self.withoutTrailingLineEnds(text)
            joined += "\n\n"
        }
        return joined
    }

    /// Number of Unicode scalars in all works, without the blank lines that join them.
    package var characterCount: Int {
        works.reduce(0) { $0 + $1.text.unicodeScalars.count }
    }

    /// Names the content: the XXH64 of the works' XXH64s in order, eight little-endian bytes each.
    ///
    /// It depends on the texts and their order, not on file names.
    package var hash: UInt64 {
        XXH64.hash(of: works.map { XXH64.hash(Array($0.text.utf8)) })
    }

    private static func withoutTrailingLineEnds(_ text: String) -> Substring {
        let bytes = text.utf8
        var end = bytes.endIndex
        while end > bytes.startIndex, bytes[bytes.index(before: end)] == UInt8(ascii: "\n") {
            end = bytes.index(before: end)
        }
        return text[..<end]
    }
}
