import ArgumentParser
import PoeCommand
import PoeCore
import PoeTraining
import PoemFile

/// The subcommand `curves`.
struct CurvesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "curves",
        abstract: "Draw the losses of several trainings into one picture.",
        discussion: """
            Reads the .train.csv files that poe-train writes, each with a name of its own before it or \
            without, and writes SVG: validation loss as points with the lowest marked, training loss, \
            with dropout, as dashes in the same colour.

            Example: poe-model curves "0.1=a.train.csv" "0.3=b.train.csv" --title Dropout -o dropout.svg
            """)

    @Argument(
        help: "NAME=FILE or FILE, a training's .train.csv; named after the file unless given.")
    var logs: [String]

    @Option(name: [.short, .customLong("output")], help: "The picture, an .svg file.")
    var output: String

    @Option(help: "Stands over the picture.")
    var title = "Loss"

    @Flag(help: "Nats per character, to compare tokenizers; validation alone.")
    var perCharacter = false

    @Flag(help: "Leave the training losses out.")
    var validationOnly = false

    @Option(help: "What an epoch is called on the axis.")
    var xName = "passes over the text"

    func run() throws {
        var series: [Chart.Series] = []
        for (index, argument) in logs.enumerated() {
            let (name, path) = Self.parts(argument)
            let history = TrainingHistory(csv: try InputText.read(path), through: .max)
            guard !history.epochs.isEmpty else {
                throw CommandFailure(
                    .malformed,
                    "\(path): no epoch of a training is in it; expected a .train.csv of poe-train")
            }
            if onlyValidation.isEmpty {
                series.append(
                    Chart.Series(
                        "", history.epochs.map { (Double($0.epoch) - 0.5, $0.trainingLoss) },
                        style: .dashed, color: index))
            }
            let points = history.validationPoints(perCharacter: perCharacter)
            guard !points.isEmpty || onlyValidation.isEmpty else {
                throw CommandFailure(
                    .malformed,
                    "\(path): no validation loss is in it, as of a training without a validation text; "
                        + "leave out \(onlyValidation.joined(separator: " and "))")
            }
            let lowest = points.map(\.y).min().map { Format.fixed($0, 3) }
            series.append(
                Chart.Series(
                    name, points, style: .points, color: index, lowestLabel: lowest))
        }
        let chart = Chart(
            title: title, xName: xName,
            yName: perCharacter ? "nats per character" : "nats per token",
            series: series)
        try TextFile.write(chart.svg, to: output)
    }

    /// The options after which nothing but validation is drawn.
    private var onlyValidation: [String] {
        (perCharacter ? ["--per-character"] : []) + (validationOnly ? ["--validation-only"] : [])
    }

    /// The name and the file of an argument; a file's own name may have an equals sign.
    private static func parts(_ argument: String) -> (name: String, path: String) {
        if !TextFile.exists(argument), let equals = argument.firstIndex(of: "=") {
            return (
                String(argument[..<equals]), String(argument[argument.index(after: equals)...])
            )
        }
        let file = argument.split(separator: "/").last.map(String.init) ?? argument
        return (file.replacing(".train.csv", with: ""), argument)
    }
}
