import ArgumentParser
import PoeCommand
import PoeNumerics

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poe-bench",
        abstract: "Measure how fast this machine runs and trains a model.",
        discussion: """
            Prints medians of several runs, with the lowest and the highest, beside the limits of the \
            machine measured in the same run. Nothing else should run meanwhile: a second busy process \
            ruins timings on two threads.
            """,
        version: "poe-bench \(Version.text)")

    @Argument(help: "The model; $POE_MODEL, then models/bpe.poem unless given.")
    var model: String?

    @Flag(help: "Measure training steps of the reference shape instead of a model.")
    var train = false

    @Option(
        help: "Measure tokenizers on these texts instead of a model.", completion: .directory)
    var tokenizer: String?

    @Option(help: "JSON that says which works of --tokenizer train.")
    var split: String?

    @Option(help: "Runs of each measure.")
    var runs = 5

    @Option(
        name: [.short, .customLong("threads")],
        help: "Most threads to use; all processors unless given.")
    var threadCount: Int?

    private var threads: Int { threadCount ?? Machine.processorCount }

    @Flag(help: "One JSON array instead of a table.")
    var json = false

    func validate() throws {
        guard (1...1_000).contains(runs) else {
            throw ValidationError("--runs is \(runs); expected 1 to 1000")
        }
        guard (1...256).contains(threads) else {
            throw ValidationError("--threads is \(threads); expected 1 to 256")
        }
        guard tokenizer != nil || split == nil else {
            throw ValidationError("--split goes with --tokenizer")
        }
    }

    func run() throws {
        var results: [Measurement] = []
        func note(_ measurement: Measurement) throws {
            if !json { try Output.write(measurement.line + "\n") }
            results.append(measurement)
        }
        if let tokenizer {
            try TokenizerBenchmark(path: tokenizer, split: split, runs: runs).run(note)
        } else {
            let kernels = KernelSet.available.map(\.rawValue).joined(separator: ", ")
            Output.note("kernels: \(KernelSet.best.rawValue) (this processor has \(kernels))")
            try LimitBenchmark(runs: runs, threads: threads).run(note)
            if train {
                try TrainingBenchmark(runs: runs, threads: threads).run(note)
            } else {
                let path = try ModelLocation.find(model)
                try ModelBenchmark(path: path, runs: runs, threads: threads).run(note)
            }
        }
        if json { try Output.write(try JSON.array(results.map(\.json)).encoded() + "\n") }
    }
}
