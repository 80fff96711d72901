/// A picture of a training: loss against epochs, as SVG.
///
/// Training loss is drawn faintly step by step and as its mean by epoch, validation loss as points
/// with the best one marked. The picture takes the light or dark colours of the page it stands in.
package struct LossCurve {
    private let history: TrainingHistory
    private let title: String
    private let width = 720.0
    private let height = 420.0
    /// Margins around the axes.
    private let left = 64.0
    private let right = 24.0
    private let top = 48.0
    private let bottom = 52.0

    package init(_ history: TrainingHistory, title: String) {
        self.history = history
        self.title = title
    }

    /// The SVG document.
    package var svg: String {
        let scale = Scale(history)
        var body = frame(scale)
        body += polyline(
            history.steps.map { (epochs(at: $0.step), $0.loss) }, "steps", scale)
        let training = history.epochs.map { (Double($0.epoch) - 0.5, $0.trainingLoss) }
        body += polyline(training, "training", scale)
        let validation = history.epochs.compactMap { record in
            record.validationLoss.map { (Double(record.epoch), $0) }
        }
        body += polyline(validation, "validation", scale)
        for point in validation { body += circle(point, "validation-point", scale) }
        if let best = history.best, let loss = best.validationLoss {
            body += circle((Double(best.epoch), loss), "best", scale)
            let at = x(Double(best.epoch), scale)
            body += text(
                at, y(loss, scale) - 12, at > 0.8 * width ? "end" : "middle",
                "best \(fixed(loss, 3)) (epoch \(best.epoch))")
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(width)) \(Int(height))" \
            role="img" aria-label="\(escaped(title)): loss by epoch">
            \(Self.style)
            \(text(left, 26, "start", escaped(title), "title"))
            \(body)</svg>

            """
    }

    /// Extent of the axes.
    private struct Scale {
        let epochs: Double
        let low: Double
        let high: Double
        let tick: Double

        init(_ history: TrainingHistory) {
            let losses =
                history.epochs.flatMap { [$0.trainingLoss, $0.validationLoss ?? $0.trainingLoss] }
                + history.steps.dropFirst(history.steps.count / 20).map(\.loss)
            let (least, most) = (losses.min() ?? 0, losses.max() ?? 1)
            let span = max(most - least, 0.1)
            tick = [0.05, 0.1, 0.2, 0.5, 1, 2, 5].first { span / $0 <= 7 } ?? 10
            low = (least / tick).rounded(.down) * tick
            high = max((most / tick).rounded(.up) * tick, low + tick)
            epochs = max(1, Double(history.epochs.last?.epoch ?? history.steps.last?.epoch ?? 1))
        }
    }

    /// Where a step lies on the axis of epochs.
    private func epochs(at step: Int) -> Double {
        var before = (epoch: 0.0, step: 0)
        for record in history.epochs {
            if step <= record.step {
                return before.epoch + Double(step - before.step) / Double(record.step - before.step)
            }
            before = (Double(record.epoch), record.step)
        }
        let perEpoch = before.epoch > 0 ? Double(before.step) / before.epoch : Double(max(step, 1))
        return before.epoch + Double(step - before.step) / perEpoch
    }

    private func x(_ epochs: Double, _ scale: Scale) -> Double {
        left + min(epochs / scale.epochs, 1) * (width - left - right)
    }

    private func y(_ loss: Double, _ scale: Scale) -> Double {
        let share = (loss - scale.low) / (scale.high - scale.low)
        return height - bottom - min(max(share, 0), 1.02) * (height - top - bottom)
    }

    private func frame(_ scale: Scale) -> String {
        var out = ""
        let count = Int(((scale.high - scale.low) / scale.tick).rounded())
        for i in 0...count {
            let loss = scale.low + Double(i) * scale.tick
            let at = fixed(y(loss, scale), 1)
            out +=
                "<path class=\"grid\" d=\"M\(fixed(left, 1)) \(at)H\(fixed(width - right, 1))\"/>\n"
            out += text(left - 8, y(loss, scale) + 4, "end", fixed(loss, scale.tick < 0.1 ? 2 : 1))
        }
        let every = max(1, Int((scale.epochs / 12).rounded(.up)))
        for epoch in stride(from: 0, through: Int(scale.epochs), by: every) {
            out += text(x(Double(epoch), scale), height - bottom + 20, "middle", "\(epoch)")
        }
        out += text((left + width - right) / 2, height - 10, "middle", "epochs")
        out += text(width - right, 26, "end", "nats per token", "muted")
        out += legend(width - right - 290, "training", "training (with dropout)")
        out += legend(width - right - 90, "validation", "validation")
        return out
    }

    private func legend(_ x: Double, _ style: String, _ label: String) -> String {
        "<path class=\"\(style)\" d=\"M\(fixed(x, 1)) \(fixed(top - 6, 1))h18\"/>\n"
            + text(x + 24, top - 2, "start", label)
    }

    private func polyline(_ points: [(Double, Double)], _ style: String, _ scale: Scale) -> String {
        guard points.count > 1 else { return "" }
        let path = points.map { "\(fixed(x($0.0, scale), 1)),\(fixed(y($0.1, scale), 1))" }
        return "<polyline class=\"\(style)\" points=\"\(path.joined(separator: " "))\"/>\n"
    }

    private func circle(_ point: (Double, Double), _ style: String, _ scale: Scale) -> String {
        let radius = style == "best" ? 6 : 3
        return "<circle class=\"\(style)\" cx=\"\(fixed(x(point.0, scale), 1))\" "
            + "cy=\"\(fixed(y(point.1, scale), 1))\" r=\"\(radius)\"/>\n"
    }

    private func text(
        _ x: Double, _ y: Double, _ anchor: String, _ words: String, _ style: String = "label"
    ) -> String {
        "<text class=\"\(style)\" x=\"\(fixed(x, 1))\" y=\"\(fixed(y, 1))\" "
            + "text-anchor=\"\(anchor)\">\(words)</text>\n"
    }

    private func escaped(_ words: String) -> String {
        words.reduce(into: "") { out, character in
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
    }

    private static let style = """
        <style>
        svg{background:#fffdf8;font:13px Georgia,serif}
        .label,.muted{fill:#5b5348}.title{fill:#1d1a16;font-size:17px}
        .grid{stroke:#e6dfd2}.steps{fill:none;stroke:#b9ab95;stroke-width:.7;opacity:.7}
        .training{fill:none;stroke:#8a5a2b;stroke-width:2}
        .validation{fill:none;stroke:#7b1e2b;stroke-width:2.2}.validation-point{fill:#7b1e2b}
        .best{fill:none;stroke:#7b1e2b;stroke-width:2}
        @media (prefers-color-scheme:dark){svg{background:#16130f}.label,.muted{fill:#b5a991}
        .title{fill:#efe6d4}.grid{stroke:#332d25}.steps{stroke:#6d614e}.training{stroke:#d09a5f}
        .validation{stroke:#e0707f}.validation-point{fill:#e0707f}.best{stroke:#e0707f}}
        </style>
        """
}

/// `value` with `digits` after the point, without a locale.
func fixed(_ value: Double, _ digits: Int) -> String {
    var unit = 1.0
    for _ in 0..<digits { unit *= 10 }
    let scaled = (value.magnitude * unit).rounded()
    guard scaled.isFinite, scaled < 1e15 else { return "\(value)" }
    let whole = Int(scaled)
    let sign = value < 0 && whole > 0 ? "-" : ""
    guard digits > 0 else { return sign + "\(whole)" }
    let fraction = "\(whole % Int(unit))"
    return sign + "\(whole / Int(unit))."
        + String(repeating: "0", count: digits - fraction.count) + fraction
}
