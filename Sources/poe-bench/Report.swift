import PoeCommand

/// The figures of a run, shown as they come or, as JSON, at the end.
final class Report {
    private let isJSON: Bool
    private var measurements: [Measurement] = []

    init(isJSON: Bool) {
        self.isJSON = isJSON
    }

    /// Takes a figure, and shows it unless the output is JSON.
    func add(_ measurement: Measurement) throws {
        if !isJSON {
            if measurements.isEmpty { try Output.write(Measurement.heading + "\n") }
            try Output.write(measurement.line + "\n")
        }
        measurements.append(measurement)
    }

    /// Writes what can only be written when all figures are there.
    func finish() throws {
        guard isJSON else { return }
        try Output.write(try JSON.array(measurements.map(\.json)).encoded() + "\n")
    }
}
