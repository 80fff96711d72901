import PoeCommand
import PoeCore

/// Reads prompts and commands one after the other.
struct REPL {
    private let session: Session
    private var settings: Settings
    private let editor: LineEditor
    /// What `/again` repeats: the prompt, its seed, and the number of its next text.
    private var last: (prompt: String, seed: UInt64, sample: Int)?

    init(session: Session, settings: Settings) {
        self.session = session
        self.settings = settings
        editor = LineEditor(completions: REPLCommand.completions)
    }

    /// Runs until `/bye` or the end of input.
    mutating func run(first prompt: String?) throws {
        if editor.isInteractive {
            Output.note("Type a prompt and press Return. /? for help, /bye to leave.")
        }
        if let prompt { try generate(prompt) }
        while true {
            switch editor.read(prompt: "> ") {
            case .end: return
            case .interrupted where editor.isInteractive: continue
            case .interrupted: throw Interrupted()
            case .text(let line):
                if try !handle(line) { return }
            }
        }
    }

    /// False when the person wants to leave.
    private mutating func handle(_ line: String) throws -> Bool {
        guard let text = try whole(line) else { return true }
        editor.remember(text)
        do {
            switch try REPLCommand(text) {
            case .nothing: break
            case .prompt(let prompt): try generate(prompt)
            case .again: try again()
            case .set(let name, let value):
                try settings.set(name, to: value)
                Output.note("\(name) = \(settings.text(of: name))")
            case .show: show()
            case .help: Output.note(REPLCommand.helpText)
            case .leave: return false
            }
        } catch let error as SettingError {
            Output.note(error.description)
        } catch let error as PromptError {
            Output.note(error.description)
        }
        return true
    }

    /// The line, or all lines to the closing `\"""` if it begins with one; nil when it is given up.
    private func whole(_ line: String) throws -> String? {
        guard line.hasPrefix(#"""""#) else { return line }
        var text = String(line.dropFirst(3))
        while !text.hasSuffix(#"""""#) {
            switch editor.read(prompt: ". ") {
            case .text(let next): text += "\n" + next
            case .end, .interrupted: return nil
            }
        }
        return String(text.dropLast(3))
    }

    private mutating func generate(_ prompt: String) throws {
        let seed = settings.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        last = (prompt, seed, 0)
        try again()
    }

    private mutating func again() throws {
        guard let (prompt, seed, sample) = last else {
            Output.note("there is no prompt yet")
            return
        }
        if sample > 0 { Output.note("sample \(sample + 1), seed \(seed)") }
        last?.sample += 1
        var settings = settings
        settings.seed = seed
        Interrupt.clear()
        _ = try session.generate(
            prompts: [prompt], settings: settings, samples: sample..<sample + 1)
        Interrupt.clear()
    }

    private func show() {
        let width = Settings.names.map(\.count).max() ?? 0
        var lines = session.facts.map { pad($0.0, width) + $0.1 }
        lines += Settings.names.map { pad($0, width) + settings.text(of: $0) }
        Output.note(lines.joined(separator: "\n"))
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count) + 2)
    }
}
