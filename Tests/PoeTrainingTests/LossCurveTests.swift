import Foundation
import PoeTraining
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct LossCurveTests {
    private func history(epochs: Int) -> TrainingHistory {
        var history = TrainingHistory()
        for step in 1...max(1, epochs * 10) {
            history.steps.append(
                StepRecord(
                    step: step, epoch: (step - 1) / 10 + 1, loss: 6 / Double(step).squareRoot(),
                    learningRate: 1e-3, gradientNorm: 1))
        }
        for epoch in stride(from: 1, through: epochs, by: 1) {
            history.epochs.append(
                EpochRecord(
                    epoch: epoch, step: epoch * 10, trainingLoss: 4 / Double(epoch),
                    validationLoss: 4 + abs(Double(epoch) - 3), validationNatsPerCharacter: 2))
        }
        return history
    }

    @Test(arguments: [0, 1, 2, 5, 40]) func isWellFormed(_ epochs: Int) {
        let svg = LossCurve(history(epochs: epochs), title: "Poe & <others>").svg
        let parser = XMLParser(data: Data(svg.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(!svg.contains("nan") && !svg.contains("inf"))
    }

    @Test func marksTheBestEpoch() {
        let svg = LossCurve(history(epochs: 5), title: "five").svg
        #expect(svg.contains("best 4.000 (epoch 3)"))
        #expect(svg.components(separatedBy: "class=\"point c0\"").count == 6)
    }

    @Test func aDamagedLogIsDrawnAsFarAsItGoes() {
        var damaged = history(epochs: 3)
        for (i, loss) in [Double.nan, .infinity, 1e308, -1e308].enumerated() {
            damaged.steps[25 + i].loss = loss
            damaged.epochs[1].trainingLoss = loss
            damaged.epochs[2].validationLoss = loss
            let svg = LossCurve(damaged, title: "damaged").svg
            #expect(svg.contains("polyline") && !svg.contains("nan"))
        }
    }

    @Test func namesDoNotCoverEachOther() {
        let lines = (0..<8).map { i in
            Chart.Series(
                "run \(i)", [(0, 3), (10, 1 + Double(i) / 1_000)], style: .dashed, color: i)
        }
        let svg = Chart(title: "eight", xName: "passes", yName: "nats", series: lines).svg
        let places = svg.split(separator: "\n").compactMap { line -> Double? in
            guard line.contains("class=\"name"), let at = line.firstRange(of: " y=\"") else {
                return nil
            }
            return Double(line[at.upperBound...].prefix { $0 != "\"" })
        }
        #expect(places.count == 8)
        for (above, below) in zip(places, places.dropFirst()) { #expect(below - above >= 15) }
        #expect(places.allSatisfy { $0 > 40 && $0 < 380 })
    }
}
