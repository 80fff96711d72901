import ArgumentParser
import PoeCommand
import PoeCore
import PoeGallery

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What texts are made.
struct TextOptions: ParsableArguments {
    @Option(
        help: "A file with one phrase a line to begin texts with. (default: eight phrases)",
        completion: .file())
    var prompts: String?

    @Option(help: "Temperatures with commas between them. (default: 0.3,0.8,1.2)")
    var temperatures: TemperatureList?

    @Option(help: "Texts for each phrase and temperature. (default: 1)")
    var samples: Int?

    @Option(
        name: .shortAndLong,
        help: "Names the random numbers; further samples have the seeds after it. (default: 1)")
    var seed: UInt64?

    @Option(name: [.customShort("n"), .long], help: "Tokens of a text. (default: 100)")
    var predict: Int?

    @Option(help: "Draw from this many of the most probable tokens (0 = all). (default: 40)")
    var topK: Int?

    /// Whether any of them was given.
    var isGiven: Bool {
        prompts != nil || temperatures != nil || samples != nil || seed != nil || predict != nil
            || topK != nil
    }

    func validate() throws {
        if let samples, !(1...10_000).contains(samples) {
            throw ValidationError("--samples is \(samples); expected 1 to 10000")
        }
        if let predict, !(0...1_000_000).contains(predict) {
            throw ValidationError("--predict is \(predict); expected 0 to 1000000")
        }
        if let topK, topK < 0 {
            throw ValidationError("--top-k is \(topK); expected a number from 0 up")
        }
    }

    /// The recipe that they make.
    func recipe() throws -> GalleryRecipe {
        var recipe = GalleryRecipe()
        if let prompts {
            recipe.prompts = InputText.lines(of: try InputText.readPrompt(prompts))
                .filter { !$0.allSatisfy(\.isWhitespace) }
            guard !recipe.prompts.isEmpty else {
                throw CommandFailure(.noInput, "\(prompts): no phrase in it")
            }
        }
        if let temperatures { recipe.temperatures = temperatures.values }
        if let samples { recipe.samples = samples }
        if let seed { recipe.seed = seed }
        if let predict { recipe.predict = predict }
        if let topK { recipe.topK = topK }
        return recipe
    }
}

/// Temperatures with commas between them.
struct TemperatureList: ExpressibleByArgument {
    /// At least one, each once.
    let values: [Float]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        let values = words.compactMap { Float($0) }
        guard values.count == words.count, Set(values).count == values.count,
            values.allSatisfy({ $0.isFinite && $0 >= 0 })
        else { return nil }
        self.values = values
    }
}

/// Where texts are looked up.
struct LookUpOptions: ParsableArguments {
    @Option(
        name: .customLong("corpus"),
        help: "A folder of .txt files: mark the passages that texts have from it word for word.",
        completion: .directory)
    var folder: String?

    @Option(
        help: """
            A JSON file that says which works train and which validate: look into those that train, \
            and tell what the others share with them.
            """,
        completion: .file(extensions: ["json"]))
    var split: String?

    func validate() throws {
        guard split == nil || folder != nil else { throw ValidationError("--split needs --corpus") }
    }

    /// The corpus, if one is given.
    func load() throws -> GalleryCorpus? {
        try folder.map { try GalleryCorpus(folder: $0, split: split) }
    }
}

/// Which files are models.
enum ModelFiles {
    /// The files named, and the models in the folders named, in order of name; checkpoints of trainings
    /// are passed over.
    static func paths(_ arguments: [String]) throws(CommandFailure) -> [String] {
        var paths: [String] = []
        for argument in arguments {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: argument) else {
                paths.append(argument)
                continue
            }
            let models = names.filter {
                $0.hasSuffix(".poem") && !$0.hasSuffix(".checkpoint.poem") && !$0.hasPrefix(".")
            }
            // A training leaves its best and its last weights beside the model.
            let found = models.filter { name in
                ![".best.poem", ".last.poem"].contains {
                    name.hasSuffix($0) && models.contains(name.dropLast($0.count) + ".poem")
                }
            }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            guard !found.isEmpty else {
                throw CommandFailure(.noInput, "\(argument): no .poem files in this folder")
            }
            paths += found.map { argument.hasSuffix("/") ? argument + $0 : argument + "/" + $0 }
        }
        return paths
    }
}
