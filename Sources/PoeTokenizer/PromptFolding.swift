import PoeCore

/// Rewrites a prompt into the spelling that the vocabulary has.
///
/// One rule for all folds: a fold applies where the description sets its flag, what is written is
/// not in the vocabulary as it stands, and what it becomes is. For the single characters (line ends,
/// accents, quotation marks) "not in the vocabulary" is taken literally; `--` and `...` are never
/// single tokens of an alphabet, so there the flag alone says that the corpus writes them otherwise.
///
/// Every scalar keeps the offset it had in the prompt, so that an error can name the place.
struct PromptFolding {
    /// A scalar of the folded prompt, and where in the prompt it comes from.
    struct Placed {
        var scalar: Unicode.Scalar
        var offset: Int
    }

    let folds: TokenizerDescription.Folds
    let knows: (Unicode.Scalar) -> Bool

    /// The folded text, folds in this order: line ends, composition, dashes, ellipses, quotes.
    func fold(_ text: String) -> [Placed] {
        var scalars = composed(text)
        if folds.contains(.lineEnds), knows("\n") { scalars = lineEndsFolded(scalars) }
        if folds.contains(.dashes), knows("—") {
            scalars = runsFolded(scalars, of: "-", each: 2, to: "—")
        }
        if folds.contains(.ellipses), knows("…") {
            scalars = runsFolded(scalars, of: ".", each: 3, to: "…")
        }
        if folds.contains(.quotes) { quotesFolded(&scalars) }
        return scalars
    }

    /// Composes where that makes an unknown character known: each grapheme cluster by itself, since
    /// canonical composition does not reach beyond one.
    private func composed(_ text: String) -> [Placed] {
        guard folds.contains(.canonicalComposition), !text.unicodeScalars.allSatisfy(knows) else {
            return text.unicodeScalars.enumerated().map { Placed(scalar: $1, offset: $0) }
        }
        var result: [Placed] = []
        var offset = 0
        for character in text {
            let scalars = character.unicodeScalars
            defer { offset += scalars.count }
            if !scalars.allSatisfy(knows) {
                let composed = String(character).canonicallyComposed
                if composed.allSatisfy(knows) {
                    result += composed.map { Placed(scalar: $0, offset: offset) }
                    continue
                }
            }
            for (i, scalar) in scalars.enumerated() {
                result.append(Placed(scalar: scalar, offset: offset + i))
            }
        }
        return result
    }

    /// CR LF, and CR alone, become LF where CR is unknown.
    private func lineEndsFolded(_ scalars: [Placed]) -> [Placed] {
        guard !knows("\r") else { return scalars }
        var result: [Placed] = []
        for (i, placed) in scalars.enumerated() {
            if placed.scalar == "\n", i > 0, scalars[i - 1].scalar == "\r" { continue }
            let isReturn = placed.scalar == "\r"
            result.append(isReturn ? Placed(scalar: "\n", offset: placed.offset) : placed)
        }
        return result
    }

    /// Each `width` of a run of `sign` become one `target`.
    ///
    /// Of hyphens an odd one is dropped (`---` is a dash too); of dots the rest stay (`....` ends a
    /// sentence).
    private func runsFolded(
        _ scalars: [Placed], of sign: Unicode.Scalar, each width: Int, to target: Unicode.Scalar
    ) -> [Placed] {
        var result: [Placed] = []
        var i = 0
        while i < scalars.count {
            var end = i
            while end < scalars.count, scalars[end].scalar == sign { end += 1 }
            guard end - i >= width else {
                end = max(end, i + 1)
                result += scalars[i..<end]
                i = end
                continue
            }
            while end - i >= width {
                result.append(Placed(scalar: target, offset: scalars[i].offset))
                i += width
            }
            if sign != "-" { result += scalars[i..<end] }
            i = end
        }
        return result
    }

    /// Straight quotation marks that are unknown become typographic ones that are known.
    private func quotesFolded(_ scalars: inout [Placed]) {
        for i in scalars.indices {
            let straight = scalars[i].scalar
            guard straight == "\"" || straight == "'", !knows(straight) else { continue }
            let before = i > 0 ? scalars[i - 1].scalar : nil
            let after = scalars[(i + 1)...].prefix(7).map(\.scalar)
            let opens =
                opensQuote(before, after.first)
                && !(straight == "'" && Self.beginsElision(after))
            let curly: Unicode.Scalar =
                switch (straight, opens) {
                case ("\"", true): "“"
                case ("\"", false): "”"
                case (_, true): "‘"
                case (_, false): "’"
                }
            if knows(curly) { scalars[i].scalar = curly }
        }
    }

    /// A mark opens at the beginning, after a blank, an opening bracket or another opening mark, and
    /// after a dash if a letter or digit follows; otherwise it closes, or is an apostrophe.
    private func opensQuote(_ before: Unicode.Scalar?, _ after: Unicode.Scalar?) -> Bool {
        guard let before, CharacterClass(before) != .blank else { return true }
        switch before {
        case "(", "[", "{", "“", "‘": return true
        case "—", "–", "-":
            guard let after else { return false }
            return CharacterClass(after) == .letter || CharacterClass(after) == .number
        default: return false
        }
    }

    /// Whether the letters after a mark are a word whose beginning an apostrophe replaces, as in
    /// 'tis; or digits, as in '45.
    private static func beginsElision(_ after: [Unicode.Scalar]) -> Bool {
        if let first = after.first, CharacterClass(first) == .number { return true }
        var word = String.UnicodeScalarView()
        for scalar in after {
            guard CharacterClass(scalar) == .letter else { break }
            word.append(scalar)
        }
        return elisions.contains(String(word).lowercased())
    }

    private static let elisions: Set<String> = [
        "tis", "twas", "twere", "twill", "twould", "em", "neath", "gainst", "mongst", "mid",
    ]
}
