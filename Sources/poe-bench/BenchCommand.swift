import ArgumentParser
import PoeArguments
import PoeCommand
import PoeCore
import PoeNumerics

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poe-bench",
        abstract: "Measure how fast this machine runs and trains a model.",
        discussion: """
            Prints medians of several runs, with the lowest and the highest, beside the limits of the \
            machine measured in the same run. Nothing else should run meanwhile: a second busy process \
            ruins timings on two threads. Benchmarks/README.md says how each figure is made.

            Exit status: 0, 64 usage, 65 malformed file, 66 no input, 70 internal fault, \
            74 input or output.
            """,
        version: "poe-bench \(Version.text)")

    @Argument(help: "The model (default: as poe-run finds it).")
    var model: String?

    @Option(help: "Measure random weights of a shape instead of a model.")
    var shape: Subject.Shape?

    @Option(
        help: """
            How matrices are multiplied. (default: as poe-run does for MODEL, int8 for --shape)
            """)
    var arithmetic: Arithmetic?

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
        help: "Most threads to use (default: the processors it may use).")
    var threadCount: Int?

    @Flag(help: "One JSON array instead of a table.")
    var json = false

    @Flag(help: "Say which processor and kernel sets there are, and measure nothing.")
    var list = false

    private var conditions: Conditions {
        Conditions(runs: runs, threads: threadCount ?? Machine.threadCount)
    }

    func validate() throws {
        guard (1...1_000).contains(runs) else {
            throw ValidationError("--runs is \(runs); expected 1 to 1000")
        }
        try ThreadOptions.check(threadCount)
        guard tokenizer != nil || split == nil else {
            throw ValidationError("--split goes with --tokenizer")
        }
        guard arithmetic == nil || (!train && tokenizer == nil) else {
            throw ValidationError("--arithmetic goes with MODEL or --shape")
        }
        let subjects = [
            model.map { _ in "MODEL" }, shape.map { _ in "--shape" }, train ? "--train" : nil,
            tokenizer.map { _ in "--tokenizer" },
        ].compactMap { $0 }
        guard subjects.count < 2 else {
            throw ValidationError("\(subjects.joined(separator: " and ")) exclude each other")
        }
    }

    func run() throws {
        if list { return try Output.write(Processor.summary + "\n") }
        Output.note(Processor.summary)
        if Processor.load > 0.5 {
            Output.warn("the machine was busy in the last minute; expect figures that are too low")
        }
        let report = Report(isJSON: json)
        if let tokenizer {
            try TokenizerBenchmark(path: tokenizer, split: split, runs: runs).run(report)
        } else if train {
            try TrainingBenchmark(conditions: conditions).run(report)
        } else if let shape {
            try measure(Subject(shape, arithmetic: arithmetic ?? .int8), report)
        } else {
            let path = try ModelLocation.find(model)
            try naming(path) {
                // First of all, while this process is small: see ChildProcess.Outcome.peakBytes.
                try StartBenchmark(path: path, conditions: conditions)?.run(report)
                try LoadBenchmark(path: path, arithmetic: arithmetic, conditions: conditions)
                    .run(report)
                let subject = try Subject(
                    path: path, arithmetic: arithmetic, threads: conditions.threads)
                try measure(subject, report)
                try report.add(ProcessMemory.peak)
            }
        }
        if tokenizer == nil, !train { try MachineLimits.reportMemory(conditions, report) }
        try report.finish()
    }

    private func measure(_ subject: Subject, _ report: Report) throws {
        let limits = try MachineLimits(
            conditions, weightBytes: subject.cost.weightBytes, report: report)
        try GenerationBenchmark(subject: subject, conditions: conditions, limits: limits)
            .run(report)
        try PrefillBenchmark(subject: subject, conditions: conditions, limits: limits).run(report)
    }
}

extension Subject.Shape: ExpressibleByArgument {}
