/// A picture of a training: loss against epochs, as SVG.
///
/// Training loss is drawn faintly step by step and as its mean by epoch, validation loss as points
/// with the best one marked.
package struct LossCurve {
    private let history: TrainingHistory
    private let title: String

    package init(_ history: TrainingHistory, title: String) {
        self.history = history
        self.title = title
    }

    /// The SVG document.
    package var svg: String {
        let steps = history.steps.map { (x: history.epochs(at: $0.step), y: $0.loss) }
        let training = history.epochs.map { (x: Double($0.epoch) - 0.5, y: $0.trainingLoss) }
        let validation = history.validationPoints(perCharacter: false)
        // The first steps fall from so high that they would press the rest together.
        let seen = (steps.dropFirst(steps.count / 20) + training + validation)
            .filter(Chart.canBeDrawn).map(\.y)
        let best = history.best.flatMap { best in
            best.validationLoss.map { "best \(fixed($0, 3)) (epoch \(best.epoch))" }
        }
        return Chart(
            title: title, xName: "epochs", yName: "nats per token",
            series: [
                Chart.Series("", steps, style: .faint, color: 1),
                Chart.Series("training, dropout on", training, color: 1),
                Chart.Series(
                    "validation", validation, style: .points, color: 0, lowestLabel: best),
            ], yRange: seen.min().flatMap { low in seen.max().map { low...$0 } }
        ).svg
    }
}

extension TrainingHistory {
    /// Validation loss at the end of each epoch that has one.
    package func validationPoints(perCharacter: Bool) -> [(x: Double, y: Double)] {
        epochs.compactMap { record in
            (perCharacter ? record.validationNatsPerCharacter : record.validationLoss)
                .map { (x: Double(record.epoch), y: $0) }
        }
    }

    /// Where a step lies on the axis of epochs.
    fileprivate func epochs(at step: Int) -> Double {
        var before = (epoch: 0.0, step: 0)
        for record in epochs {
            if step <= record.step {
                return before.epoch + Double(step - before.step) / Double(record.step - before.step)
            }
            before = (Double(record.epoch), record.step)
        }
        let perEpoch = before.epoch > 0 ? Double(before.step) / before.epoch : Double(max(step, 1))
        return before.epoch + Double(step - before.step) / perEpoch
    }
}
