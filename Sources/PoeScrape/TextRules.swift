internal import Foundation

/// The form that a work's text has in a corpus; `formats/corpus.md` says it in words.
///
/// Applying the rules to their own result changes nothing.
package enum TextRules {
    /// A paragraph as it stands in a work's file, or an empty text if nothing is left of it.
    ///
    /// - Parameter paragraph: Lines, ended by LF.
    package static func normalized(_ paragraph: String) -> String {
        var text = canonical(paragraph)
        // In this order: the number of a note may be in italics.
        text = withoutItalics(text)
        text = withoutNotes(text)
        text = dashed(text)
        text = dotted(text)
        text = quoted(text)
        return lines(text)
    }

    /// The bytes to letters: no invisible characters, one kind of blank, NFC.
    private static func canonical(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x00AD, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2064, 0xFEFF, 0xFFFD:
                continue
            case 0x0A: result.append("\n")
            case 0x00...0x1F, 0x7F...0x9F: result.append(" ")
            case 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
                result.append(" ")
            case 0xFB00: result.append(contentsOf: "ff".unicodeScalars)
            case 0xFB01: result.append(contentsOf: "fi".unicodeScalars)
            case 0xFB02: result.append(contentsOf: "fl".unicodeScalars)
            case 0xFB03: result.append(contentsOf: "ffi".unicodeScalars)
            case 0xFB04: result.append(contentsOf: "ffl".unicodeScalars)
            default: result.append(scalar)
            }
        }
        // Last: an invisible character may have parted a letter from its accent.
        return String(result).precomposedStringWithCanonicalMapping
    }

    /// Drops the marks of italics, `_so_`.
    ///
    /// They are pairs of `_` around something, with no letter, digit or `_` on their outer sides:
    /// `my_name`, `__init__` and a name left open, `____`, stay.
    private static func withoutItalics(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "_")) else { return text }
        let input = Array(text)
        var isMark = Array(repeating: false, count: input.count)
        // Where italics may have begun; they may be within others.
        var open: [Int] = []
        for index in input.indices where input[index] == "_" {
            let follows = index > 0 && isPartOfName(input[index - 1])
            let goesOn = index + 1 < input.count && isPartOfName(input[index + 1])
            if let start = open.last, start + 1 < index, !goesOn {
                (isMark[start], isMark[index]) = (true, true)
                open.removeLast()
            } else if !follows {
                open.append(index)
            } else {
                open.removeAll()
            }
        }
        return String(zip(input, isMark).filter { !$0.1 }.map(\.0))
    }

    private static func isPartOfName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    /// Drops the marks of notes, `[1]`, `{1}`, `[*]`, `{*1}`, `(*2)`, each with a blank before it.
    private static func withoutNotes(_ text: String) -> String {
        guard text.utf8.contains(where: { noteMarks.contains($0) }) else { return text }
        let mark = #/[ ]?(?:\[\d{1,3}\]|\{\d{1,3}\}|\[\*{1,3}\]|[{(\[]\*\d{1,3}[})\]])$/#
        var output = ""
        for character in text {
            output.append(character)
            // Where a mark ends, so that one around another ends there too.
            guard "])}".contains(character),
                let length = output.suffix(7).firstMatch(of: mark)?.output.count
            else { continue }
            output.removeLast(length)
        }
        return output
    }

    private static let noteMarks = Set("[{*".utf8)

    /// Writes em dashes for what typists put in their place.
    ///
    /// Two or three hyphens, a bar, and a hyphen or short dash between blanks become one; four and
    /// more a double one. Blanks between them do not count. A single one has no blanks beside it; a
    /// double one, which stands for a suppressed name, keeps what it has.
    private static func dashed(_ text: String) -> String {
        let input = Array(text.unicodeScalars)
        guard input.contains(where: isDash) else { return text }
        var output = String.UnicodeScalarView()
        var index = 0
        while index < input.count {
            guard isDash(input[index]) else {
                output.append(input[index])
                index += 1
                continue
            }
            let end = endOfRun(in: input, from: index)
            let after = input[end...].firstIndex { $0 != " " } ?? input.count
            let dash = dash(
                for: input[index..<end], isApart: output.last == " " && after > end)
            if dash == "—" {
                while output.last == " " { output.removeLast() }
                index = after
            } else {
                index = end
            }
            output.append(contentsOf: dash.unicodeScalars)
        }
        return String(output)
    }

    private static func isDash(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "-" || scalar == "–" || scalar == "—" || scalar == "\u{2015}"
    }

    /// Where a run of hyphens and dashes ends, the blanks between them included.
    ///
    /// A double one does not go on with another behind blanks: those are two names.
    private static func endOfRun(in input: [Unicode.Scalar], from start: Int) -> Int {
        var (end, length) = (start, 0)
        while let next = input[end...].firstIndex(where: { $0 != " " }), isDash(input[next]) {
            let more = input[next...].prefix(while: isDash)
            if length >= 4, halves(more) >= 4 { break }
            (end, length) = (more.endIndex, length + halves(more))
        }
        return end
    }

    /// The length of a run in units of half an em dash.
    private static func halves(_ run: ArraySlice<Unicode.Scalar>) -> Int {
        var count = 0
        for scalar in run where scalar != " " { count += scalar == "-" || scalar == "–" ? 1 : 2 }
        return count
    }

    /// What a run of hyphens and dashes stands for.
    private static func dash(for run: ArraySlice<Unicode.Scalar>, isApart: Bool) -> String {
        let halves = halves(run)
        if halves >= 4 { return "——" }
        if halves >= 2 || isApart { return "—" }
        return String(String.UnicodeScalarView(run))
    }

    private static func dotted(_ text: String) -> String {
        guard text.utf8.count(where: { $0 == UInt8(ascii: ".") }) >= 3 else { return text }
        var text = text
        text.replace(#/\.\.\.|\. +\. +\./#, with: "…")
        return text
    }

    /// Straight quotation marks become typographic ones: a mark opens at the beginning and after a
    /// blank, a bracket, a dash or an opening mark; else it closes or is an apostrophe.
    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { straight.contains($0) }) else { return text }
        let text = text.replacing("``", with: "“").replacing("''", with: "”")
        let input = Array(text.unicodeScalars)
        var output = String.UnicodeScalarView()
        var opensDouble = true
        for (index, scalar) in input.enumerated() {
            let previous = output.last
            let opens = previous.map { opening.contains($0) } ?? true
            let next = index + 1 < input.count ? input[index + 1] : "\n"
            switch scalar {
            case "\"":
                // After a dash a mark may do either: then it does what the last one did not.
                let isOpen =
                    previous == "—" || previous == "“" ? opensDouble && next != "\n" : opens
                output.append(isOpen ? "“" : "”")
                opensDouble = !isOpen
            case "`": output.append("‘")
            case "'":
                output.append(opens && !isElision(input[(index + 1)...]) ? "‘" : "’")
            case "“", "”":
                output.append(scalar)
                opensDouble = scalar == "”"
            default: output.append(scalar)
            }
        }
        return String(output)
    }

    private static let straight = Set("\"'`".utf8)
    private static let opening: Set<Unicode.Scalar> = [
        " ", "\n", "(", "[", "{", "—", "–", "“", "‘",
    ]

    /// Whether what follows an apostrophe is a word that lost its beginning: ’tis, ’twas.
    private static func isElision(_ rest: ArraySlice<Unicode.Scalar>) -> Bool {
        let word = String(String.UnicodeScalarView(rest.prefix(8))).lowercased()
            .prefix { $0.isLetter || $0.isNumber }
        return elisions.contains(String(word)) || word.first?.isNumber == true
    }

    private static let elisions: Set<String> = [
        "tis", "twas", "twere", "twill", "twould", "twixt", "em", "neath", "mid", "mong", "gainst",
        "gan", "bout", "round", "ere", "cause", "scape", "tother", "twasn", "tisn",
    ]

    /// Drops indentation, blanks at the end of a line and double ones, and empty lines.
    private static func lines(_ text: String) -> String {
        text.split(separator: "\n")
            .map { $0.split(separator: " ").joined(separator: " ") }
            .filter { !$0.isEmpty }
            .joined(separator: "\n")
    }
}
