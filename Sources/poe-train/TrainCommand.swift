import ArgumentParser
import PoeArguments
import PoeCommand
import PoeCore
import PoeCorpus
import PoeModel
import PoeTokenizer
import PoeTraining
import PoemFile

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poe-train",
        abstract: "Train a small GPT on your own text.",
        discussion: """
            Learns a tokenizer, trains a transformer on the CPU, and writes one file, NAME.poem, that \
            poe-run generates from. Beside it: NAME.best.poem and NAME.last.poem (the best and the last \
            epoch, stored exactly), NAME.train.csv, NAME.loss.svg and, until the end, a checkpoint.

            Ctrl-C, or a crash, loses no more than the steps since the last checkpoint, or what was \
            packed: the same command with --resume goes on, and ends with the same files as a run that \
            was never interrupted.

            Example: poe-train mybook.txt

            Exit status: 0, 64 usage, 65 malformed file, 66 no input, 70 internal fault, \
            73 cannot create, 74 input or output, 130 interrupted.
            """,
        version: "poe-train \(Version.text)")

    @Argument(help: "Text files, or folders of .txt files.", completion: .file())
    var corpus: [String]

    @Option(
        help:
            "JSON with the lists of file names \"train\" and \"validation\"; without it about a tenth of the text validates.",
        completion: .file(extensions: ["json"]))
    var split: String?

    @OptionGroup(title: "Tokenizer") var tokenizer: TokenizerOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Recipe") var recipe: RecipeOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        guard output.budget > 0 else {
            throw ValidationError("--budget is \(output.budget); expected above 0")
        }
        guard output.output?.isEmpty != true else {
            throw ValidationError("--output is empty; expected the name of a file")
        }
        guard output.checkpointSeconds >= 0 else {
            throw ValidationError(
                "--checkpoint-seconds is \(output.checkpointSeconds); expected 0 or more")
        }
        if model.base != nil {
            guard tokenizer.isUnasked else {
                throw ValidationError(
                    "the tokens are those of --base; leave out --tokenizer, --bpe-vocab-size and "
                        + "--pretokenizer")
            }
            guard recipe.halfDepth ?? 0 == 0, recipe.initialAttention == .even else {
                throw ValidationError(
                    "--half-depth and --initial-attention are for models that know nothing yet; leave "
                        + "them out with --base")
            }
        }
        guard tokenizer.kind != .char || recipe.mergeDropout ?? 0 == 0 else {
            throw ValidationError(
                "--merge-dropout does not go with --tokenizer char: there are no merges")
        }
        do {
            let fitted = FittedChoices(tokens: 0, epochs: recipe.epochs, hasMerges: true)
            try recipe.recipe(fitted).validate()
            try model.configuration(vocabularySize: 1, fitted).validate()
        } catch let error as ConfigurationError {
            throw ValidationError(ModelOptions.naming(error))
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// A training that nothing speaks against.
    private struct Prepared {
        let run: TrainingRun
        let texts: PreparedTexts
        /// The model that it begins with, if any.
        let base: Model?
        /// The choices that no option made, for people.
        let fitted: [String]
    }

    func run() throws {
        let training = try prepared()
        let monitor = TrainingMonitor(
            run: training.run, texts: training.texts, options: output, threads: threads.count,
            fitted: training.fitted)
        try resumeOrRefuse(training.run)
        if let folder = output.report { try TextFile.makeFolder(folder) }
        // Nothing has been learnt yet that a checkpoint could keep.
        if Interrupt.isRequested { throw Interrupted() }
        // A training goes on when whoever read its progress has gone, such as a `tee` that Ctrl-C ends too.
        Interrupt.ignoreClosedPipes()
        try trainAndPack(training, monitor)
    }

    /// Reads what is to be read, and checks all that it would be too late to learn after hours of training.
    private func prepared() throws -> Prepared {
        let base = try model.base.map { path in
            try naming(path) { try Model.load(path, threads: threads.count) }
        }
        let texts = try PreparedTexts(
            paths: corpus, splitPath: split, options: tokenizer, calibrates: recipe.calibration,
            base: base?.tokenizer)
        let fitted = FittedChoices(
            tokens: texts.trainingTokens.count, epochs: recipe.epochs,
            context: base?.configuration.contextLength ?? model.contextLength,
            hasMerges: !texts.tokenizer.description.merges.isEmpty, hasBase: base != nil)
        let configuration =
            base?.configuration
            ?? model.configuration(vocabularySize: texts.tokenizer.vocabularySize, fitted)
        let files = RunFiles(
            model: output.output ?? texts.name + ".poem", reportFolder: output.report)
        let recipe = recipe.recipe(fitted)
        try checkFiles(files, epochs: recipe.epochs)
        try checkMemory(configuration, recipe.matrixOptimizer)
        let teachers = try teachers(configuration, texts.tokenizer)
        let trainer = try Trainer(
            recipe: recipe, configuration: configuration, tokens: texts.trainingTokens,
            tokenizer: texts.tokenizer.description, base: base?.weights, teachers: teachers,
            threads: threads.count)
        let record = TrainingRecord(
            recipe: recipe, corpusName: texts.name, corpusHash: texts.corpusHash,
            split: texts.splitName, trainingTokens: texts.trainingTokens,
            validation: texts.validation, calibration: texts.calibration, base: base,
            teachers: teachers)
        let run = TrainingRun(
            trainer: trainer, tokenizer: texts.tokenizer, validation: texts.validation,
            calibration: texts.calibration, record: record, files: files,
            options: runOptions(title: texts.name))
        return Prepared(
            run: run, texts: texts, base: base,
            fitted: whatWasChosen(fitted, configuration, texts))
    }

    private func runOptions(title: String) -> TrainingRun.Options {
        var options = TrainingRun.Options()
        options.keepsEpochs = output.keepEpochs
        options.checkpointSeconds = output.checkpointSeconds
        options.title = title
        return options
    }

    /// Goes on where an interrupted training was, or sees to it that a fresh one replaces no checkpoint.
    private func resumeOrRefuse(_ run: TrainingRun) throws {
        guard output.resume else { return try refuseToOverwrite(run.files) }
        try run.resume()
        if run.trainer.step > 0, !TextFile.exists(run.files.log) {
            Output.warn(
                "\(run.files.log) is missing: the losses of earlier steps will not be in it")
        }
    }

    private func trainAndPack(_ training: Prepared, _ monitor: TrainingMonitor) throws {
        monitor.begin()
        do {
            guard try training.run.train(monitor) == .finished else { throw Interrupted() }
            try finish(training, monitor)
        } catch let interrupted as Interrupted {
            monitor.stopped()
            throw interrupted
        }
    }

    /// The weights of the models to learn from.
    private func teachers(
        _ configuration: ModelConfiguration, _ tokenizer: Tokenizer
    ) throws -> [ModelWeights] {
        try recipe.teacher.map { path in
            let model = try naming(path) { try Model.load(path, threads: threads.count) }
            guard model.tokenizer.description == tokenizer.description,
                model.configuration.contextLength == configuration.contextLength
            else {
                throw CommandFailure(
                    .usage,
                    "\(path) cannot teach this model: its tokens or its context are others; expected "
                        + "a model that was trained on the same corpus, split and tokenizer, or with the "
                        + "same --base")
            }
            return model.weights
        }
    }

    /// After hours of training is too late to learn that a file cannot be written, or that it was read.
    private func checkFiles(_ files: RunFiles, epochs: Int) throws {
        for path in files.models { try ModelPath.check(path) }
        for path in [files.log, files.lossCurve] { try TextFile.check(path) }
        let read = recipe.teacher + (model.base.map { [$0] } ?? [])
        let keptEpochs = output.keepEpochs ? epochs : 0
        if let path = read.first(where: { files.replaces($0, keptEpochs: keptEpochs) }) {
            throw CommandFailure(
                .usage,
                "this training reads \(path) and would replace it; name another model with --output"
            )
        }
    }

    private func checkMemory(
        _ configuration: ModelConfiguration, _ optimizer: MatrixOptimizer
    ) throws {
        let bytes = Trainer.memory(
            configuration, optimizer: optimizer, threads: threads.count,
            teachers: recipe.teacher.count, tunes: output.profile == .compact)
        guard bytes > Limits.machineMemory else { return }
        throw CommandFailure(
            .usage,
            "training a model of this shape takes about \(Format.bytes(bytes)) of memory, and this machine "
                + "has \(Format.bytes(Limits.machineMemory)); "
                + (model.base == nil
                    ? "lower --width, --layers or --context" : "begin with a smaller --base"))
    }

    /// A checkpoint is hours of work: it is not replaced by a fresh start without a word.
    private func refuseToOverwrite(_ files: RunFiles) throws {
        guard TextFile.exists(files.checkpoint) else { return }
        throw CommandFailure(
            .usage,
            "\(files.checkpoint) is the checkpoint of an interrupted training; add --resume to go on "
                + "with it, or delete it to start afresh")
    }

    /// Packs the best weights as the finished model and removes the checkpoint.
    private func finish(_ training: Prepared, _ monitor: TrainingMonitor) throws {
        let (run, texts) = (training.run, training.texts)
        var best = try run.bestModel()
        best.metadata["name"] = .string(texts.name)
        best.metadata["producer"] = .string("poe-train \(Version.text)")
        best.card =
            ModelCard(
                run: run, texts: texts, base: training.base,
                logitFactor: best.evaluation.double(Calibration.key)
            ).markdown
        let choice = try Packing(
            model: best, validation: texts.validation, budget: output.budget,
            threads: threads.count, tokens: texts.trainingTokens, recipe: run.trainer.recipe
        ).choose(output.profile, monitor)
        best.weights = choice.weights
        best.evaluation = choice.evaluation
        try best.write(to: run.files.model, profile: choice.profile, threads: threads.count)
        TextFile.remove(run.files.checkpoint)
        try monitor.finished(choice.evaluation)
    }
}
