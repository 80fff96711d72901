import ArgumentParser
import Poe
import PoeArguments
import PoeCommand
import PoeCore
import PoeCorpus
import PoeModel
import PoemFile

/// The subcommand `pack`.
struct PackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Store a model in another way.",
        discussion: """
            lossless: the exact weights, compressed. mapped: the exact weights as they are in \
            memory, for programs that use them in place. compact: whole numbers on a grid, the \
            smallest by far; with a text to measure on, the coarsest grid that adds no more than \
            the budget to the loss is chosen. A checkpoint becomes the model it holds.
            """)

    @Argument(help: "The model.", completion: .file(extensions: ["poem"]))
    var model: String

    @Option(name: .shortAndLong, help: "The file to write.", completion: .file())
    var output: String

    @Option(help: "How to store the weights.")
    var profile = ProfileName.compact

    @OptionGroup(title: "Compact") var compact: CompactOptions

    @OptionGroup(title: "Text to measure on") var corpus: CorpusOptions

    @Option(
        help: ArgumentHelp(
            "A text file to measure on; can be given several times.", valueName: "file"),
        completion: .file())
    var calibrate: [String] = []

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        try corpus.validate(besides: calibrate, isOptional: true)
        let hasText = corpus.isGiven || !calibrate.isEmpty
        guard profile == .compact || !(hasText || compact.isGiven) else {
            throw ValidationError("--profile \(profile) has no grid to choose")
        }
        guard !(hasText && compact.hasGrid) else {
            throw ValidationError("-k and --embedding-k say the grid: there is nothing to choose")
        }
        guard hasText || compact.budget == nil else {
            throw ValidationError("--budget needs a text to measure on")
        }
    }

    func run() throws {
        Interrupt.install()  // so that no half-written file is left behind
        let before = try naming(model) { try PoemReader(path: model) }
        var packed = try naming(model) { try Model.load(before, threads: threads.count) }
        if self.profile == .compact, before.tensors.contains(where: { $0.elementType == .i8 }) {
            Output.warn(
                "\(model) is compact already: its weights are rounded a second time; pack the exact "
                    + "ones (poe-train --profile lossless) if you have them")
        }
        let profile = try profile(for: &packed)
        if Interrupt.isRequested { throw Interrupted() }
        try packed.write(to: output, profile: profile, threads: threads.count)
        let after = ModelFacts(path: output, reader: try PoemReader(path: output))
        Output.note(
            "\(output): \(profile.name), \(Format.bytes(after.reader.fileLength)) "
                + "(before: \(Format.bytes(before.fileLength))), "
                + "\(Format.fixed(after.bitsPerWeight, 2)) bits per weight")
    }

    /// The profile, with what it costs entered into the model's losses.
    private func profile(for model: inout Model) throws -> Profile {
        switch profile {
        case .lossless: return .lossless
        case .mapped: return .mapped
        case .compact: break
        }
        guard corpus.isGiven || !calibrate.isEmpty else {
            let settings = compact.settings
            model.evaluation.removeLosses()
            model.evaluation["compression"] = .string(
                "k \(settings.k), embedding k \(settings.embeddingK), not measured")
            return .compact(settings)
        }
        let text = try corpus.load(calibrate).text
        return .compact(try search(text, &model))
    }

    private func search(_ text: String, _ model: inout Model) throws -> CompactSettings {
        let budget = compact.budget ?? 0.002
        var last: TextScore?
        let choice = try GridLadder.coarsest(model.weights, within: budget) { choice in
            Output.note(
                "k \(choice.settings.k), embedding k \(choice.settings.embeddingK): "
                    + (choice.cost < 0 ? "" : "+")
                    + "\(Format.fixed(choice.cost, 5)) nats per token")
        } measure: { weights in
            if Interrupt.isRequested { throw Interrupted() }
            var trial = model
            trial.weights = weights
            let score = try LanguageModel(trial).score(text, threads: threads.count)
            last = score
            return score.natsPerToken
        }
        if choice.cost > budget {
            Output.warn("no grid is within the budget of \(budget); this is the finest one")
        }
        model.evaluation.removeLosses()
        model.evaluation["protocol"] = .string(LossProtocol.name)
        model.evaluation["exact.nats_per_token"] = .double(choice.exactLoss)
        model.evaluation["validation.nats_per_token"] = .double(choice.packedLoss)
        model.evaluation["validation.nats_per_character"] = (last?.natsPerCharacter).map {
            .double($0)
        }
        model.evaluation["compression.nats_per_token"] = .double(choice.cost)
        return choice.settings
    }
}

extension Metadata {
    /// Takes out the losses and what is said of a grid: they are those of the weights before.
    ///
    /// The rest, such as the epoch, is true of the rounded weights too.
    fileprivate mutating func removeLosses() {
        let subjects: Set<Substring> = ["compression", "exact", "protocol", "validation"]
        for key in keys where subjects.contains(key.prefix(while: { $0 != "." })) {
            self[key] = nil
        }
    }
}

/// The names of ``PoeModel/Profile``'s cases.
enum ProfileName: String, ExpressibleByArgument, CaseIterable {
    case lossless, compact, mapped
}

/// How fine the grid is.
struct CompactOptions: ParsableArguments {
    @Option(
        name: .customShort("k"),
        help: "Steps of the grid in a standard deviation of the weights (default: 8).")
    var steps: Double?

    @Option(
        name: .customLong("embedding-k"),
        help: "The same for the token embedding, which needs a finer grid (default: 16).")
    var embeddingSteps: Double?

    @Option(help: "Nats per token that the loss may grow by (default: 0.002).")
    var budget: Double?

    var hasGrid: Bool { steps != nil || embeddingSteps != nil }
    var isGiven: Bool { hasGrid || budget != nil }

    var settings: CompactSettings {
        var settings = CompactSettings()
        settings.k = steps ?? settings.k
        settings.embeddingK = embeddingSteps ?? settings.embeddingK
        return settings
    }

    func validate() throws {
        for (name, value) in [("-k", steps), ("--embedding-k", embeddingSteps)] {
            guard let value else { continue }
            guard value >= 0.5, value <= 1_000 else {
                throw ValidationError("\(name) is \(value); expected 0.5 to 1000")
            }
        }
        guard budget.map({ $0 >= 0 && $0.isFinite }) ?? true else {
            throw ValidationError("--budget is \(budget ?? 0); expected a number from 0 up")
        }
    }
}
