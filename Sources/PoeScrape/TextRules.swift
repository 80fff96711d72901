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
        text = withoutMarks(text)
        text = dashed(text)
        text = dotted(text)
        text = quoted(text)
        return lines(text)
    }

    /// The bytes to letters: NFC, one kind of blank, no invisible characters.
    private static func canonical(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.precomposedStringWithCanonicalMapping.unicodeScalars {
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
        return String(result)
    }

    /// Drops the marks of italics, `_so_`, and of notes, `[1]`, `{*1}`, `(*2)`, `[Footnote 3]`.
    private static func withoutMarks(_ text: String) -> String {
        var text = text
        guard text.utf8.contains(where: { marks.contains($0) }) else { return text }
        text.replace(#/[ ]?(\[\d{1,3}\]|\{\d{1,3}\}|\[\*{1,3}\]|[{(\[]\*\d{1,3}[})\]])/#, with: "")
        if text.contains("_") {
            text.replace(#/_([^_]+)_/#) { $0.output.1 }
        }
        return text
    }

    private static let marks = Set("[{*_".utf8)

    /// Writes em dashes for what typists put in their place.
    ///
    /// Two or three hyphens, a bar, and a hyphen or short dash between blanks become one; four and
    /// more a double one. A single one has no blanks beside it; a double one, which stands for a
    /// suppressed name, keeps what it has.
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
            let end = input[index...].firstIndex { !isDash($0) } ?? input.count
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

    /// What a run of hyphens and dashes stands for, in units of half an em dash.
    private static func dash(for run: ArraySlice<Unicode.Scalar>, isApart: Bool) -> String {
        let halves = run.reduce(0) { $0 + ($1 == "-" || $1 == "–" ? 1 : 2) }
        if halves >= 4 { return "——" }
        if halves >= 2 || isApart { return "—" }
        return String(String.UnicodeScalarView(run))
    }

    private static func dotted(_ text: String) -> String {
        guard text.utf8.count(where: { $0 == UInt8(ascii: ".") }) >= 3 else { return text }
        var text = text
        text.replace(#/(\.\.\.|\. \. \.)/#, with: "…")
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
