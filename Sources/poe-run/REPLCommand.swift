import Poe

/// What a line of the REPL asks for.
enum REPLCommand: Equatable {
    /// An empty line.
    case nothing
    /// A text to be continued.
    case prompt(String)
    /// The last prompt once more.
    case again
    /// A setting.
    case set(String, String)
    /// Model and settings.
    case show
    /// What may come after the last text, or after this one.
    case probabilities(String?)
    /// Where the last text stands in the corpus.
    case why
    /// Another model.
    case model(String)
    /// To add the last text to a file.
    case save(String)
    /// The list of commands.
    case help
    /// To leave.
    case leave

    /// The commands, as they are completed.
    static let names = [
        "/again", "/bye", "/help", "/model", "/probs", "/save", "/set", "/show", "/why",
        "/?",
    ]

    /// What `/?` shows.
    static let helpText = """
        TEXT               continue the text
        \"""                begin a text of several lines; \""" ends it
        //TEXT             continue a text that begins with a slash
        /again             another text for the last prompt, with the next seed
        /set NAME VALUE    \(GenerationOptions.settingNames.prefix(5).joined(separator: ", ")),
                           \(GenerationOptions.settingNames.dropFirst(5).joined(separator: ", "))
        /set stop "." "\\n" end texts there; /set stop none: only after predict tokens
        /probs [TEXT]      what may come next, after TEXT or after the last text
        /why               what of the last text stands word for word in the corpus
        /save FILE         add the last text to the end of a file
        /model FILE        go on with another model
        /show              the model and all settings
        /bye, Ctrl-D       leave
        Ctrl-C             stop the text, or clear the line
        Tab completes commands, names and words; the arrow keys bring back earlier lines.
        """

    /// Reads a line.
    init(_ line: String) throws(SettingError) {
        guard line.hasPrefix("/") else {
            self = .text(line)
            return
        }
        if line.hasPrefix("//") {
            self = .prompt(String(line.dropFirst()))
            return
        }
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        switch words[0] {
        case "/set" where words.count == 1, "/show": self = .show
        case "/set":
            let value = words.count > 2 ? words[2] : ""
            self = .set(words[1], value.hasPrefix("\"") ? value : Self.trimmed(value))
        case "/again": self = .again
        case "/probs":
            let text = Self.rest(of: line)
            self = .probabilities(text.isEmpty ? nil : text)
        case "/why": self = .why
        case "/model" where words.count == 1: self = .show
        case "/model": self = .model(Self.trimmed(Self.rest(of: line)))
        case "/save":
            let path = Self.trimmed(Self.rest(of: line))
            guard !path.isEmpty else {
                throw SettingError(description: "/save needs the name of a file")
            }
            self = .save(path)
        case "/?", "/help": self = .help
        case "/bye", "/exit", "/quit": self = .leave
        default:
            throw SettingError(
                description: "there is no command \(words[0]); /? lists them, and // begins a text "
                    + "that starts with a slash")
        }
    }

    /// A text to be continued, if it has any characters.
    static func text(_ text: String) -> Self { text.isEmpty ? .nothing : .prompt(text) }

    /// The words that can follow `line` and begin with `word`.
    static func completions(line: String, word: String) -> [String] {
        let before = line.split(separator: " ").map(String.init)
        let words =
            switch before.count {
            case 0: names
            case 1 where before[0] == "/set": GenerationOptions.settingNames
            case 2 where before[0] == "/set": GenerationOptions.settingWords(for: before[1])
            default: [String]()
            }
        guard !(before.isEmpty && word.isEmpty) else { return [] }
        return words.filter { $0.hasPrefix(word) }
    }

    /// What follows the command and one blank, as it was typed.
    private static func rest(of line: String) -> String {
        String(line.drop { $0 != " " }.dropFirst())
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.last == " " { text.removeLast() }
        while text.first == " " { text.removeFirst() }
        return String(text)
    }
}
