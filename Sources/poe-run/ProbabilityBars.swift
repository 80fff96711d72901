import PoeCommand

/// Tokens and their probabilities, a line each with a bar.
struct ProbabilityBars {
    /// Shares are finite numbers.
    private let tokens: [(text: String, share: Double)]
    private let terminal: Terminal
    /// Characters of the longest bar.
    private static let longest = 40.0

    init(_ tokens: [(text: String, share: Double)], _ terminal: Terminal) {
        self.tokens = tokens
        self.terminal = terminal
    }

    /// The lines; the bars are relative to the likeliest token, the figures are not.
    var text: String {
        let names = tokens.map { Self.visible($0.text) }
        let width = max("rest".count, names.map(\.count).max() ?? 0)
        let most = max(tokens.map(\.share).max() ?? 1, 1e-9)
        var lines = zip(names, tokens).map { name, token in
            let share = Format.fixed(100 * token.share, 1)
            return name + blanks(width - name.count) + blanks(7 - share.count) + share + " %  "
                + bar(token.share / most)
        }
        let rest = 100 * (1 - tokens.reduce(0) { $0 + $1.share })
        if rest > 0.05 {
            let share = Format.fixed(rest, 1)
            lines.append(
                terminal.styled(
                    "rest" + blanks(width - 4) + blanks(7 - share.count) + share + " %", .dim))
        }
        return lines.joined(separator: "\n")
    }

    private func blanks(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }

    private func bar(_ share: Double) -> String {
        let eighths = Int((share * Self.longest * 8).rounded())
        guard terminal.hasUnicode else { return String(repeating: "#", count: (eighths + 4) / 8) }
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }

    /// A token as it can be told from others: blanks and line ends are seen, and nothing moves the
    /// cursor.
    private static func visible(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { out, scalar in
            switch scalar {
            case " ": out += "␣"
            case "\n": out += "↵"
            case _ where scalar.properties.generalCategory == .control:
                out += "\\u{\(String(scalar.value, radix: 16))}"
            default: out.unicodeScalars.append(scalar)
            }
        }
    }
}
