import PoeCore
import PoeInference
import PoeModel
import PoeNumerics
import PoemFile

/// Loading a model and generating with it.
struct ModelBenchmark {
    let path: String
    let runs: Int
    let threads: Int

    private static let promptTokens = 16
    private static let newTokens = 100
    private static let prefillTokens = 112

    func run(_ note: (Measurement) throws -> Void) throws {
        let loading = try Stopwatch.seconds(runs: runs) {
            _ = try Model.load(path, threads: threads)
        }
        try note(
            Measurement(
                "load", "map, check, decode", threads: threads, values: loading.map { $0 * 1e3 },
                unit: "ms"))
        let model = try Model.load(path, threads: threads)
        let file = try PoemReader(path: path)
        try note(
            Measurement("file", "size", value: Double(file.fileLength) / 1e6, unit: "MB"))
        let packed = PackedWeights(model.weights, compute: Compute(threads: 1))
        for count in Set([1, threads]).sorted() {
            let engine = Engine(packed, threads: count)
            try note(decode(engine, rows: 1, threads: count))
            try note(prefill(engine, rows: 1, threads: count))
        }
        let engine = Engine(packed, threads: threads)
        for rows in [8, 32, 64] { try note(decode(engine, rows: rows, threads: threads)) }
        try note(prefill(engine, rows: 32, threads: threads))
        try note(ProcessMemory.peak)
    }

    /// Tokens a second of the steps after the prompts, sampling included.
    private func decode(_ engine: Engine, rows: Int, threads: Int) throws -> Measurement {
        let room = engine.configuration.contextLength
        let prompt = prompt(min(Self.promptTokens, room), engine)
        let requests = (0..<rows).map {
            GenerationRequest(
                prompt: prompt, maxNewTokens: Self.newTokens, sample: UInt64($0))
        }
        var speeds: [Double] = []
        for run in 0...runs {
            let statistics = try engine.generate(requests, maximumRows: rows).statistics
            if run > 0 { speeds.append(statistics.decodeTokensPerSecond) }
        }
        return Measurement(
            "decode", "", rows: rows, threads: threads, values: speeds, unit: "tok/s")
    }

    private func prefill(_ engine: Engine, rows: Int, threads: Int) -> Measurement {
        let count = min(Self.prefillTokens, engine.configuration.contextLength)
        let prompt = prompt(count, engine)
        let size = engine.configuration.vocabularySize
        let logits = FloatBuffer(count: rows * size)
        let seconds = Stopwatch.seconds(runs: runs) {
            let inputs = (0..<rows).map { _ in Engine.Input(engine.makeCache(), prompt) }
            engine.prefill(inputs, into: logits.matrix(rows: rows, columns: size))
        }
        return Measurement(
            "prefill", "\(count) tokens", rows: rows, threads: threads,
            values: seconds.map { Double(rows * count) / $0 }, unit: "tok/s")
    }

    private func prompt(_ count: Int, _ engine: Engine) -> [TokenID] {
        let size = engine.configuration.vocabularySize
        return (0..<count).map { TokenID((7 * $0 + 3) % size) }
    }
}
