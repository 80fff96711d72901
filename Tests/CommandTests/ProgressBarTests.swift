import PoeCommand
import Testing

/// Collects what a bar writes, at times that the test sets.
private final class Recorder {
    var written: [String] = []
    var time = 0.0
    var width = 80

    func canvas(isTerminal: Bool, hasUnicode: Bool = true) -> ProgressBar.Canvas {
        .init(
            isTerminal: isTerminal, hasUnicode: hasUnicode, width: { self.width },
            write: { self.written.append($0) }, now: { self.time })
    }

    /// What is on the line of the last drawing.
    var line: String {
        String((written.last ?? "").dropFirst().prefix { $0 != "\u{1B}" })
    }
}

@Suite struct ProgressBarTests {
    @Test func fitsAnyWidth() {
        let recorder = Recorder()
        for width in 0...200 {
            recorder.width = width
            var bar = ProgressBar(canvas: recorder.canvas(isTerminal: true))
            bar.update("epoch 2/5", fraction: 0.437, fields: ["loss 2.31", "1,234 tokens/s"])
            #expect(recorder.line.unicodeScalars.count <= max(0, width - 1))
            if width > 60 { #expect(recorder.line.hasSuffix("43%  loss 2.31  1,234 tokens/s")) }
        }
        #expect(recorder.line.hasPrefix("epoch 2/5  █████████████"))
    }

    @Test(arguments: [-1.0, 0, 0.001, 0.5, 0.999, 1, 2, .nan])
    func barKeepsItsLength(fraction: Double) {
        let recorder = Recorder()
        for hasUnicode in [true, false] {
            let canvas = recorder.canvas(isTerminal: true, hasUnicode: hasUnicode)
            var bar = ProgressBar(canvas: canvas)
            bar.update("a", fraction: fraction, fields: [])
            let drawn = recorder.line.split(separator: "  ")[1]
            #expect(drawn.count == 30)
            #expect(hasUnicode || drawn.utf8.allSatisfy { $0 < 128 })
        }
    }

    @Test func redrawsTenTimesASecond() {
        let recorder = Recorder()
        var bar = ProgressBar(canvas: recorder.canvas(isTerminal: true))
        for step in 0..<1_000 {
            recorder.time = Double(step) * 0.01
            bar.update("a", fraction: Double(step) / 1_000, fields: [])
        }
        #expect((90...101).contains(recorder.written.count))
    }

    @Test func plainLinesGrowRare() {
        let recorder = Recorder()
        var bar = ProgressBar(canvas: recorder.canvas(isTerminal: false))
        for second in 0..<600 {
            recorder.time = Double(second)
            bar.update("a", fraction: Double(second) / 600, fields: ["x"])
        }
        recorder.time = 700
        bar.update("a", fraction: 1, fields: ["done"])
        #expect(recorder.written.first == "a  0%  x\n")
        #expect(recorder.written.last == "a  100%  done\n")
        #expect((12...18).contains(recorder.written.count))
        #expect(recorder.written.allSatisfy { !$0.contains("\r") && !$0.contains("\u{1B}") })
    }

    @Test func notesStandAboveTheBar() {
        let recorder = Recorder()
        var bar = ProgressBar(canvas: recorder.canvas(isTerminal: true))
        bar.note("first")
        bar.update("a", fraction: 0, fields: [])
        let line = recorder.line
        bar.note("second")
        #expect(recorder.written.first == "first\n")
        #expect(recorder.written.last == "\r\u{1B}[Ksecond\n" + line)
        bar.clear()
        bar.note("third")
        #expect(recorder.written.last == "third\n")
    }
}
