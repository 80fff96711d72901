/// Lines over two axes, as SVG: every picture of a training is one.
///
/// The picture takes the light or dark colours of the page it stands in, and its lines are named where
/// they end, not in a legend.
package struct Chart: Sendable {
    /// One line.
    package struct Series: Sendable {
        /// How a line is drawn.
        package enum Style: Sendable {
            /// A line.
            case line
            /// A line with a point for each value, the lowest of which is marked.
            case points
            /// Thin and pale: what lies behind.
            case faint
            /// A line of dashes.
            case dashed
        }

        /// Stands at the end of the line; nothing if empty.
        package var name: String
        package var points: [(x: Double, y: Double)]
        package var style: Style
        /// Which of the chart's colours, counted from 0, it has.
        package var color: Int
        /// Stands beside the lowest of its points, if any.
        package var lowestLabel: String?

        package init(
            _ name: String, _ points: [(x: Double, y: Double)], style: Style = .line,
            color: Int, lowestLabel: String? = nil
        ) {
            (self.name, self.points, self.style) = (name, points, style)
            (self.color, self.lowestLabel) = (color, lowestLabel)
        }
    }

    package var title: String
    package var xName: String
    package var yName: String
    package var series: [Series]
    /// The range of values that has to be seen, taken from the lines unless given.
    package var yRange: ClosedRange<Double>?

    package init(
        title: String, xName: String, yName: String, series: [Series],
        yRange: ClosedRange<Double>? = nil
    ) {
        (self.title, self.xName, self.yName) = (title, xName, yName)
        (self.series, self.yRange) = (series, yRange)
    }

    private static let width = 720.0, height = 420.0
    /// Margins around the axes.
    private static let left = 64.0, top = 48.0, bottom = 52.0

    /// The margin on the right, where the names of the lines stand: the longest has room, unless it
    /// would leave too little to the lines.
    private var right: Double {
        let longest = series.map { Self.length($0.name) }.max() ?? 0
        return min(max(150, longest + 10), 360)
    }

    /// How long words come out at most, roughly: fonts differ, and letters of other scripts are wider.
    private static func length(_ words: String) -> Double {
        words.unicodeScalars.reduce(0.0) { $0 + ($1.isASCII ? 7 : 13) }
    }

    /// The SVG document.
    package var svg: String {
        let scale = Scale(self)
        let lines = series.map { line($0, scale) }.joined()
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" \
            role="img" aria-label="\(Self.escaped("\(title): \(yName) by \(xName)"))">
            \(Self.style)
            \(Self.text(Self.left, 26, "start", title, "title"))\(frame(scale))\(lines)\(names(scale))</svg>

            """
    }

    /// Not so for what a damaged log may hold: no number, or one without measure.
    static func canBeDrawn(_ point: (x: Double, y: Double)) -> Bool {
        point.x.magnitude < 1e12 && point.y.magnitude < 1e12
    }

    /// From values to places.
    private struct Scale {
        let x: ClosedRange<Double>
        let y: ClosedRange<Double>
        let xTick: Double
        let yTick: Double
        /// Where the axes end on the right.
        let end: Double

        init(_ chart: Chart) {
            end = Chart.width - chart.right
            let points = chart.series.flatMap(\.points).filter(Chart.canBeDrawn)
            let most = max(points.map(\.x).max() ?? 1, 1e-9)
            // Passes are counted: parts of one would only look exact.
            xTick = max(Self.tick(most, 12), min(1, most))
            x = 0...most
            let low = chart.yRange?.lowerBound ?? points.map(\.y).min() ?? 0
            let high = chart.yRange?.upperBound ?? points.map(\.y).max() ?? 1
            yTick = Self.tick(max(high - low, 0.05), 7)
            let floor = (low / yTick).rounded(.down) * yTick
            y = floor...max((high / yTick).rounded(.up) * yTick, floor + yTick)
        }

        /// A round number of which at most `count` fit into `span`.
        private static func tick(_ span: Double, _ count: Double) -> Double {
            var unit = 0.001
            while true {
                for factor in [1.0, 2, 5] where span / (unit * factor) <= count {
                    return unit * factor
                }
                unit *= 10
            }
        }

        func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
            let across = (point.x - x.lowerBound) / (x.upperBound - x.lowerBound)
            let up = (point.y - y.lowerBound) / (y.upperBound - y.lowerBound)
            return (
                Chart.left + min(max(across, 0), 1) * (end - Chart.left),
                Chart.height - Chart.bottom
                    - min(max(up, 0), 1.02) * (Chart.height - Chart.top - Chart.bottom)
            )
        }
    }

    private func frame(_ scale: Scale) -> String {
        var out = ""
        let end = scale.end
        for i in 0...Int(((scale.y.upperBound - scale.y.lowerBound) / scale.yTick).rounded()) {
            let value = scale.y.lowerBound + Double(i) * scale.yTick
            let at = scale.place((0, value)).y
            out +=
                "<path class=\"grid\" d=\"M\(fixed(Self.left, 1)) \(fixed(at, 1))H\(fixed(end, 1))\"/>\n"
            out += Self.text(
                Self.left - 8, at + 4, "end", fixed(value, Self.decimals(scale.yTick)))
        }
        for i in 0...Int((scale.x.upperBound / scale.xTick).rounded(.down)) {
            let value = Double(i) * scale.xTick
            out += Self.text(
                scale.place((value, 0)).x, Self.height - Self.bottom + 20, "middle",
                fixed(value, Self.decimals(scale.xTick)))
        }
        out += Self.text((Self.left + end) / 2, Self.height - 10, "middle", xName)
        return out + Self.text(Self.width - 24, 26, "end", yName)
    }

    private static func decimals(_ tick: Double) -> Int {
        (0...3).first { abs((tick * power(10, $0)).rounded() - tick * power(10, $0)) < 1e-9 } ?? 3
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1) { product, _ in product * base }
    }

    private func line(_ series: Series, _ scale: Scale) -> String {
        let places = series.points.filter(Self.canBeDrawn).map(scale.place)
        let color = "c\(series.color % Self.colorCount)"
        let kind =
            switch series.style {
            case .line, .points: "line"
            case .faint: "faint"
            case .dashed: "dashed"
            }
        var out = ""
        if places.count > 1 {
            let path = places.map { "\(fixed($0.x, 1)),\(fixed($0.y, 1))" }
            out +=
                "<polyline class=\"\(kind) \(color)\" points=\"\(path.joined(separator: " "))\"/>\n"
        } else if let only = places.first, series.style != .points {
            // A line of one point is none.
            out += Self.circle(only, 3, "point \(color)")
        }
        guard series.style == .points else { return out }
        // So many that they would run into each other are left to the line.
        for place in places.count <= 60 ? places : [] {
            out += Self.circle(place, 3, "point \(color)")
        }
        guard let lowest = places.max(by: { $0.y < $1.y }) else { return out }
        out += Self.circle(lowest, 6, "best \(color)")
        guard let label = series.lowestLabel else { return out }
        let isFarRight = lowest.x > 0.6 * Self.width
        return out + Self.text(lowest.x, lowest.y - 12, isFarRight ? "end" : "middle", label)
    }

    /// Names where the lines end, moved apart where they would cover each other.
    private func names(_ scale: Scale) -> String {
        var ends: [(y: Double, series: Series)] = []
        for series in series where !series.name.isEmpty {
            guard let last = series.points.last(where: Self.canBeDrawn) else { continue }
            ends.append((scale.place(last).y, series))
        }
        ends.sort { $0.y < $1.y }
        var out = ""
        var free = Self.top
        for (index, end) in ends.enumerated() {
            // What is below has to find room too.
            let lowest = Self.height - Self.bottom - 15 * Double(ends.count - 1 - index)
            let at = min(max(end.y, free), lowest)
            free = at + 15
            out += Self.text(
                scale.end + 8, at + 4, "start", end.series.name,
                "name c\(end.series.color % Self.colorCount)")
        }
        return out
    }

    private static func circle(
        _ place: (x: Double, y: Double), _ radius: Int, _ style: String
    ) -> String {
        "<circle class=\"\(style)\" cx=\"\(fixed(place.x, 1))\" "
            + "cy=\"\(fixed(place.y, 1))\" r=\"\(radius)\"/>\n"
    }

    private static func text(
        _ x: Double, _ y: Double, _ anchor: String, _ words: String, _ style: String = "label"
    ) -> String {
        "<text class=\"\(style)\" x=\"\(fixed(x, 1))\" y=\"\(fixed(y, 1))\" "
            + "text-anchor=\"\(anchor)\">\(escaped(words))</text>\n"
    }

    /// Words as they stand in XML.
    ///
    /// By scalars: a `<` is one also where the next scalar combines with it.
    private static func escaped(_ words: String) -> String {
        words.unicodeScalars.reduce(into: "") { out, scalar in
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            // No XML may hold these, not even by their numbers.
            case "\0"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}":
                out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
    }

    /// Colours on light and on dark paper, told apart by their lightness too.
    private static let colors: [(light: String, dark: String)] = [
        ("#7b1e2b", "#e0707f"), ("#8a5a2b", "#d09a5f"), ("#2f5d62", "#7fb5bb"),
        ("#4b3f72", "#a99bd8"), ("#5b6b1f", "#b3c46a"), ("#1d1a16", "#efe6d4"),
    ]
    private static let colorCount = colors.count

    private static let style: String = {
        func rules(_ color: (Int) -> String) -> String {
            (0..<colorCount).map { i in
                ".line.c\(i),.faint.c\(i),.dashed.c\(i),.best.c\(i){stroke:\(color(i))}"
                    + ".point.c\(i),.name.c\(i){fill:\(color(i))}"
            }.joined(separator: "\n")
        }
        return """
            <style>
            svg{background:#fffdf8;font:13px Georgia,serif}
            .label{fill:#5b5348}.title{fill:#1d1a16;font-size:17px}.grid{stroke:#e6dfd2}
            polyline,.best{fill:none}.line,.best{stroke-width:2}
            .faint{stroke-width:.7;opacity:.5}.dashed{stroke-width:1.5;stroke-dasharray:5 4}
            \(rules { colors[$0].light })
            @media (prefers-color-scheme:dark){svg{background:#16130f}.label{fill:#b5a991}
            .title{fill:#efe6d4}.grid{stroke:#332d25}
            \(rules { colors[$0].dark })}
            </style>
            """
    }()
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
