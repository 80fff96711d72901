import PoeCore
import PoeModel
import PoeTokenizer
import PoemFile

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Models of a few thousand seeded random weights: nothing is downloaded, nothing is trained.
enum TinyModel {
    static let alphabet: [Unicode.Scalar] = Array("\n abcdefghijklmnop".unicodeScalars)

    static let configuration = ModelConfiguration(
        vocabularySize: alphabet.count, contextLength: 16, layerCount: 2, headCount: 2,
        modelDimension: 20, feedForwardDimension: 36)

    /// Roughly normal weights (sums of four uniform numbers), gains around 1.
    static func weights(
        _ configuration: ModelConfiguration = configuration, seed: UInt64 = 1
    ) -> ModelWeights {
        let weights = ModelWeights(configuration)
        let random = CounterRandom(seed: seed)
        for (stream, parameter) in weights.layout.parameters.enumerated() {
            let centre: Float = parameter.kind == .gain ? 1 : 0
            let values = (0..<parameter.count).map { i in
                (0..<4).reduce(centre) {
                    $0 + random.uniform(stream: UInt64(stream), index: UInt64(4 * i + $1)) - 0.5
                }
            }
            weights.set(parameter, to: values)
        }
        return weights
    }

    static func model(_ configuration: ModelConfiguration = configuration) throws -> Model {
        Model(
            tokenizer: try Tokenizer(TokenizerDescription(base: .characters(alphabet))),
            weights: weights(configuration), card: "# A tiny model\n",
            metadata: ["name": "tiny", "tied": true], evaluation: ["loss": 2.5],
            training: ["steps": 10, "seed": 1])
    }

    /// A text over the alphabet.
    static func tokens(_ count: Int, seed: UInt64 = 3) -> [TokenID] {
        (0..<count).map {
            TokenID(
                CounterRandom(seed: seed).integer(
                    below: alphabet.count, stream: 0, index: UInt64($0)))
        }
    }
}

/// The bits of every parameter, in the layout's order.
func bits(_ weights: ModelWeights) -> [UInt32] {
    weights.layout.parameters.flatMap { weights.floats($0).map(\.bitPattern) }
}

/// A folder of this test's own, removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = "/tmp/poe-model-tests-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    guard unsafe mkdir(folder, 0o700) == 0 else { throw NoFolder() }
    defer {
        for name in ["a.poem", "b.poem", "c.poem"] { unsafe unlink("\(folder)/\(name)") }
        unsafe rmdir(folder)
    }
    try body(folder)
}

/// The system gave no temporary folder.
struct NoFolder: Error {}

/// The bytes of a file; empty if there is none.
func bytes(of path: String) -> [UInt8] {
    guard let file = unsafe fopen(path, "rb") else { return [] }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    while true {
        let byte = unsafe getc(file)
        if byte == EOF { return bytes }
        bytes.append(UInt8(byte))
    }
}
