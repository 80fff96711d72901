import PoeCore
import PoeInference
import PoeNumerics

/// Reading prompts, up to the logits of each prompt's last token.
struct PrefillBenchmark {
    let subject: Subject
    let conditions: Conditions
    let limits: MachineLimits

    func run(_ report: Report) throws {
        for threads in conditions.threadCounts {
            let engine = Engine(subject.weights, threads: threads)
            for rows in [1] + subject.workload.prefillRows {
                try report.add(measure(rows: rows, engine, threads))
            }
        }
    }

    private func measure(rows: Int, _ engine: Engine, _ threads: Int) -> Measurement {
        let count = subject.workload.prefillTokens
        let size = subject.configuration.vocabularySize
        let logits = FloatBuffer(count: rows * size)
        let inputs = (0..<rows).map {
            Engine.Input(
                engine.makeCache(), Workload.prompt(count, row: $0, vocabularySize: size))
        }
        let seconds = Stopwatch.seconds(runs: conditions.runs) {
            for input in inputs { input.cache.truncate(to: 0) }
            engine.prefill(inputs, into: logits.matrix(rows: rows, columns: size))
        }
        let cost = subject.cost
        let bound = limits.bound(
            tokens: rows * count,
            multiplyAdds: rows * (count * cost.blockMultiplyAdds + cost.headMultiplyAdds),
            in: subject.arithmetic, bytes: cost.weightBytes, threads: threads)
        return Measurement(
            "prefill", "\(subject.arithmetic), \(count) tokens", rows: rows, threads: threads,
            values: seconds.map { Double(rows * count) / $0 }, unit: "tok/s", bound: bound)
    }
}
