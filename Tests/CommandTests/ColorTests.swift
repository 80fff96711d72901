import Foundation
import Testing

/// Colours are for terminals, and for those who have not said that they want none.
@Suite struct ColorTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// What is shown then has a heading, a prompt and a warning.
    private var arguments: [String] {
        [place.model, "-p", "The ж", "-n", "3", "--seed", "1", "--samples", "2"]
    }

    /// What a terminal shows.
    private func shown(_ arguments: [String], _ environment: [String: String]) throws -> String {
        let terminal = try PseudoTerminal(
            Program("poe-run"), arguments, environment: environment)
        _ = terminal.waitForEnd()
        return terminal.shown
    }

    /// An empty `NO_COLOR` is none.
    @Test(arguments: [[:], ["NO_COLOR": ""]] as [[String: String]])
    func aTerminalHasColours(environment: [String: String]) throws {
        let shown = try shown(arguments, environment)
        for text in [
            "\u{1B}[1m--- sample 2 of 2, seed 1 ---\u{1B}[0m", "\u{1B}[2mThe ж\u{1B}[0m",
            "\u{1B}[33mwarning:\u{1B}[0m",
        ] {
            #expect(shown.contains(text), "\(shown.debugDescription)")
        }
        let failure = try self.shown(["/no/such.poem"], environment)
        #expect(failure.contains("\u{1B}[31merror:\u{1B}[0m"), "\(failure.debugDescription)")
    }

    @Test(arguments: [["NO_COLOR": "1"], ["TERM": "dumb"]])
    func orNoneWhereTheyAreNotWanted(environment: [String: String]) throws {
        for (words, texts) in [
            (arguments, ["--- sample 2 of 2, seed 1 ---", "The ж", "warning:"]),
            (["/no/such.poem"], ["error:"]),
        ] {
            let shown = try shown(words, environment)
            for text in texts { #expect(shown.contains(text), "\(shown.debugDescription)") }
            #expect(!shown.contains("\u{1B}"), "\(shown.debugDescription)")
        }
    }

    @Test func aPipeGetsNone() throws {
        let words = ([Program("poe-run").url.path] + arguments).map { "'\($0)'" }
        let run = try Program("/bin/sh").run(
            ["-c", words.joined(separator: " ") + " 2>&1 | cat"])
        #expect(run.text.contains("The ж") && run.text.contains("warning:"))
        #expect(!run.text.contains("\u{1B}"))
    }
}
