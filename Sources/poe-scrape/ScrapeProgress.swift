import PoeCommand

/// What is seen while works are gathered: a bar, and lines above it.
final class ScrapeProgress {
    private var bar = ProgressBar()
    private let isQuiet: Bool

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Shows how far the work is.
    func update(done: Int, total: Int, title: String) {
        guard !isQuiet else { return }
        let fraction = Double(done) / Double(max(total, 1))
        bar.update("\(done)/\(total)", fraction: fraction, fields: title.isEmpty ? [] : [title])
    }

    /// Tells of something worth knowing, also when quiet: it is about texts that are left out.
    func note(_ text: String) {
        bar.clear()
        Output.warn(text)
    }

    /// Takes the bar away.
    func clear() { bar.clear() }
}
