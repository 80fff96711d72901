import Foundation
import Testing

@Suite struct UsageTests {
    @Test(arguments: ["poe-train", "poe-scrape"])
    func withoutWordsTheErrorIsNotLostInTheHelp(program: String) throws {
        let run = try Program(program).run([])
        #expect(run.status == 64)
        #expect(run.output.isEmpty)
        let lines = run.errors.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.first?.hasPrefix("error: Missing expected argument '") == true)
        #expect(lines.dropFirst().first?.hasPrefix("Usage: \(program) [<options>] ") == true)
        #expect(lines.last == "  See '\(program) --help' for more information.")
    }

    @Test func aMisspeltSubcommandIsToldTheRightOnes() throws {
        let run = try Program("poe-model").run(["shwo", "models/bpe.poem"])
        #expect(run.status == 64)
        let names = "show, verify, score, logits, pack, diff, overlap, curves"
        #expect(
            run.errors.hasPrefix("error: there is no subcommand 'shwo'; expected one of \(names)\n")
        )
        #expect(run.errors.hasSuffix("  See 'poe-model --help' for more information.\n"))
    }
}
