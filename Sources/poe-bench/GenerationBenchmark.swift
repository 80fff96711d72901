import PoeCore
import PoeInference

/// Generating texts side by side, sampling with the defaults of `poe-run`.
struct GenerationBenchmark {
    let subject: Subject
    let conditions: Conditions
    let limits: MachineLimits

    func run(_ report: Report) throws {
        for threads in conditions.threadCounts {
            try measure(rows: 1, Engine(subject.weights, threads: threads), threads, report)
        }
        let engine = Engine(subject.weights, threads: conditions.threads)
        for rows in subject.workload.decodeRows {
            try measure(rows: rows, engine, conditions.threads, report)
        }
    }

    /// Reports two speeds: of the steps alone, one token each row, and of all, prompts included.
    private func measure(rows: Int, _ engine: Engine, _ threads: Int, _ report: Report) throws {
        let (prompt, new) = (subject.workload.promptTokens, subject.workload.newTokens)
        let size = subject.configuration.vocabularySize
        let requests = (0..<rows).map {
            GenerationRequest(
                prompt: Workload.prompt(prompt, row: $0, vocabularySize: size), maxNewTokens: new,
                sample: UInt64($0))
        }
        var decoding: [Double] = []
        let seconds = try Stopwatch.seconds(runs: conditions.runs) {
            let statistics = try engine.generate(requests, maximumRows: rows).statistics
            decoding.append(statistics.decodeTokensPerSecond)
        }
        let cost = subject.cost
        let bound = limits.bound(
            tokens: rows, multiplyAdds: rows * cost.weightCount, in: subject.arithmetic,
            bytes: cost.weightBytes, threads: threads)
        if new > 1 {
            try report.add(
                Measurement(
                    "decode", "\(subject.arithmetic), \(new) tokens after \(prompt)", rows: rows,
                    threads: threads,
                    values: Array(decoding.dropFirst()), unit: "tok/s", bound: bound))
        }
        try report.add(
            Measurement(
                "generate", "\(subject.arithmetic), prompts included", rows: rows, threads: threads,
                values: seconds.map { Double(rows * new) / $0 }, unit: "tok/s"))
    }
}
