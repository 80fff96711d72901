extension ArgumentSyntax {
    /// One line: how the program is called.
    package var usage: String {
        "\(name) [<options>] [<\(argument.value ?? "argument")>]"
    }

    /// What `--help` shows, in lines that fit the terminal.
    func help() -> String {
        let columns = Environment["COLUMNS"].flatMap { Int($0) } ?? Terminal(.output).width
        let width = max(columns, Self.column + 20) - 1
        var lines = Self.wrapped("OVERVIEW: " + abstract, width)
        for paragraph in discussion.split(separator: "\n") {
            lines += [""] + Self.wrapped(String(paragraph), width)
        }
        lines += ["", "USAGE: " + usage, "", "ARGUMENTS:"]
        lines += Self.entry("<\(argument.value ?? "argument")>", argument.help, width)
        for group in groups {
            lines += ["", group.title.uppercased() + ":"]
            for flag in group.flags {
                let label = flag.names.joined(separator: ", ")
                lines += Self.entry(
                    label + (flag.value.map { " <\($0)>" } ?? ""), flag.help, width)
                lines += flag.words.map { word in
                    let name = String(repeating: " ", count: 8) + word.name
                    return Self.padded(name) + "- " + word.meaning
                }
            }
        }
        lines += ["", "OPTIONS:"]
        lines += Self.entry("--version", "Show the version.", width)
        lines += Self.entry("-h, --help", "Show help information.", width)
        return lines.map { $0 + "\n" }.joined()
    }

    /// Where the explanations begin.
    private static var column: Int { 26 }

    private static func padded(_ text: String) -> String {
        text + String(repeating: " ", count: max(0, column - text.count))
    }

    private static func entry(_ label: String, _ help: String, _ width: Int) -> [String] {
        let label = "  " + label
        var lines = wrapped(help, width - column).map { padded("") + $0 }
        guard label.count < column, !lines.isEmpty else { return [label] + lines }
        lines[0] = padded(label) + lines[0].dropFirst(column)
        return lines
    }

    /// Lines of at most `width` characters, cut between words.
    private static func wrapped(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
