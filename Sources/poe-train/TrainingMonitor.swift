import PoeCommand
import PoeCore
import PoeInference
import PoeModel
import PoeNumerics
import PoeTokenizer
import PoeTraining
import PoemFile

/// Shows a training to whoever waits for it, on standard error.
final class TrainingMonitor: TrainingObserver {
    private let run: TrainingRun
    private let texts: PreparedTexts
    private let options: OutputOptions
    private let threads: Int
    /// What was chosen for this text, as nobody asked for something else.
    private let fitted: [String]
    private var bar = ProgressBar()
    private var speed = Speed()

    init(
        run: TrainingRun, texts: PreparedTexts, options: OutputOptions, threads: Int,
        fitted: [String]
    ) {
        self.fitted = fitted
        self.run = run
        self.texts = texts
        self.options = options
        self.threads = threads
    }

    /// Tokens a second over the last steps.
    private struct Speed {
        private var last: ContinuousClock.Instant?
        private(set) var secondsPerToken = 0.0

        mutating func note(tokens: Int) {
            let now = ContinuousClock.now
            defer { last = now }
            guard let last else { return }
            let seconds = (now - last) / .seconds(1) / Double(tokens)
            guard secondsPerToken > 0 else { return secondsPerToken = seconds }
            // A step in the midst of which the program was suspended says nothing of the next ones.
            secondsPerToken += 0.1 * (min(seconds, 3 * secondsPerToken) - secondsPerToken)
        }

        /// The time between two steps is not all training: an epoch's end measures and writes.
        mutating func pause() { last = nil }
    }

    var wantsToStop: Bool { Interrupt.isRequested }

    func willMeasure() throws {
        if Interrupt.isRequested { throw Interrupted() }
    }

    // MARK: What is said

    func begin() {
        let configuration = run.trainer.configuration
        let held = texts.validation.map { Format.count($0.characters) } ?? "no"
        let spared = texts.calibration.map { ", \(Format.count($0.characters)) to calibrate" } ?? ""
        say(
            "\(texts.name): \(Format.count(texts.works, "work")), "
                + "\(Format.count(texts.trainingCharacters)) characters to learn "
                + "(\(Format.count(texts.trainingTokens.count)) tokens), "
                + "\(held) characters to validate (\(texts.splitName) split)\(spared)")
        say(
            "model: \(Format.count(configuration.parameterCount)) parameters, "
                + "\(Format.count(configuration.vocabularySize)) tokens, "
                + "\(Format.count(configuration.layerCount, "block")) of width \(configuration.modelDimension), "
                + "context \(configuration.contextLength)")
        say(
            "training: \(Format.count(run.trainer.recipe.epochs, "epoch")), "
                + "\(Format.count(run.trainer.sampler.stepCount, "step")) of "
                + "\(run.trainer.recipe.batchWindows) windows, seed \(run.trainer.recipe.seed), "
                + Format.count(threads, "thread"))
        if !fitted.isEmpty {
            say(
                "chosen for \(Format.count(texts.trainingTokens.count)) tokens of text: "
                    + fitted.joined(separator: ", ") + "; poe-train --help says how")
        }
        if !texts.unknown.isEmpty {
            let names = texts.unknown.prefix(10).map(TokenizerError.name(of:))
            Output.warn(
                "the model of --base does not know \(names.joined(separator: ", "))"
                    + "\(texts.unknown.count > 10 ? " and others" : ""); replaced in "
                    + Format.count(texts.unknownCount, "place"))
        }
        if run.trainer.step > 0 {
            say("resumed after step \(Format.count(run.trainer.step))")
        } else if options.resume {
            say("nothing to resume at \(run.files.checkpoint): starting from the beginning")
        }
    }

    func didTakeStep(_ report: StepReport) {
        speed.note(tokens: report.tokens)
        guard !options.quiet else { return }
        let total = run.trainer.sampler.stepCount
        bar.update(
            "epoch \(report.epoch)/\(run.trainer.recipe.epochs)",
            fraction: Double(report.step) / Double(total), fields: fields(report, of: total))
    }

