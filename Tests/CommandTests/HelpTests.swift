import Foundation
import PoeTestSupport
import Testing

@Suite struct HelpTests {
    private static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Goldens")

    /// Help is part of what is promised: it changes when someone wants it to.
    ///
    /// `POE_UPDATE_GOLDENS=1 swift test --filter HelpTests` writes the files anew.
    @Test(arguments: [
        "poe-run", "poe-train", "poe-bench", "poe-model", "poe-model show", "poe-model verify",
        "poe-model score",
        "poe-model logits", "poe-model pack", "poe-model diff", "poe-model overlap",
        "poe-model curves", "poe-gallery", "poe-scrape",
    ])
    func helpIsComplete(command: String) throws {
        var words = command.split(separator: " ").map(String.init)
        let run = try Program(words.removeFirst()).run(words + ["--help"])
        #expect(run.status == 0)
        #expect(run.errors.isEmpty)
        let url = Self.goldens.appending(path: command.replacing(" ", with: "-") + ".txt")
        if GoldenSwitch.update.isOn {
            try run.output.write(to: url)
            Issue.record("\(GoldenSwitch.update.complaint)")
        }
        #expect(run.text == (try String(contentsOf: url, encoding: .utf8)))
    }

    @Test(arguments: [
        "poe-run", "poe-model", "poe-train", "poe-bench", "poe-gallery", "poe-scrape",
    ])
    func versionIsTold(program: String) throws {
        let run = try Program(program).run(["--version"])
        #expect(run.status == 0)
        #expect(run.text.hasPrefix(program + " "))
    }
}
