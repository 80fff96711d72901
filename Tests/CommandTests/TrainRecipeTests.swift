import Foundation
import Testing

/// What is asked for on the command line is what a model's file says of its training.
@Suite struct TrainRecipeTests {
    /// Each option with a value that neither is its default nor would be fitted to the text.
    private static let recipe = [
        ("--epochs", "3"), ("--stride", "11"), ("--seed", "77"), ("--batch-size", "12"),
        ("--optimizer", "muon-heads"), ("--learning-rate", "0.003"),
        ("--matrix-learning-rate", "0.015"), ("--warmup-steps", "5"),
        ("--final-learning-rate", "0.3"), ("--averaging", "0.2"), ("--half-depth", "0.4"),
        ("--weight-decay", "0.07"), ("--dropout", "0.11"), ("--attention-dropout", "0.04"),
        ("--merge-dropout", "0.35"), ("--token-noise", "0.02"), ("--precision", "bf16"),
        ("--gradient-clip", "0.8"), ("--initial-attention", "neighbours"),
    ]
    private static let shape = [
        ("--context", "14", "context_length"), ("--layers", "2", "layer_count"),
        ("--heads", "3", "head_count"), ("--width", "24", "model_dimension"),
        ("--feed-forward", "40", "feed_forward_dimension"), ("--activation", "gelu", "activation"),
    ]
    private static let tokenizer = [
        ("--tokenizer", "bpe", "kind"), ("--bpe-vocab-size", "40", "size"),
        ("--pretokenizer", "words", "pretokenizer"),
    ]

    @Test func everyOptionIsRecorded() throws {
        let folder = try Folder()
        try folder.write(TrainCommandTests.text, to: "book.txt")
        var arguments = ["book.txt", "--threads", "1", "--profile", "lossless"]
        for (option, value) in Self.recipe { arguments += [option, value] }
        for (option, value, _) in Self.shape + Self.tokenizer { arguments += [option, value] }
        let run = try Program("poe-train").run(arguments, in: folder)
        #expect(run.status == 0, "\(run.errors)")

        let shown = try Program("poe-model").run(["show", "book.poem", "--json"], in: folder).json()
        let training = try #require(shown["training"] as? [String: Any])
        for (option, value) in Self.recipe {
            // The record has the names of the command line.
            let key = "recipe." + option.replacing("--", with: "").replacing("-", with: "_")
            #expect(isRecorded(value, training[key]), "\(key) for \(option) \(value)")
        }
        for (section, options) in [("architecture", Self.shape), ("tokenizer", Self.tokenizer)] {
            let members = try #require(shown[section] as? [String: Any])
            for (option, value, key) in options {
                #expect(isRecorded(value, members[key]), "\(key) for \(option) \(value)")
            }
        }
    }

    /// What is fitted to a text reaches its training: here, that of a tale in steps of 16 windows.
    @Test func whatIsFittedIsRecorded() throws {
        let folder = try Folder()
        let line = "The lamp of the dull window glowed, and the sullen night was at sea.\n"
        try folder.write(String(repeating: line, count: 900), to: "tale.txt")
        let run = try Program("poe-train").run(
            [
                "tale.txt", "--threads", "1", "--profile", "lossless", "--no-calibration",
                "--bpe-vocab-size", "32", "--context", "16", "--layers", "1", "--width", "8",
                "--heads", "1", "--epochs", "1",
            ], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        let shown = try Program("poe-model").run(["show", "tale.poem", "--json"], in: folder).json()
        let training = try #require(shown["training"] as? [String: Any])
        #expect(training["recipe.optimizer"] as? String == "normuon")
        #expect(training["recipe.batch_size"] as? Int == 16)
    }

    /// bf16 is for kernels with tiles, unless asked for; where the precision is the same, so is the file.
    @Test func precisionFitsTheKernels() throws {
        let listed = try Program("poe-bench").run(["--list"]).text
        let kernels = ["scalar", "avx2", "avx512", "avx512vnni", "amx", "neon"].filter {
            listed.contains(" \($0),") || listed.contains(" \($0);")
        }
        #expect(kernels.contains("scalar"))
        let folder = try Folder()
        try folder.write(TrainCommandTests.text, to: "book.txt")
        var files: [String: Set<Data>] = [:]
        for set in kernels {
            let run = try Program("poe-train").run(
                ["book.txt"] + TrainCommandTests.tiny + ["-o", "\(set).poem"],
                environment: ["POE_KERNELS": set], in: folder)
            #expect(run.status == 0, "\(run.errors)")
            let shown = try Program("poe-model").run(["show", "\(set).poem", "--json"], in: folder)
                .json()
            let training = try #require(shown["training"] as? [String: Any])
            let precision = try #require(training["recipe.precision"] as? String)
            #expect(precision == (set == "amx" ? "bf16" : "f32"))
            #expect(run.errors.contains("bf16 for this processor") == (set == "amx"))
            files[precision, default: []].insert(try Data(contentsOf: folder.url("\(set).poem")))
        }
        #expect(files.values.allSatisfy { $0.count == 1 })
    }

    /// Whether what a file records is the value that was typed.
    private func isRecorded(_ typed: String, _ recorded: Any?) -> Bool {
        if let text = recorded as? String { return text == typed }
        if let whole = recorded as? Int { return "\(whole)" == typed }
        guard let number = recorded as? Double, let expected = Double(typed) else { return false }
        // `JSONSerialization` reads some numbers one unit in the last place off.
        return abs(number - expected) < 1e-12
    }
}
