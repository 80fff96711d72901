import PoemFile

/// Where a training keeps its files: all beside the model, under its name.
package struct RunFiles: Sendable, Equatable {
    /// The finished model, `NAME.poem`.
    package let model: String
    /// `NAME` with its folder.
    private let base: String
    /// The folder and name of reports.
    private let reportBase: String

    /// Files for the model at `model`; the log and the curve go to `reportFolder` if given.
    package init(model: String, reportFolder: String? = nil) {
        self.model = model
        base = model.hasSuffix(".poem") ? String(model.dropLast(5)) : model
        let name = base.split(separator: "/").last.map(String.init) ?? base
        reportBase = reportFolder.map { "\($0)/\(name)" } ?? base
    }

    /// Everything needed to go on after an interruption.
    package var checkpoint: String { base + ".checkpoint.poem" }
    /// The weights of the epoch with the lowest validation loss, lossless.
    package var best: String { base + ".best.poem" }
    /// The weights after the last step, lossless.
    package var last: String { base + ".last.poem" }
    /// The weights after an epoch, counted from 1, lossless.
    package func epoch(_ number: Int) -> String { base + ".epoch-\(number).poem" }

    /// All models that a run writes but those of single epochs.
    package var models: [String] { [model, best, last, checkpoint] }

    /// Whether a run that keeps the weights of so many epochs replaces the file at `path`.
    package func replaces(_ path: String, keptEpochs: Int) -> Bool {
        models.contains { TextFile.isSame($0, path) }
            || (0..<keptEpochs).contains { TextFile.isSame(epoch($0 + 1), path) }
    }

    /// Losses as comma-separated values.
    package var log: String { reportBase + ".train.csv" }
    /// Losses as a picture.
    package var lossCurve: String { reportBase + ".loss.svg" }
}
