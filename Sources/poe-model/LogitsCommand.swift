import ArgumentParser
import PoeArguments
import PoeCommand
import PoeCore
import PoeInference
import PoeModel
import PoeTokenizer

/// The subcommand `logits`.
struct LogitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logits",
        abstract: "Print the logits of a model after each of some tokens, for comparisons.",
        discussion: "Computed in f32 from the stored weights, also where poe-run computes in int8.")

    @Argument(help: "The model.", completion: .file(extensions: ["poem"]))
    var model: String

    @Option(help: "The tokens' numbers, such as 1,2,3; at most as many as the context has places.")
    var tokens: TokenList

    @Flag(help: "All logits as one JSON object; without it, the most probable tokens as a table.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    func run() throws {
        let model = try naming(self.model) { try Model.load(self.model, threads: threads.count) }
        let configuration = model.configuration
        let ids = tokens.ids
        if let token = ids.first(where: { Int($0) >= configuration.vocabularySize }) {
            throw CommandFailure(
                .usage,
                "token \(token) is not in the vocabulary; expected 0 to "
                    + "\(configuration.vocabularySize - 1)")
        }
        guard ids.count <= configuration.contextLength else {
            throw CommandFailure(
                .usage,
                "\(Format.count(ids.count, "token")) do not fit; the model's context has "
                    + "\(Format.count(configuration.contextLength)) places")
        }
        let engine = Engine(model.weights, threads: threads.count)
        let logits = engine.logits(ids)
        if let place = logits.firstIndex(where: { !$0.allSatisfy(\.isFinite) }) {
            throw CommandFailure(
                .malformed,
                "\(self.model): the model's logits at place \(place) are no finite numbers; take "
                    + "another model")
        }
        try Output.write(json ? Self.json(logits) : Self.table(ids, logits, model))
    }

    private static func json(_ logits: [[Float]]) throws -> String {
        let value = JSON.object([
            ("shape", [.integer(logits.count), .integer(logits.first?.count ?? 0)]),
            ("logits", .array(logits.map { .floats($0) })),
        ])
        return try value.encoded() + "\n"
    }

    private static func table(_ ids: [TokenID], _ logits: [[Float]], _ model: Model) -> String {
        let rows = zip(ids, logits).enumerated().map { position, row -> [String] in
            let best = row.1.indices.sorted {
                row.1[$0] != row.1[$1] ? row.1[$0] > row.1[$1] : $0 < $1
            }
            let next = best.prefix(4).map { token in
                spelled(TokenID(token), model) + " " + Format.fixed(Double(row.1[token]), 3)
            }
            return ["\(position)", "\(row.0)", spelled(row.0, model)] + next
        }
        return Columns.text(
            [["place", "token", "text", "largest logits"]] + rows, alignRight: [0, 1])
    }

    /// A token's text in quotation marks, with nothing in it that moves the cursor.
    private static func spelled(_ token: TokenID, _ model: Model) -> String {
        let text = JSON.string(model.tokenizer.decode([token]))
        return (try? text.encoded()) ?? ""
    }
}

/// Numbers of tokens, with commas between them.
struct TokenList: ExpressibleByArgument {
    /// The tokens, at least one.
    let ids: [TokenID]

    init?(argument: String) {
        let words = argument.split(omittingEmptySubsequences: false) { ", \n\t".contains($0) }
            .filter { !$0.isEmpty }
        let ids = words.compactMap { TokenID($0) }
        guard !ids.isEmpty, ids.count == words.count else { return nil }
        self.ids = ids
    }
}
