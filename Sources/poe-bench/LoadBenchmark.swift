import PoeInference
import PoeModel
import PoeNumerics
import PoemFile

/// Opening a model file, until its weights are ready for the kernels.
struct LoadBenchmark {
    let path: String
    let conditions: Conditions

    func run(_ report: Report) throws {
        let file = try PoemReader(path: path)
        try report.add(
            Measurement("file", "size", value: Double(file.fileLength) / 1e6, unit: "MB"))
        for threads in conditions.threadCounts {
            var packing: [Double] = []
            let all = try Stopwatch.seconds(runs: conditions.runs) {
                let model = try Model.load(path, threads: threads)
                packing.append(
                    Stopwatch.seconds {
                        _ = PackedWeights(model.weights, compute: Compute(threads: 1))
                    })
            }
            let packed = Array(packing.dropFirst())
            let parts = [
                ("all", all), ("map, check, decode", zip(all, packed).map { $0 - $1 }),
                ("pack", packed),
            ]
            for (name, seconds) in parts {
                try report.add(
                    Measurement(
                        "load", name, threads: threads, values: seconds.map { $0 * 1e3 },
                        unit: "ms"))
            }
        }
    }
}
