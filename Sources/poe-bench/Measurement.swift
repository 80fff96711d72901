import PoeCommand

/// One figure: the median of several runs and how far they spread, beside what the machine allows.
struct Measurement {
    /// What was measured: `decode`, `generate`, `prefill`, `load`, `start`, `train`, `tokenizer`,
    /// `limit`, `file`, `memory`.
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
    /// The most that the limits measured in this run allow, in the same unit, where there is such a bound.
    let bound: Double?

    /// The part of the bound that was reached.
    var share: Double? { bound.map { value / $0 } }

    /// A figure that is known, not timed.
    init(_ measure: String, _ detail: String, value: Double, unit: String) {
        self.init(measure, detail, threads: 1, values: [value], unit: unit)
    }

    /// The median of `values`; at least one.
    init(
        _ measure: String, _ detail: String, rows: Int = 0, threads: Int, values: [Double],
        unit: String, bound: Double? = nil
    ) {
        let sorted = values.sorted()
        precondition(!sorted.isEmpty, "a measurement needs a run")
        self.measure = measure
        self.detail = detail
        self.rows = rows
        self.threads = threads
        self.unit = unit
        self.bound = bound
        value = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        low = sorted[0]
        high = sorted[sorted.count - 1]
        runs = sorted.count
    }

    var json: JSON {
        var members: [(String, JSON)] = [
            ("measure", .string(measure)), ("detail", .string(detail)), ("rows", .integer(rows)),
            ("threads", .integer(threads)), ("value", .number(value)), ("unit", .string(unit)),
            ("low", .number(low)), ("high", .number(high)), ("runs", .integer(runs)),
        ]
        if let bound, let share {
            members += [("bound", .number(bound)), ("share", .number(share))]
        }
        return .object(members)
    }
}

/// The table for people, a line as soon as its figure is known.
extension Measurement {
    private static let columns = [
        "measure", "rows", "threads", "median", "lowest", "highest", "runs", "bound", "reached",
    ]

    /// The names of the columns of ``line``.
    static var heading: String { layOut(columns) }

    /// One line of the table.
    var line: String {
        Self.layOut([
            detail.isEmpty ? measure : "\(measure): \(detail)", rows > 0 ? Format.count(rows) : "",
            Format.count(threads), "\(Format.significant(value)) \(unit)",
            runs > 1 ? Format.significant(low) : "", runs > 1 ? Format.significant(high) : "",
            runs > 1 ? Format.count(runs) : "", bound.map(Format.significant) ?? "",
            share.map { Format.fixed(100 * $0, 0) + " %" } ?? "",
        ])
    }

    /// The first column to the left, all others to the right.
    private static func layOut(_ cells: [String]) -> String {
        let widths = [35, 5, 8, 18, 9, 9, 5, 9, 8]
        var line = ""
        for (i, (cell, width)) in zip(cells, widths).enumerated() {
            let blanks = String(repeating: " ", count: max(1, width - cell.count))
            line += i == 0 ? cell + blanks : blanks + cell
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}
