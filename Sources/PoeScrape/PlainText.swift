/// Plain text of unknown layout, cut into paragraphs.
package enum PlainText {
    /// The paragraphs of some lines: parted by blank lines; lines that a typist wrapped are joined,
    /// lines of verse are kept.
    ///
    /// - Parameter isVerse: Whether all line ends are the author's.
    package static func paragraphs(of lines: [String], isVerse: Bool) -> [String] {
        let width = wrapWidth(of: lines)
        return blocks(of: lines).map { block in
            isVerse || width.map({ keepsLines(block, width: $0) }) ?? true
                ? block.joined(separator: "\n") : joined(block)
        }
    }

    /// Runs of lines between blank ones.
    static func blocks(of lines: [String]) -> [[String]] {
        lines.split { line in line.allSatisfy(\.isWhitespace) }.map(Array.init)
    }

    /// A wrapped paragraph in one line; a dash or a word's hyphen at a line's end takes no blank.
    static func joined(_ lines: [String]) -> String {
        var result = ""
        for line in lines {
            let words = line.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
            if !result.isEmpty, !endsInDash(result) { result += " " }
            result += words
        }
        return result
    }

    private static func endsInDash(_ text: String) -> Bool {
        let isHyphenated = text.last == "-" && text.dropLast().last?.isLetter == true
        return isHyphenated || text.hasSuffix("—") || text.hasSuffix("--")
    }

    /// The column at which the text is wrapped: its longest line, within what typists use.
    ///
    /// A text with a line of over 120 characters is not wrapped at all: all its line ends count.
    private static func wrapWidth(of lines: [String]) -> Int? {
        let lengths = lines.map(\.count)
        guard !lengths.contains(where: { $0 > 120 }) else { return nil }
        return max(40, min(78, lengths.max() ?? 0))
    }

    /// Whether a paragraph's line ends are its author's.
    ///
    /// A typist ends a line because the next word does not fit; an author ends it sooner. So most
    /// ends come early in verse and none in wrapped prose.
    private static func keepsLines(_ lines: [String], width: Int) -> Bool {
        guard lines.count > 1 else { return false }
        // Ragged typing leaves some room at many ends.
        let slack = 6
        var early = 0
        for (line, next) in zip(lines, lines.dropFirst()) {
            let word = next.split(separator: " ").first?.count ?? 0
            if line.count + 1 + word <= width - slack { early += 1 }
        }
        return early * 2 > lines.count - 1
    }
}
