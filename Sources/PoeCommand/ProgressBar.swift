/// The progress of long work on standard error: one line that is redrawn on a terminal, else a
/// plain line now and then.
///
/// Not thread-safe: one thread owns it.
package struct ProgressBar {
    /// Where a bar is drawn.
    package struct Canvas {
        /// Whether a line can be redrawn.
        package var isTerminal: Bool
        /// Whether more than ASCII can be drawn.
        package var hasUnicode: Bool
        /// Columns at the moment.
        package var width: () -> Int
        /// Shows text.
        package var write: (String) -> Void
        /// Seconds since some fixed moment.
        package var now: () -> Double

        /// Standard error, as the terminal is.
        package static var standardError: Canvas {
            let terminal = Terminal(.error)
            let start = ContinuousClock.now
            return Canvas(
                isTerminal: terminal.isTerminal, hasUnicode: terminal.hasUnicode,
                width: { terminal.width }, write: { Output.writeToError($0) },
                now: { (ContinuousClock.now - start) / .seconds(1) })
        }

        /// Makes a canvas.
        package init(
            isTerminal: Bool, hasUnicode: Bool, width: @escaping () -> Int,
            write: @escaping (String) -> Void, now: @escaping () -> Double
        ) {
            self.isTerminal = isTerminal
            self.hasUnicode = hasUnicode
            self.width = width
            self.write = write
            self.now = now
        }
    }

    /// Seconds between two drawings on a terminal.
    package static let redrawInterval = 0.1
    /// Seconds between the first two plain lines; the interval doubles with each line up to
    /// ``longestLineInterval``, so that short work says something and long work fills no log.
    package static let shortestLineInterval = 2.0
    /// Seconds between plain lines in the long run.
    package static let longestLineInterval = 60.0

    private let canvas: Canvas
    private var line = ""
    private var isShown = false
    private var nextDrawing = 0.0
    private var lineInterval = ProgressBar.shortestLineInterval

    /// A bar that shows nothing before its first update.
    package init(canvas: Canvas = .standardError) {
        self.canvas = canvas
    }

    /// Shows how far the work is, if it is time to.
    ///
    /// - Parameters:
    ///   - title: What stands before the bar, such as `epoch 2/5`.
    ///   - fraction: The part that is done, 0 to 1.
    ///   - fields: What stands behind it, most important first; what does not fit is left out.
    ///     They are made only when they are shown.
    package mutating func update(
        _ title: String, fraction: Double, fields: @autoclosure () -> [String]
    ) {
        let now = canvas.now()
        guard now >= nextDrawing else { return }
        show(title, fraction, fields())
        if canvas.isTerminal {
            nextDrawing = now + Self.redrawInterval
        } else {
            nextDrawing = now + lineInterval
            lineInterval = min(2 * lineInterval, Self.longestLineInterval)
        }
    }

    /// Writes a line of its own above the bar.
    package mutating func note(_ text: String) {
        guard isShown else {
            canvas.write(text + "\n")
            return
        }
        canvas.write("\r\u{1B}[K" + text + "\n" + line)
    }

    /// Takes the bar from the terminal, so that other output can follow.
    package mutating func clear() {
        if isShown { canvas.write("\r\u{1B}[K") }
        isShown = false
        nextDrawing = 0
    }

    private mutating func show(_ title: String, _ fraction: Double, _ fields: [String]) {
        let fraction = fraction.isFinite ? min(max(fraction, 0), 1) : 0
        let percent = "\(Int(fraction * 100))%"
        guard canvas.isTerminal else {
            canvas.write(([title, percent] + fields).joined(separator: "  ") + "\n")
            return
        }
        // The last column stays free: some terminals wrap when it is written.
        line = fitted(title, fraction, percent, fields, width: canvas.width() - 1)
        canvas.write("\r" + line + "\u{1B}[K")
        isShown = true
    }

    private func fitted(
        _ title: String, _ fraction: Double, _ percent: String, _ fields: [String], width: Int
    ) -> String {
        let shortestBar = 8
        var fields = fields
        func room() -> Int {
            let text = ([title, "", percent] + fields).joined(separator: "  ")
            return width - text.unicodeScalars.count
        }
        while room() < shortestBar, !fields.isEmpty { fields.removeLast() }
        guard room() >= shortestBar else {
            return String((title + "  " + percent).unicodeScalars.prefix(max(0, width)))
        }
        let bar = drawn(fraction, columns: min(room(), 30))
        return ([title, bar, percent] + fields).joined(separator: "  ")
    }

    private func drawn(_ fraction: Double, columns: Int) -> String {
        guard canvas.hasUnicode else {
            let done = Int(fraction * Double(columns))
            return String(repeating: "#", count: done)
                + String(repeating: ".", count: columns - done)
        }
        let eighths = Int(fraction * Double(columns * 8))
        let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let full = eighths / 8
        return String(repeating: "█", count: full) + part
            + String(repeating: "░", count: columns - full - (part.isEmpty ? 0 : 1))
    }
}
