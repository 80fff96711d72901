import Foundation
import Testing

@Suite struct OverlapCommandTests {
    private let folder: Folder
    private let corpus: Folder

    init() throws {
        folder = try Folder()
        corpus = try Folder()
    }

    /// A byte order mark and CR LF are no difference of words.
    @Test func aTextWithOtherLineEndsIsTheSameText() throws {
        let verse = "the rain came down upon the town,\nand all the lamps along the quay went out"
        try corpus.write("Rain\n\nThen \(verse).\n", to: "rain.txt")
        let text = "She read aloud\nthat \(verse)\n"
        let usual = try folder.write(text, to: "usual.txt")
        let other = try folder.write(
            "\u{FEFF}" + text.replacing("\n", with: "\r\n"), to: "other.txt")
        func overlap(_ path: String, _ more: [String]) throws -> Program.Outcome {
            let run = try Program("poe-model").run(
                ["overlap", path, "--corpus", corpus.path] + more)
            #expect(run.status == 0, "\(run.errors)")
            return run
        }
        for more in [[], ["--json"]] {
            let (expected, found) = (try overlap(usual, more), try overlap(other, more))
            #expect(found.text == expected.text)
        }
        let passages = try overlap(other, ["--json"]).json()["passages"] as? [[String: Any]]
        let texts = passages?.compactMap { $0["text"] as? String }
        #expect(texts == [" " + verse])
    }
}
