import PoeCore
import PoeModel
import PoeNumerics
import PoemFile

/// The whole state of a training between two steps, as a `.poem` file that also runs as a model.
struct Checkpoint {
    /// Steps taken.
    let step: Int
    /// The loss of the epoch so far.
    let epochLoss: TrainingRun.EpochLoss
    /// The epochs so far.
    let epochs: [EpochRecord]

    private let path: String
    private let reader: PoemReader
    private static let moments = ["first_moment", "second_moment"]
    /// The weights that are trained, where the model consists of their mean.
    private static let latest = "weights"

    /// Writes the state of `trainer`; the previous checkpoint stands until the new one is whole.
    static func write(
        _ trainer: Trainer, model: Model, record: TrainingRecord,
        epochLoss: TrainingRun.EpochLoss, epochs: [EpochRecord], to path: String
    ) throws {
        var contents = model.contents(.mapped)
        contents.training = record.fixed
        var names = moments
        var optimizer = [trainer.optimizer.firstMoment, trainer.optimizer.secondMoment]
        if trainer.average != nil {
            names.append(latest)
            optimizer.append(trainer.weights)
        }
        contents.checkpoint = CheckpointState(
            optimizer: zip(names, optimizer).map { name, weights in
                TensorRecord(
                    name: name, shape: [weights.flat.count], data: .f32(weights.flat.floats),
                    storage: .raw)
            },
            // Random numbers are a function of the seed, the step and the place of their use.
            random: ["seed": .string("\(trainer.recipe.seed)")],
            cursor: [
                "step": .integer(trainer.step),
                "epoch.loss_sum": .double(epochLoss.sum),
                "epoch.tokens": .integer(epochLoss.tokens),
                "epochs": .strings(epochs.map(\.line)),
            ])
        try PoemWriter.write(contents, to: path)
    }

    /// Opens a checkpoint.
    init(contentsOf path: String) throws {
        self.path = path
        // The run's own file, of whatever size: its weights were in memory, too.
        reader = try PoemReader(path: path, limits: .trusting)
        guard reader.isCheckpoint, let step = reader.cursor.integer("step"), step >= 0,
            let sum = reader.cursor.double("epoch.loss_sum"),
            let tokens = reader.cursor.integer("epoch.tokens"),
            let lines = reader.cursor.strings("epochs")
        else {
            throw TrainingError.checkpointMismatch(
                "\(path) is a model, not a checkpoint of a training; " + Self.afresh(path))
        }
        self.step = step
        epochLoss = TrainingRun.EpochLoss(sum: sum, tokens: tokens)
        epochs = lines.compactMap(EpochRecord.init(line:))
    }

    /// Puts `trainer` where the checkpoint was taken; nothing changes if it is of another training.
    func restore(
        _ trainer: Trainer, record: TrainingRecord, tokenizer: TokenizerDescription
    ) throws {
        try Self.check(
            reader, is: trainer, record: record, tokenizer: tokenizer,
            advice: "repeat the options of the interrupted run, or \(Self.afresh(path))")
        guard step <= trainer.sampler.stepCount else {
            throw TrainingError.checkpointMismatch(
                "the checkpoint is at step \(step) of \(trainer.sampler.stepCount); "
                    + Self.afresh(path))
        }
        let names = Self.moments + (trainer.average == nil ? [] : [Self.latest])
        let tensors = try names.map { name in
            try optimizerTensor(name, count: trainer.weights.flat.count)
        }
        let parameters = trainer.weights.layout.parameters
        let entries = try parameters.map { try modelTensor($0.name) }
        for (parameter, entry) in zip(parameters, entries) {
            trainer.modelWeights.set(parameter, to: try reader.floats(of: entry))
        }
        trainer.optimizer.firstMoment.flat.set(to: tensors[0])
        trainer.optimizer.secondMoment.flat.set(to: tensors[1])
        if trainer.average != nil { trainer.weights.flat.set(to: tensors[2]) }
        trainer.step = step
    }

    /// Throws unless a file comes from the training that `trainer` and `record` describe, with `advice`.
    static func check(
        _ reader: PoemReader, is trainer: Trainer, record: TrainingRecord,
        tokenizer: TokenizerDescription, advice: String
    ) throws {
        guard reader.configuration == trainer.configuration, reader.tokenizer == tokenizer else {
            throw TrainingError.checkpointMismatch(
                "the earlier training has another tokenizer or model shape than this command asks for; "
                    + advice)
        }
        for key in Set(reader.training.keys + record.fixed.keys).sorted()
        where key != TrainingRecord.epochsKey && reader.training[key] != record.fixed[key] {
            let (earlier, asked) = (reader.training[key], record.fixed[key])
            // The same options may ask for something else by now: a default can change with the program.
            let option = TrainingRecord.option(for: key, earlier, insteadOf: asked)
            let hint = option.map { " (\($0) asks for the earlier one)" } ?? ""
            throw TrainingError.checkpointMismatch(
                "the earlier training's \(key) is \(earlier?.text ?? "absent"), this command's is "
                    + "\(asked?.text ?? "absent")\(hint); \(advice)")
        }
    }

    private static func afresh(_ path: String) -> String { "delete \(path) to start afresh" }

    private func modelTensor(_ name: String) throws -> TensorEntry {
        guard let entry = reader.tensor(named: name) else {
            throw TrainingError.checkpointMismatch(
                "the checkpoint lacks the model's \(name); " + Self.afresh(path))
        }
        return entry
    }

    private func optimizerTensor(_ name: String, count: Int) throws -> [Float] {
        guard let entry = reader.optimizerTensors.first(where: { $0.name == name }),
            entry.shape == [count], entry.elementType == .f32
        else {
            throw TrainingError.checkpointMismatch(
                "the checkpoint lacks the optimizer's \(name) of \(count) numbers; "
                    + Self.afresh(path))
        }
        return try reader.floats(of: entry)
    }
}

extension MetadataValue {
    /// As a person would type it.
    fileprivate var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .double(let number): "\(number)"
        case .boolean(let truth): "\(truth)"
        case .strings(let list): list.joined(separator: ", ")
        }
    }
}
