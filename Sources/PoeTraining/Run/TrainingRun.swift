import PoeCore
package import PoeModel
import PoeNumerics
package import PoeTokenizer
import PoemFile

/// Watches a training and may end it early.
package protocol TrainingObserver: AnyObject {
    /// A step was taken.
    func didTakeStep(_ report: StepReport)
    /// A few windows will be measured at the end of an epoch; what this throws ends the run, of which the
    /// last checkpoint stands.
    func willMeasure() throws
    /// An epoch has ended and, with a validation text, was measured; `model` is what it was measured of.
    func didFinishEpoch(_ record: EpochRecord, isBest: Bool, model: Model)
    /// Whether to write a checkpoint and stop before the next step.
    var wantsToStop: Bool { get }
}

/// How a run ended.
package enum TrainingOutcome: Sendable, Equatable {
    /// All steps were taken.
    case finished
    /// The observer stopped it; a checkpoint holds everything needed to go on.
    case stopped
}

/// A whole training: epochs, validation, checkpoints, and the best and the last weights kept.
///
/// A run that was killed and resumed ends with the same files as one left alone, because the state is
/// saved whole (weights, moments, position, losses so far) and every file is replaced atomically.
package final class TrainingRun {
    /// Settings that change what is kept, never what is learnt.
    package struct Options: Sendable {
        /// Whether each epoch's weights stay as a model of their own.
        package var keepsEpochs = false
        /// Seconds between checkpoints within an epoch.
        package var checkpointSeconds = 120.0
        /// Drawn over the loss curve.
        package var title = "training"

        package init() {}
    }

    package let trainer: Trainer
    package let files: RunFiles
    /// The losses so far.
    package private(set) var history = TrainingHistory()

    private let tokenizer: Tokenizer
    private let validation: EvaluationText?
    private let calibration: EvaluationText?
    /// What the model's file will say of the training.
    package let record: TrainingRecord
    private let options: Options
    private var epochLoss = EpochLoss()

    /// The running mean of an epoch's loss.
    struct EpochLoss: Equatable {
        var sum = 0.0
        var tokens = 0
        var mean: Double { tokens > 0 ? sum / Double(tokens) : 0 }
    }

    /// Prepares a run; `record` says in the model's file what it was trained on and how.
    ///
    /// - Parameter calibration: Text that is not learnt. Each epoch's model is calibrated on it before it is
    ///   measured and kept: which epoch is the best depends on it.
    package init(
        trainer: Trainer, tokenizer: Tokenizer, validation: EvaluationText?,
        calibration: EvaluationText? = nil, record: TrainingRecord, files: RunFiles,
        options: Options
    ) {
        self.trainer = trainer
        self.tokenizer = tokenizer
        self.validation = validation
        self.calibration = calibration
        self.record = record
        self.files = files
        self.options = options
    }

    /// Continues from the checkpoint beside the model.
    ///
    /// Of a finished run only the end is left to do; a run that was killed before its first
    /// checkpoint starts again.
    package func resume() throws {
        guard TextFile.exists(files.checkpoint) else {
            if TextFile.exists(files.last) { try resumeFinished() }
            return
        }
        let checkpoint = try Checkpoint(contentsOf: files.checkpoint)
        try checkpoint.restore(trainer, record: record, tokenizer: tokenizer.description)
        epochLoss = checkpoint.epochLoss
        history = try loggedHistory(through: checkpoint.step)
        history.epochs = checkpoint.epochs
    }

    /// A finished run has no checkpoint any more, but its last weights know its losses.
    private func resumeFinished() throws {
        let last = try PoemReader(path: files.last, limits: .trusting)
        try Checkpoint.check(
            last, is: trainer, record: record, tokenizer: tokenizer.description,
            advice: "repeat the options of \(files.last), or start afresh without --resume")
        history = try loggedHistory(through: .max)
        history.epochs = (last.training.strings(TrainingRecord.epochsKey) ?? []).compactMap(
            EpochRecord.init(line:))
        guard history.epochs.last?.step == trainer.sampler.stepCount else {
            throw TrainingError.checkpointMismatch(
                "\(files.last) is not the end of this training, and there is no checkpoint")
        }
        trainer.step = trainer.sampler.stepCount
    }

    /// What the log says of the steps up to `step`; without a log, nothing.
    private func loggedHistory(through step: Int) throws -> TrainingHistory {
        guard TextFile.exists(files.log) else { return TrainingHistory() }
        // The next checkpoint writes the log anew: what cannot be read would be lost.
        guard let csv = TextFile.contents(of: files.log) else {
            throw PoemError.readFailed(
                path: files.log,
                reason: "expected the losses of earlier steps, as UTF-8 text; mend it, or move it "
                    + "away to go on without them")
        }
        return TrainingHistory(csv: csv, through: step)
    }

    /// Trains until the end, or until the observer wants to stop.
    package func train(_ observer: any TrainingObserver) throws -> TrainingOutcome {
        // Hours later is too late to learn that a folder is missing. Of a finished run there is nothing
        // to save: its weights are in its files.
        if !trainer.isFinished { try saveCheckpoint() }
        let clock = ContinuousClock()
        var saved = clock.now
        while !trainer.isFinished {
            guard !observer.wantsToStop else {
                try saveCheckpoint()
                return .stopped
            }
            let report = try trainer.takeStep()
            note(report)
            observer.didTakeStep(report)
            if report.endsEpoch {
                try finishEpoch(report, observer)
                saved = clock.now
            } else if (clock.now - saved) / .seconds(1) > options.checkpointSeconds {
                try saveCheckpoint()
                saved = clock.now
            }
        }
        return .finished
    }

    /// The model of the best epoch, with the record of the whole training.
    ///
    /// - Throws: ``TrainingError`` if another training has replaced the file since.
    package func bestModel() throws -> Model {
        let reader = try PoemReader(path: files.best, limits: .trusting)
        try Checkpoint.check(
            reader, is: trainer, record: record, tokenizer: tokenizer.description,
            advice: "\(files.best) is of another training; train afresh")
        guard reader.evaluation.integer("epoch") == history.best?.epoch else {
            throw TrainingError.checkpointMismatch(
                "\(files.best) is not the best epoch of this training; train afresh")
        }
        var best = try Model.load(
            files.best, limits: .trusting, threads: trainer.compute.threads)
        best.training = record.metadata(history.epochs)
        return best
    }

    /// Adds a step to the log; of more than about two thousand steps only some are kept.
    private func note(_ report: StepReport) {
        epochLoss.sum += report.loss * Double(report.tokens)
        epochLoss.tokens += report.tokens
        let every = max(1, trainer.sampler.stepCount / 2_000)
        guard report.step % every == 0 || report.endsEpoch else { return }
        history.steps.append(
            StepRecord(
                step: report.step, epoch: report.epoch, loss: report.loss,
                learningRate: report.learningRate, gradientNorm: report.gradientNorm))
    }

    private func finishEpoch(_ report: StepReport, _ observer: any TrainingObserver) throws {
        let (weights, factor) = calibrated(trainer.modelWeights)
        let result = try validation?.loss(of: weights, threads: trainer.compute.threads) {
            try observer.willMeasure()
        }
        let entry = EpochRecord(
            epoch: report.epoch, step: report.step, trainingLoss: epochLoss.mean,
            validationLoss: result?.natsPerToken,
            validationNatsPerCharacter: result?.natsPerCharacter)
        guard entry.score.isFinite else {
            throw TrainingError.diverged(step: report.step, loss: entry.score)
        }
        history.epochs.append(entry)
        epochLoss = EpochLoss()
        let isBest = history.best == entry
        let model = model(weights, entry, factor: factor)
        if isBest { try model.write(to: files.best, profile: .lossless) }
        if options.keepsEpochs {
            try model.write(to: files.epoch(entry.epoch), profile: .lossless)
        }
        if trainer.isFinished { try model.write(to: files.last, profile: .lossless) }
        // Before the checkpoint, after which a run that was killed has nothing of this epoch left to do.
        try TextFile.write(
            LossCurve(history, title: options.title).svg, to: files.lossCurve)
        try saveCheckpoint()
        observer.didFinishEpoch(entry, isBest: isBest, model: model)
    }

    /// `weights` as sure of their guesses as the text bears out that was set aside for it, if any.
    private func calibrated(_ weights: ModelWeights) -> (ModelWeights, factor: Float?) {
        guard let calibration else { return (weights, nil) }
        let factor = Calibration.factor(
            of: weights, on: calibration, threads: trainer.compute.threads)
        return (Calibration.apply(factor, to: weights), factor)
    }

    /// The log first: a checkpoint never knows steps that the log lacks.
    private func saveCheckpoint() throws {
        try TextFile.write(history.csv, to: files.log)
        try Checkpoint.write(
            trainer, model: model(trainer.modelWeights, history.epochs.last), record: record,
            epochLoss: epochLoss,
            epochs: history.epochs, to: files.checkpoint)
    }

    /// A model of `weights`, with what was measured at the end of an epoch.
    private func model(
        _ weights: ModelWeights, _ entry: EpochRecord?, factor: Float? = nil
    ) -> Model {
        var evaluation: Metadata = [:]
        if let loss = entry?.validationLoss, let perCharacter = entry?.validationNatsPerCharacter {
            let isFolded = validation?.isFolded ?? false
            evaluation["protocol"] = .string(
                isFolded ? LossProtocol.nameOfFolded : LossProtocol.name)
            evaluation["validation.nats_per_token"] = .double(loss)
            evaluation["validation.nats_per_character"] = .double(perCharacter)
        }
        evaluation[Calibration.key] = factor.map(decimal)
        if let entry { evaluation["epoch"] = .integer(entry.epoch) }
        return Model(
            tokenizer: tokenizer, weights: weights, evaluation: evaluation,
            training: record.metadata(history.epochs))
    }
}