    private func fields(_ report: StepReport, of total: Int) -> [String] {
        var fields = ["loss \(Format.fixed(report.loss, 3))"]
        if speed.secondsPerToken > 0 {
            let left = Double((total - report.step) * report.tokens) * speed.secondsPerToken
            fields.append("\(Format.count(Int(1 / speed.secondsPerToken))) tok/s")
            fields.append("\(Format.duration(left)) left")
        }
        fields.append("step \(Format.count(report.step))/\(Format.count(total))")
        fields.append("lr \(Format.scientific(Double(report.learningRate), 2))")
        fields.append("grad \(Format.fixed(report.gradientNorm, 2))")
        return fields
    }

    func didFinishEpoch(_ record: EpochRecord, isBest: Bool, model: Model) {
        speed.pause()
        guard !options.quiet else { return }
        bar.clear()
        var line =
            "epoch \(record.epoch)/\(run.trainer.recipe.epochs): training "
            + Format.fixed(record.trainingLoss, 4)
        if let loss = record.validationLoss, let perCharacter = record.validationNatsPerCharacter {
            line += Self.validation(loss, perCharacter)
            if let factor = model.evaluation.double(Calibration.key) {
                line += ", logits times \(factor)"
            }
            line += isBest ? " (best)" : ""
        }
        say(line)
        if let sample = sample(model.weights) { say("  " + sample) }
    }

    func stopped() {
        bar.clear()
        say(
            "stopped after step \(Format.count(run.trainer.step)); the checkpoint is "
                + "\(run.files.checkpoint): the same command with --resume goes on")
    }

    func didTryGrid(_ choice: GridLadder.Choice) {
        say(
            "packing: steps of 1/\(choice.settings.k) deviation (embedding "
                + "1/\(choice.settings.embeddingK)) cost \(Format.fixed(choice.cost, 4)) nats a token"
        )
    }

    func didTune(_ step: Int, of steps: Int) {
        guard !options.quiet else { return }
        bar.update(
            "tuning to the grid", fraction: Double(step) / Double(steps),
            fields: ["step \(Format.count(step))/\(Format.count(steps))"])
        if step == steps { bar.clear() }
    }

    func finished(_ evaluation: Metadata) throws {
        let reader = try PoemReader(path: run.files.model, limits: .trusting)
        var line = "\(run.files.model): \(Format.bytes(reader.fileLength))"
        if let loss = evaluation.double("validation.nats_per_token"),
            let perCharacter = evaluation.double("validation.nats_per_character")
        {
            line += Self.validation(loss, perCharacter)
        }
        if let best = run.history.best { line += ", from epoch \(best.epoch)" }
        bar.note(line)
        let prompt = options.samplePrompt
        say("try it: poe-run \(run.files.model)" + (prompt.isEmpty ? "" : " -p \"\(prompt)\""))
    }

    private static func validation(_ natsPerToken: Double, _ natsPerCharacter: Double) -> String {
        ", validation \(Format.fixed(natsPerToken, 4)) nats a token = "
            + "\(Format.fixed(natsPerCharacter, 4)) a character"
    }

    private func say(_ line: String) {
        if !options.quiet { bar.note(line) }
    }

    // MARK: Sample

    /// A line of text from the model as it is now; the same at the same step, whatever the machine.
    private func sample(_ weights: ModelWeights) -> String? {
        guard !options.samplePrompt.isEmpty,
            let prompt = try? texts.tokenizer.encodePrompt(options.samplePrompt),
            !prompt.tokens.isEmpty
        else { return nil }
        let engine = Engine(
            PackedWeights(weights, compute: Compute(threads: threads)), threads: threads)
        let request = GenerationRequest(prompt: prompt.tokens, maxNewTokens: 60)
        guard let result = try? engine.generate([request]).results.first else { return nil }
        return texts.tokenizer.decode(prompt.tokens + result.tokens)
            .split(whereSeparator: \.isNewline).joined(separator: " / ")
    }
}
