/// A plain text of Project Gutenberg, cut into works.
package struct GutenbergVolume {
    private let lines: [String]
    private let source: String

    /// Takes a file's text; the licence before and after the book is dropped.
    package init(_ text: String, source: String) {
        let all = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines = Self.withoutLicence(all)
        self.source = source
    }

    /// What stands between the lines that mark the book.
    package static func withoutLicence(_ lines: [String]) -> [String] {
        let start = lines.lastIndex { line in
            let line = line.uppercased()
            return line.hasPrefix("***START OF") || line.hasPrefix("*** START OF")
                || line.hasPrefix("*END*THE SMALL PRINT") || line.hasPrefix("*END THE SMALL PRINT")
        }
        let first = start.map { $0 + 1 } ?? 0
        let end = lines[first...].firstIndex { line in
            let line = line.uppercased()
            return line.hasPrefix("***END OF") || line.hasPrefix("*** END OF")
                || line.hasPrefix("END OF PROJECT GUTENBERG")
                || line.hasPrefix("END OF THE PROJECT GUTENBERG")
        }
        return Array(lines[first..<(end ?? lines.endIndex)])
    }

    /// The works, in the book's order.
    ///
    /// The book's table of contents names them; where it has none, lines that are a known title do.
    package func works() -> [GatheredWork] {
        let blocks = PlainText.blocks(of: lines)
        let (entries, bodyStart) = contents(blocks)
        let headings =
            entries.isEmpty
            ? knownHeadings(blocks) : headings(blocks, entries: entries, from: bodyStart)
        var works: [GatheredWork] = []
        for (index, heading) in headings.enumerated() {
            let limit = index + 1 < headings.count ? headings[index + 1].start : blocks.count
            guard !heading.isFrontMatter else { continue }
            let body = Self.withoutNotes(Array(blocks[heading.end..<limit]))
            if let work = work(heading.title, body) { works.append(work) }
        }
        return works
    }

    private struct Heading {
        var title: String
        /// Blocks that the heading takes.
        var start: Int
        var end: Int
        var isFrontMatter: Bool { GutenbergVolume.isFrontMatter(Catalogue.key(title)) }
    }

    // MARK: Contents

    /// The titles of the table of contents, and the block after it.
    ///
    /// It ends where one of its first three titles comes a second time: titles may be repeated
    /// within the table, but not so soon.
    private func contents(_ blocks: [[String]]) -> (entries: [String], end: Int) {
        let start = blocks.firstIndex { block in
            let first = Catalogue.key(block[0])
            return first == "contents" || first == "tableofcontents"
        }
        guard let start else { return ([], 0) }
        var titles = blocks[start].dropFirst().map(Self.entry).filter { !$0.isEmpty }
        for index in blocks.indices[(start + 1)...].prefix(400) {
            let firstKeys = titles.prefix(3).map(Catalogue.key)
            if Self.begins(blocks, at: index, with: firstKeys) { return (titles, index) }
            titles += blocks[index].map(Self.entry).filter { !$0.isEmpty }
        }
        return ([], 0)
    }

    /// Whether a heading, in one block or in two, is one of some titles.
    private static func begins(_ blocks: [[String]], at index: Int, with keys: [String]) -> Bool {
        guard blocks[index].count <= 3 else { return false }
        let heading = entry(blocks[index].joined(separator: " "))
        let next = index + 1 < blocks.count ? " " + blocks[index + 1].joined(separator: " ") : ""
        return [heading, heading + next].map(Catalogue.key)
            .contains { !$0.isEmpty && keys.contains($0) }
    }

    /// A heading or a line of the contents without a number or a year before it, note marks, dots
    /// and page number after it.
    private static func entry(_ line: String) -> String {
        var text = line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        text = withoutPage(text)
        text.replace(#/ *[(\[{]?\*+[0-9]*[)\]}]?$/#, with: "")
        text.replace(#/^([IVXLC]+|[0-9]{1,4})\. +/#, with: "")
        return text
    }

    /// A line without the page number at its end and the dots that lead to it, two at least.
    ///
    /// One pass: a pattern with stars on both sides of the dots would try every way to share a
    /// long row between them.
    private static func withoutPage(_ line: String) -> String {
        let digits = "0123456789ivxlc"
        guard let last = line.lastIndex(where: { !digits.contains($0) }) else { return line }
        let (lead, page) = (line[...last], line[line.index(after: last)...])
        let end = lead.lastIndex { $0 != " " && $0 != "." }.map { lead.index(after: $0) }
        let title = lead[..<(end ?? lead.startIndex)]
        let dots = String(lead[title.endIndex...])
        let isLeader = dots.contains("..") || dots.contains(". .")
        return isLeader && !page.isEmpty ? String(title) : line
    }

    /// Where the titles of the contents stand as headings: blocks of their own, in order.
    private func headings(_ blocks: [[String]], entries: [String], from start: Int) -> [Heading] {
        var headings: [Heading] = []
        var position = start
        let keys = entries.map(Catalogue.key)
        for (index, key) in keys.enumerated() {
            guard !key.isEmpty, let found = find(key, in: blocks, from: position) else { continue }
            // A title that comes only after the next one is not where it should be: another thing
            // of that name, and what lies between is not its to skip.
            if index + 1 < keys.count, keys[index + 1] != key,
                let next = find(keys[index + 1], in: blocks, from: position),
                next.lowerBound < found.lowerBound
            {
                continue
            }
            headings.append(
                Heading(title: entries[index], start: found.lowerBound, end: found.upperBound))
            position = found.upperBound
        }
        return headings
    }

    /// The first block, or two blocks one after the other, that are a title and nothing else.
    private func find(_ key: String, in blocks: [[String]], from start: Int) -> Range<Int>? {
        guard !key.isEmpty else { return nil }
        for index in blocks.indices[start...] where blocks[index].count <= 3 {
            let heading = Self.entry(blocks[index].joined(separator: " "))
            let block = Catalogue.key(heading)
            if block == key { return index..<(index + 1) }
            guard !block.isEmpty, key.hasPrefix(block), index + 1 < blocks.count,
                blocks[index + 1].count <= 2
            else { continue }
            let next = blocks[index + 1].joined(separator: " ")
            if Catalogue.key(Self.entry(heading + " " + next)) == key {
                return index..<(index + 2)
            }
        }
        return nil
    }

    private func knownHeadings(_ blocks: [[String]]) -> [Heading] {
        blocks.indices.compactMap { index in
            guard blocks[index].count == 1 else { return nil }
            let title = Self.entry(blocks[index][0])
            let isLoud = title == title.uppercased()
            guard isLoud, Catalogue.entry(title) != nil || Self.isFrontMatter(Catalogue.key(title))
            else { return nil }
            return Heading(title: title, start: index, end: index + 1)
        }
    }

    // MARK: A work

    private func work(_ heading: String, _ blocks: [[String]]) -> GatheredWork? {
        let known = Catalogue.entry(heading)
        var blocks = blocks
        // Editors put a poem's date under it.
        while let last = blocks.last, last.count == 1,
            last[0].contains(#/^ *[(\[]?1[78][0-9]{2}\.?[)\]]?\.? *$/#)
        {
            blocks.removeLast()
        }
        let lines = Array(blocks.joined(separator: [""]))
        let paragraphs = PlainText.paragraphs(of: lines, isVerse: known?.kind == .poem)
        let work = GatheredWork(
            title: known?.title ?? Self.calm(heading), kind: known?.kind, year: known?.year,
            rawParagraphs: paragraphs, source: source)
        // A heading over other headings has no text of its own.
        return work.paragraphs.isEmpty ? nil : work
    }

    /// The blocks before the editor's notes, single notes and pictures left out.
    private static func withoutNotes(_ blocks: [[String]]) -> [[String]] {
        let end = blocks.firstIndex { block in
            let key = Catalogue.key(block[0])
            return block.count <= 2 && (key == "notes" || key == "footnotes" || key == "endoftext")
                || key.hasPrefix("notesto") && block.count <= 2 || block[0].contains("~~~ End")
        }
        return blocks[..<(end ?? blocks.endIndex)].filter { block in
            let first = block[0].drop { $0 == " " }
            return !first.hasPrefix("[Illustration") && !first.hasPrefix("[Footnote")
                && !first.hasPrefix("[Note") && !first.hasPrefix("Footnote")
                && first.prefixMatch(of: #/[{(\[]\*?[0-9]{1,3}[})\]]/#) == nil
                && first.prefixMatch(of: #/\* +[A-Z]/#) == nil
        }
    }

    /// A title in capitals with capitals only where words begin.
    static func calm(_ title: String) -> String {
        guard title == title.uppercased() else { return title }
        let small: Set<String> = [
            "a", "an", "and", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the",
            "to", "with",
        ]
        let words = title.lowercased().split(separator: " ").map(String.init)
        return words.enumerated().map { index, word in
            guard index == 0 || !small.contains(word) else { return word }
            var isStart = true
            return String(
                word.map { letter -> Character in
                    defer { isStart = "-—\"“(".contains(letter) }
                    return isStart ? Character(letter.uppercased()) : letter
                })
        }.joined(separator: " ")
    }

    /// Titles, as keys, of what editors put into the volumes, and of headings over other headings.
    private static func isFrontMatter(_ key: String) -> Bool {
        let whole: Set<String> = [
            "preface", "memoir", "introduction", "notes", "footnotes", "bibliography", "dedication",
            "lifeofpoe", "deathofpoe", "edgarallanpoeanappreciation", "appreciation", "contents",
            "edgarpoe", "edgarallanpoe", "doubtfulpoems", "poems", "poemsoflaterlife",
            "poemsofmanhood", "poemsofyouth", "deathofedgarapoe", "introductiontopoems1831",
            // Not Poe's, as is known by now.
            "toisadore", "villagestreet", "forestreverie", "listofillustrations", "illustrations",
            "prefacetopoems1831", "editorspreface", "endoftext",
        ]
        return whole.contains(key) || key.hasPrefix("notesto") || key.hasPrefix("prefacetothe")
    }

    /// The works of several volumes, each once.
    ///
    /// A title that an earlier volume has is left out, as often as that volume has it: two poems of
    /// one title in one volume are two works.
    package static func withoutRepetitions(_ volumes: [[GatheredWork]]) -> [GatheredWork] {
        var kept: [GatheredWork] = []
        var counts: [String: Int] = [:]
        for volume in volumes {
            var own: [String: Int] = [:]
            for work in volume {
                let key = work.kind.rawValue + Catalogue.key(work.title)
                own[key, default: 0] += 1
                if own[key, default: 0] > counts[key, default: 0] { kept.append(work) }
            }
            counts.merge(own) { max($0, $1) }
        }
        return kept
    }
}
