import PoeCore
import PoeModel
import PoemFile

/// Opening a model file, until its weights are ready for the kernels.
struct LoadBenchmark {
    let path: String
    let arithmetic: Arithmetic?
    let conditions: Conditions

    func run(_ report: Report) throws {
        let file = try PoemReader(path: path)
        try report.add(
            Measurement("file", "size", value: Double(file.fileLength) / 1e6, unit: "MB"))
        for threads in conditions.threadCounts {
            var loads: [LoadTimings] = []
            for _ in 0...conditions.runs { loads.append(try load(threads)) }
            let counted = loads.dropFirst()
            let parts: [(String, (LoadTimings) -> Duration)] = [
                ("all", \.total), ("map", \.map), ("check", \.verify), ("tokenizer", \.tokenizer),
                ("decode and pack", \.decode),
            ]
            for (name, part) in parts {
                try report.add(
                    Measurement(
                        "load", name, threads: threads,
                        values: counted.map { part($0) / .milliseconds(1) },
                        unit: "ms"))
            }
        }
    }

    /// Loads as `poe-run` does.
    private func load(_ threads: Int) throws -> LoadTimings {
        let reader = try Model.reader(of: path)
        var timings = reader.timings
        let start = ContinuousClock.now
        _ = try Model.tokenizer(of: reader)
        let middle = ContinuousClock.now
        _ = try PackedWeights.load(reader, arithmetic: arithmetic, threads: threads)
        (timings.tokenizer, timings.decode) = (middle - start, .now - middle)
        return timings
    }
}
