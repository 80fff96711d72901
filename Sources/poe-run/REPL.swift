import Poe
import PoeCommand
import PoeCore
import PoemFile

/// Reads prompts and commands one after the other.
struct REPL {
    private var session: Session
    private var settings: GenerationOptions
    /// Where `/why` looks.
    private var corpus: CorpusLookup?
    private let editor: LineEditor
    /// What `/again` goes on from.
    private var last: (prompt: String, seed: UInt64)?
    /// The last text with its prompt.
    private var lastText: String?

    /// How many of the tokens that may come next are shown.
    private static let alternatives = 10

    init(session: Session, settings: GenerationOptions, corpus: CorpusLookup? = nil) {
        self.session = session
        self.settings = settings
        self.corpus = corpus
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
        guard let text = whole(line) else { return true }
        editor.remember(text)
        do {
            // What stands in a block is text, whatever it begins with.
            let command = line.hasPrefix(Self.fence) ? .text(text) : try REPLCommand(text)
            switch command {
            case .nothing: break
            case .prompt(let prompt): try generate(prompt)
            case .again: try again()
            case .set(let name, let value):
                try settings.set(name, to: value)
                Output.note("\(name) = \(settings.text(of: name))")
            case .show: show()
            case .probabilities(let text): try showProbabilities(after: text)
            case .why: tellWhy()
            case .model(let path): try switchModel(to: path)
            case .save(let path): try save(to: path)
            case .help: Output.note(REPLCommand.helpText)
            case .leave: return false
            }
        } catch let error as SettingError {
            Output.note(error.description)
        } catch let error as any ClassifiedError
            where [.usage, .malformed].contains(error.failureKind)
        {
            // Another prompt, or another model, can still be given.
            Output.note(error.description)
        }
        return true
    }

    /// What begins and ends a block of lines.
    private static let fence = #"""""#

    /// The line, or all lines to the closing fence if it begins with one; nil when it is given up.
    private func whole(_ line: String) -> String? {
        guard line.hasPrefix(Self.fence) else { return line }
        var text = String(line.dropFirst(Self.fence.count))
        while !text.hasSuffix(Self.fence) {
            switch editor.read(prompt: ". ") {
            case .text(let next): text += "\n" + next
            case .interrupted: return nil
            case .end:
                Output.note("the text has no end: \(Self.fence) is missing; it was not continued")
                return nil
            }
        }
        return String(text.dropLast(Self.fence.count))
    }

    private mutating func generate(_ prompt: String) throws {
        try generate(prompt, seed: settings.seed ?? Session.randomSeed())
    }

    private mutating func again() throws {
        guard let last else {
            Output.note("there is no prompt yet")
            return
        }
        try generate(last.prompt, seed: last.seed &+ 1)
    }

    private mutating func generate(_ prompt: String, seed: UInt64) throws {
        last = (prompt, seed)
        Interrupt.clear()
        let texts = try session.generate(
            [prompt], settings: settings, seed: seed, samples: 1, tellsSeed: true)
        lastText = texts.first.map { prompt + $0.text }
        Interrupt.clear()
    }

    /// The likeliest tokens that may come next, each with a bar as long as its probability.
    private func showProbabilities(after text: String?) throws {
        guard let text = text ?? lastText else {
            Output.note("there is no text yet; /probs TEXT shows what may follow TEXT")
            return
        }
        let found = try session.alternatives(
            after: text, count: Self.alternatives, unknown: settings.unknown)
        let bars = ProbabilityBars(found, Terminal(.error))
        Output.note(bars.text)
    }

    /// What the last text has from the corpus word for word.
    private mutating func tellWhy() {
        guard corpus != nil else {
            Output.note("there is no corpus to look into; start with poe-run -i --corpus FOLDER")
            return
        }
        guard let lastText else {
            Output.note("there is no text yet")
            return
        }
        if let report = corpus?.report(on: lastText) { Output.note(report) }
    }

    /// A file that is missing, or is no model, is no reason to leave.
    private mutating func switchModel(to path: String) throws {
        do {
            session = try session.with(model: path)
            Output.note(session.facts.map { "\($0.0) \($0.1)" }.joined(separator: "; "))
        } catch let error as any ClassifiedError {
            Output.note(error.description)
        }
    }

    /// Nor is a file that cannot be written.
    private func save(to path: String) throws {
        guard let lastText else {
            Output.note("there is no text to save yet")
            return
        }
        do {
            try add(lastText, to: path)
            Output.note(
                "\(path): \(Format.count(lastText.unicodeScalars.count, "character")) added")
        } catch let error as any ClassifiedError {
            Output.note(error.description)
        } catch is Interrupted where editor.isInteractive {
            // Ctrl-C ends the waiting for a pipe, not the conversation.
        }
    }

    private func add(_ text: String, to path: String) throws {
        let before = TextFile.exists(path) ? try InputText.read(path) : ""
        let gap = before.isEmpty ? "" : before.hasSuffix("\n") ? "\n" : "\n\n"
        try TextFile.write(before + gap + text + "\n", to: path)
    }

    private func show() {
        let width = GenerationOptions.settingNames.map(\.count).max() ?? 0
        var lines = session.facts.map { pad($0.0, width) + $0.1 }
        lines += GenerationOptions.settingNames.map { pad($0, width) + settings.text(of: $0) }
        Output.note(lines.joined(separator: "\n"))
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count) + 2)
    }
}
