import PoeCommand

/// Shows texts in the order in which they were asked for, the first unfinished one as it grows.
struct SamplePrinter {
    private let terminal = Terminal(.output)
    private let showsPrompt: Bool
    private let seed: UInt64
    private let promptCount: Int
    private let sampleCount: Int
    /// The text that is being shown.
    private var current = 0
    /// Bytes of it that have been shown; nil before its heading.
    private var shown: Int?
    private var endsLine = true

    /// A printer of texts in the order prompt 0, sample 0; prompt 0, sample 1; ...
    init(showsPrompt: Bool, seed: UInt64, promptCount: Int, sampleCount: Int) {
        self.showsPrompt = showsPrompt
        self.seed = seed
        self.promptCount = promptCount
        self.sampleCount = sampleCount
    }

    /// Shows what can be shown by now.
    mutating func update(_ samples: [Sample], isDone: (Int) -> Bool) throws {
        while current < samples.count {
            try show(samples[current])
            guard isDone(current) else { return }
            if !endsLine { try Output.write("\n") }
            (current, shown, endsLine) = (current + 1, nil, true)
        }
    }

    private mutating func show(_ sample: Sample) throws {
        let text = sample.assembler.text
        var new = ""
        if shown == nil {
            new = heading(of: sample)
            if showsPrompt { new += terminal.styled(sample.prompt, .dim) }
        }
        new += String(text[text.utf8.index(text.startIndex, offsetBy: shown ?? 0)...])
        shown = text.utf8.count
        guard !new.isEmpty else { return }
        try Output.write(new)
        endsLine = new.utf8.last == UInt8(ascii: "\n")
    }

    /// What stands before a text where there are several.
    private func heading(of sample: Sample) -> String {
        var parts: [String] = []
        if promptCount > 1 { parts.append("prompt \(sample.promptIndex + 1) of \(promptCount)") }
        if sampleCount > 1 { parts.append("sample \(sample.sample + 1) of \(sampleCount)") }
        guard !parts.isEmpty else { return "" }
        let line = "--- " + (parts + ["seed \(seed)"]).joined(separator: ", ") + " ---"
        return (current > 0 ? "\n" : "") + terminal.styled(line, .bold) + "\n"
    }
}
