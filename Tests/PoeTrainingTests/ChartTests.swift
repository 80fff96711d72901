import Foundation
import PoeTraining
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct ChartTests {
    private func chart(_ series: [Chart.Series], title: String = "a chart") -> String {
        Chart(title: title, xName: "passes", yName: "nats", series: series).svg
    }

    /// Where the names of lines begin.
    private func namePlaces(_ svg: String) -> [Double] {
        svg.split(separator: "\n").compactMap { line in
            guard line.contains("class=\"name"), let at = line.firstRange(of: " x=\"") else {
                return nil
            }
            return Double(line[at.upperBound...].prefix { $0 != "\"" })
        }
    }

    /// A letter of the charts' font is 6.6 wide on average, and 13 high; the picture is 720 wide.
    @Test func longNamesHaveRoom() throws {
        for (name, length) in [
            ("bpe-quarter-dropout-0.3", 152), (String(repeating: "n", count: 40), 264),
            (String(repeating: "鴉", count: 20), 260),
        ] as [(String, Double)] {
            let lines = ["short", name].map { Chart.Series($0, [(0, 3), (10, 2)], color: 0) }
            let places = namePlaces(chart(lines))
            #expect(places.count == 2)
            for place in places { #expect(place + length <= 720, "\(name)") }
        }
        // Names that have room in the usual margin do not change it.
        for name in ["a", "training, dropout on"] {
            #expect(namePlaces(chart([Chart.Series(name, [(0, 3), (10, 2)], color: 0)])) == [578])
        }
        // A name does not take the place of what it names.
        let endless = String(repeating: "n", count: 1_000)
        let place = try #require(
            namePlaces(chart([Chart.Series(endless, [(0, 3), (10, 2)], color: 0)])).first)
        #expect(place > 300)
    }

    @Test(arguments: [Chart.Series.Style.line, .points, .faint, .dashed])
    func aLineOfOnePointIsSeen(_ style: Chart.Series.Style) {
        let one = chart([Chart.Series("one", [(1, 2)], style: style, color: 1)])
        #expect(one.contains("<circle class=\"point c1\"") && !one.contains("<polyline"))
        let two = chart([Chart.Series("two", [(1, 2), (2, 1)], style: style, color: 1)])
        #expect(two.contains("<polyline") && two.contains("<circle") == (style == .points))
    }

    /// A `<` with a mark on it is one character, and no XML may hold control characters.
    @Test func anyTitleIsWellFormed() {
        let title = "<\u{338} &\u{301} >\u{338} \"\u{301} \u{0}\u{1}\u{1B}\u{FFFE}\u{FFFF}"
        let svg = chart([Chart.Series(title, [(0, 1), (1, 2)], color: 0)], title: title)
        let parser = XMLParser(data: Data(svg.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
    }
}
