import PoeCore
import PoeModel
import Testing

@Suite("Compact grid")
struct GridTests {
    @Test("symbols are the nearest, halves to the even one")
    func rounding() {
        let values: [Float] = [0, 0.24, 0.25, 0.26, 0.75, 1.25, -0.25, -0.75, 63.5, -63.5]
        #expect(Grid.symbols(values, step: 0.5) == [0, 0, 0, 1, 2, 2, 0, -2, 127, -127])
        #expect(Grid.values([0, 2, -127], step: 0.5) == [0, 1, -63.5])
    }

    @Test("the step is the standard deviation over k, unless that does not reach every value")
    func step() {
        // Mean 0, variance 4.
        #expect(Grid.step(for: [2, -2, 2, -2], k: 8) == 0.25)
        #expect(Grid.step(for: [3, -1, 3, -1], k: 8) == 0.25)
        // One large value among zeros: 100 / 127, not 10 / 16.
        let outlier = [Float](repeating: 0, count: 99) + [100]
        #expect(Grid.step(for: outlier, k: 16) == Float(100) / 127)
        #expect(Grid.symbols(outlier, step: Grid.step(for: outlier, k: 16)).last == 127)
    }

    @Test(
        "tensors without a spread have a step, and come back",
        arguments: [[Float](), [0, 0], [3, 3, 3], [-1e-30], [1e-42, -1e-42], [3e38, -3e38]])
    func degenerate(values: [Float]) {
        let step = Grid.step(for: values, k: 8)
        #expect(step.isFinite && step > 0)
        let decoded = Grid.values(Grid.symbols(values, step: step), step: step)
        for (x, y) in zip(values, decoded) { #expect(abs(x - y) <= step / 2) }
    }

    @Test("no value moves by more than half a step", arguments: [3.0, 8, 16, 31])
    func errorBound(k: Double) {
        let weights = TinyModel.weights()
        for parameter in weights.layout.parameters {
            let values = weights.floats(parameter)
            let step = Grid.step(for: values, k: k)
            let decoded = Grid.values(Grid.symbols(values, step: step), step: step)
            // One rounding each in the quotient and the product, on top of the half step.
            let slack = 2 * Float.ulpOfOne * (values.map(\.magnitude).max() ?? 0)
            for (x, y) in zip(values, decoded) { #expect(abs(x - y) <= step / 2 + slack) }
        }
    }

    @Test("each kind of parameter is stored as documented")
    func storage() {
        let weights = TinyModel.weights()
        let settings = CompactSettings(k: 4, embeddingK: 10)
        for parameter in weights.layout.parameters {
            let values = weights.floats(parameter)
            let expected: CompactSettings.Storage =
                switch parameter.name {
                case "token_embedding": .grid(step: Grid.step(for: values, k: 10))
                case "position_embedding": .f16
                case let name where name.hasSuffix("weight"):
                    .grid(step: Grid.step(for: values, k: 4))
                default: .f32
                }
            #expect(settings.storage(of: parameter, values: values) == expected)
        }
    }

    @Test("finer steps move the logits less")
    func logitsConverge() {
        let weights = TinyModel.weights()
        let tokens = TinyModel.tokens(16)
        let exact = ReferenceModel(weights).logits(tokens)
        func distance(_ k: Double) -> Double {
            let rounded = CompactSettings(k: k, embeddingK: k).rounded(weights)
            let logits = ReferenceModel(rounded).logits(tokens)
            return zip(exact.joined(), logits.joined()).reduce(0) { max($0, abs($1.0 - $1.1)) }
        }
        #expect(distance(4) > 0)
        #expect(distance(16) < distance(2))
    }
}
