import Poe
import PoeCommand

/// Shows texts in the order in which they were asked for, the first unfinished one as it grows.
struct TextPrinter {
    private let terminal = Terminal(.output)
    private let prompts: [String]
    private let sampleCount: Int
    private let seed: UInt64
    private let showsPrompt: Bool
    /// What has come and has not been shown, text by text.
    private var waiting: [String]
    private var isDone: [Bool]
    /// The text that is being shown; what stands before it has been written.
    private var current = 0
    private var endsLine = true

    /// Makes a printer and shows the beginning of the first text.
    init(prompts: [String], samples: Int, seed: UInt64, showsPrompt: Bool) throws {
        self.prompts = prompts
        self.seed = seed
        self.showsPrompt = showsPrompt
        sampleCount = samples
        waiting = Array(repeating: "", count: prompts.count * samples)
        isDone = Array(repeating: false, count: prompts.count * samples)
        try begin()
    }

    /// Takes a piece of a text, and shows what can be shown by now.
    mutating func append(_ piece: TextPiece) throws {
        let index = piece.prompt * sampleCount + piece.sample
        waiting[index] += piece.text
        isDone[index] = piece.isLast
        guard index == current else { return }
        try flush()
        while current < isDone.count, isDone[current] { try end() }
    }

    /// Ends all texts that have not ended: no piece follows.
    ///
    /// Those that an interruption kept from beginning are passed over.
    mutating func finish(_ completions: [Completion]) throws {
        while current < completions.count {
            try end {
                completions[$0].finishReason != .interrupt || !completions[$0].tokens.isEmpty
            }
        }
    }

    private mutating func end(_ isShown: (Int) -> Bool = { _ in true }) throws {
        if !endsLine { try Output.write("\n") }
        repeat { current += 1 } while current < waiting.count && !isShown(current)
        guard current < waiting.count else { return }
        try begin()
        try flush()
    }

    private mutating func begin() throws {
        let prompt = prompts[current / sampleCount]
        let isShown = showsPrompt && !prompt.isEmpty
        let beginning = heading + (isShown ? terminal.styled(prompt, .dim) : "")
        endsLine = !isShown || prompt.utf8.last == UInt8(ascii: "\n")
        if !beginning.isEmpty { try Output.write(beginning) }
    }

    private mutating func flush() throws {
        let text = waiting[current]
        guard let last = text.utf8.last else { return }
        waiting[current] = ""
        endsLine = last == UInt8(ascii: "\n")
        try Output.write(text)
    }

    /// What stands before a text where there are several.
    private var heading: String {
        var parts: [String] = []
        if prompts.count > 1 {
            parts.append("prompt \(current / sampleCount + 1) of \(prompts.count)")
        }
        if sampleCount > 1 {
            parts.append("sample \(current % sampleCount + 1) of \(sampleCount)")
        }
        guard !parts.isEmpty else { return "" }
        let line = "--- " + (parts + ["seed \(seed)"]).joined(separator: ", ") + " ---"
        return (current > 0 ? "\n" : "") + terminal.styled(line, .bold) + "\n"
    }
}
