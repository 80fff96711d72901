import PoeCommand

/// One figure: the median of several runs and how far they spread.
struct Measurement {
    /// What was measured: `decode`, `prefill`, `load`, `train`, `tokenizer`, `limit`, `file`, `memory`.
    let measure: String
    /// Which of several things of that kind, for people.
    let detail: String
    /// Rows that ran side by side; 0 where there are none.
    let rows: Int
    let threads: Int
    let value: Double
    let unit: String
    let low: Double
    let high: Double
    let runs: Int

    /// A figure that is known, not timed.
    init(_ measure: String, _ detail: String, value: Double, unit: String) {
        self.init(measure, detail, rows: 0, threads: 1, values: [value], unit: unit)
    }

    /// The median of `values`; at least one.
    init(
        _ measure: String, _ detail: String, rows: Int = 0, threads: Int, values: [Double],
        unit: String
    ) {
        let sorted = values.sorted()
        precondition(!sorted.isEmpty, "a measurement needs a run")
        self.measure = measure
        self.detail = detail
        self.rows = rows
        self.threads = threads
        self.unit = unit
        value = sorted[sorted.count / 2]
        low = sorted[0]
        high = sorted[sorted.count - 1]
        runs = sorted.count
    }

    var json: JSON {
        .object([
            ("measure", .string(measure)), ("detail", .string(detail)), ("rows", .integer(rows)),
            ("threads", .integer(threads)), ("value", .number(value)), ("unit", .string(unit)),
            ("low", .number(low)), ("high", .number(high)), ("runs", .integer(runs)),
        ])
    }

    /// One line of the table for people.
    var line: String {
        let place = [
            rows > 0 ? Format.count(rows, "row") : nil,
            Format.count(threads, "thread"),
        ].compactMap { $0 }.joined(separator: ", ")
        let spread =
            runs > 1
            ? "  (\(Format.significant(low)) .. \(Format.significant(high)), \(runs) runs)" : ""
        return padded("\(measure) \(detail)", 34) + padded(place, 20)
            + "\(Format.significant(value)) \(unit)\(spread)"
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}

/// Times work.
enum Stopwatch {
    /// Seconds that each of `runs` calls of `work` takes, after one that does not count.
    static func seconds(runs: Int, _ work: () throws -> Void) rethrows -> [Double] {
        try work()
        return try (0..<runs).map { _ in
            let start = ContinuousClock.now
            try work()
            return (ContinuousClock.now - start) / .seconds(1)
        }
    }
}
