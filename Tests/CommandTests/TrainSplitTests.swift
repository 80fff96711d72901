import Foundation
import PoeCore
import PoeTokenizer
import PoemFile
import Testing

/// A training on works that a file divides.
@Suite struct TrainSplitTests {
    private static let words = ["gold", "bug", "raven", "and", "the", "of", "a", "door"]
    private static let learnt = [text(words, seed: 1), text(words, seed: 2)]
    /// Has characters that the other works have not, and few of their words.
    private static let heldOut = text(["jinx", "quiz", "fizzy", "kick", "the", "of"], seed: 3)

    private static func text(_ words: [String], seed: UInt64) -> String {
        let random = CounterRandom(seed: seed)
        return (0..<2_000).map {
            words[random.integer(below: words.count, stream: 0, index: UInt64($0))]
        }.joined(separator: " ")
    }

    private let folder: Folder

    /// Trains a model, exactly stored; the work that is held out stands between the others.
    init() throws {
        folder = try Folder()
        try folder.write(Self.learnt[0], to: "a.txt")
        try folder.write(Self.heldOut, to: "b.txt")
        try folder.write(Self.learnt[1], to: "c.txt")
        try folder.write(
            #"{"train": ["c.txt", "a.txt"], "validation": ["b.txt"]}"#, to: "split.json")
        let run = try Program("poe-train").run(
            [
                ".", "--split", "split.json", "--bpe-vocab-size", "60", "--context", "16",
                "--layers", "1", "--heads", "2", "--width", "16", "--batch-size", "8",
                "--epochs", "2", "--threads", "1", "--profile", "lossless",
            ], in: folder)
        #expect(run.status == 0, "\(run.errors)")
    }

    private func show(_ section: String) throws -> [String: Any] {
        let run = try Program("poe-model").run(["show", "model.poem", "--json"], in: folder)
        return try #require(run.json()[section] as? [String: Any])
    }

    private func score(_ part: String) throws -> [String: Any] {
        let corpus = ["--corpus", ".", "--split", "split.json", "--part", part]
        let run = try Program("poe-model").run(
            ["score", "model.poem", "--json"] + corpus, in: folder)
        return try run.json()
    }

    private func tokenizer() throws -> Tokenizer {
        let reader = try PoemReader(path: folder.url("model.poem").path)
        return try Tokenizer(reader.tokenizer)
    }

    /// A text so short has nothing set aside to calibrate.
    @Test func theRecordCountsTheTokensOfBothParts() throws {
        let training = try show("training")
        let tokenizer = try tokenizer()
        let learnt = try tokenizer.encode(Self.learnt.joined(separator: "\n\n"))
        let heldOut = try tokenizer.encode(Self.heldOut)
        #expect(training["corpus.split"] as? String == "split.json")
        #expect(training["corpus.train_tokens"] as? Int == learnt.count)
        #expect(training["corpus.validation_tokens"] as? Int == heldOut.count)
        let characters = Self.heldOut.unicodeScalars.count
        #expect(training["corpus.validation_characters"] as? Int == characters)
        #expect(training["corpus.calibration_tokens"] == nil)
    }

    @Test func theRecordedLossesAreOfTheHeldOutWork() throws {
        let losses = try show("losses")
        let (heldOut, learnt) = (try score("validation"), try score("train"))
        for unit in ["nats_per_token", "nats_per_character"] {
            let recorded = try #require(losses["validation.\(unit)"] as? Double)
            let measured = try #require(heldOut[unit] as? Double)
            // A training and a runtime add up in orders of their own.
            #expect(abs(measured - recorded) < 1e-4, "\(unit): \(measured), recorded \(recorded)")
            let other = try #require(learnt[unit] as? Double)
            #expect(other < measured - 0.5, "\(unit): the other part is what was learnt")
        }
        #expect(losses["exact.nats_per_token"] == nil, "nothing was rounded")
    }

    /// All works give their characters, so that none is unknown; merges come from what is learnt.
    @Test func noMergeIsOfTheHeldOutWork() throws {
        let tokenizer = try tokenizer()
        let description = tokenizer.description
        #expect(description.merges.count > 10)
        let merged = tokenizer.decode(
            (description.baseCount..<description.vocabularySize).map { TokenID($0) })
        let unseen = Set(Self.heldOut.unicodeScalars).subtracting(
            Self.learnt.joined(separator: " ").unicodeScalars)
        #expect(unseen.count == 8)
        #expect(unseen.isDisjoint(with: merged.unicodeScalars))
        #expect(unseen.allSatisfy { tokenizer.knows($0) })
    }
}
