import Foundation
import PoeModel
import Testing

@Suite struct REPLScriptTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func talk(_ lines: String..., arguments: [String] = []) throws -> Program.Outcome {
        let run = try Program("poe-run").run(
            [place.model, "-i", "-n", "8"] + arguments, input: lines.joined(separator: "\n"))
        #expect(run.status == 0)
        return run
    }

    @Test func makesTheTextOfOneRun() throws {
        let expected = try place.generate("-p", "The quick", "-n", "8", "--seed", "3").text
        #expect(try talk("The quick", arguments: ["--seed", "3"]).text == expected)
        #expect(try talk("/set seed 3", "The quick", "/bye", "not this").text == expected)
        #expect(try talk(arguments: ["--seed", "3", "-p", "The quick"]).text == expected)
    }

    @Test func aBlockIsTextWhateverItBeginsWith() throws {
        let expected = try place.generate("-p", "/one\ntwo", "-n", "8", "--seed", "3").text
        let fence = #"""""#
        #expect(
            try talk("\(fence)/one", "two\(fence)", arguments: ["--seed", "3"]).text == expected)
        #expect(
            try talk("\(fence)/bye\(fence)", arguments: ["--seed", "3"]).text.hasPrefix("/bye"))
        let unfinished = try talk("\(fence)The", "fox")
        #expect(unfinished.output.isEmpty)
        #expect(unfinished.errors.contains("the text has no end"))
    }

    @Test func probabilitiesHeedThePolicyForUnknownCharacters() throws {
        let run = try talk("/probs жж", "/set unknown error", "/probs жж")
        #expect(run.errors.contains("the model does not know “ж” (U+0436); replaced"))
        #expect(run.errors.contains("“ж” (U+0436) at offset 0"))
        #expect(run.errors.split(separator: " %  ").count == 11, "once")
    }

    @Test func againTakesTheNextSeed() throws {
        let run = try talk("/set seed 3", "The", "/again", "/again")
        let texts = try (3...5).map {
            try place.generate("-p", "The", "-n", "8", "--seed", "\($0)").text
        }
        #expect(run.text == texts.joined())
        #expect(run.errors.contains("seed 4"))
        #expect(try talk("/again").errors.contains("no prompt yet"))
    }

    @Test func settingsAreTakenAndShown() throws {
        let run = try talk(
            "/set temp 0.5", "/set top-k 3", "/set top-p 0.9", "/set min-p 0.1",
            "/set repeat-penalty 1.2", "/set predict 4", #"/set stop "." "\n" "a\"b""#,
            "/set context-policy stop", "/set unknown skip", "/set seed 12", "/show")
        for line in [
            "predict         4", "temp            0.5", "top-k           3", "top-p           0.9",
            "min-p           0.1", "repeat-penalty  1.2", "seed            12",
            #"stop            "." "\n" "a\"b""#, "context-policy  stop", "unknown         skip",
            "size            29,024 parameters", "context         32 tokens",
        ] {
            #expect(run.errors.contains("\n\(line)\n"), "\(line)")
        }
        #expect(run.output.isEmpty)
    }

    @Test(arguments: [
        ("/set temp x", "temp is x; expected a number"),
        ("/set temp -1", "temp is -1.0; expected a number from 0 up"),
        ("/set temp", "temp is empty; expected a number"),
        ("/set top-p 0", "top-p is 0.0; expected a number above 0"),
        ("/set nothing 1", "there is no setting nothing; the settings are predict, temp"),
        ("/set context-policy x", "expected one of slide, stop, error"),
        ("/set stop \"a\" b", "stop has b outside of quotation marks; expected texts in quotation"),
        ("/set stop \"a", "no closing quotation mark"), ("/set stop \"\"", "stop is empty"),
        ("/nonsense", "there is no command /nonsense; /? lists them"),
    ])
    func saysWhatIsWrong(line: String, message: String) throws {
        let run = try talk(line, "/show")
        #expect(run.errors.contains(message))
        #expect(run.errors.contains("\ntemp            0.8\n"), "nothing was changed")
    }

    @Test func helpListsEveryCommand() throws {
        for line in ["/?", "/help"] {
            let run = try talk(line)
            for word in [
                "/again", "/probs", "/why", "/save", "/model", "/set", "/show", "/bye", "Ctrl-C",
                "temp",
                "context-policy",
            ] {
                #expect(run.errors.contains(word))
            }
        }
    }

    @Test func probabilitiesOfWhatComesNext() throws {
        let run = try talk("/probs", "/set seed 1", "The quick", "/probs", "/probs The quick")
        #expect(run.errors.contains("there is no text yet"))
        let shown = run.errors.split(separator: "\n").filter { $0.contains(" %") }
        #expect(shown.count == 2 * 11, "ten tokens and the rest, twice")
        for part in [shown.prefix(11), shown.suffix(11)] {
            let shares = part.compactMap { line in
                line.split(separator: " ").compactMap { Double($0) }.last
            }
            #expect(shares.count == 11 && abs(shares.reduce(0, +) - 100) < 1)
            #expect(Array(shares.dropLast()) == shares.dropLast().sorted(by: >))
        }
        let likeliest = try place.generate("-p", "The quick", "-n", "1", "--temp", "0").text
        let first = try #require(shown.dropFirst(11).first?.split(separator: " ").first)
        let visible = likeliest.dropFirst("The quick".count)
            .replacing(" ", with: "␣").replacing("\n", with: "↵")
        #expect(visible.hasPrefix(first), "\(first), the text goes on with \(visible)")
    }

    @Test func probabilitiesThatAreNoNumbersAreTold() throws {
        let path = place.folder.path + "/huge.poem"
        try TinyModel.make(scale: 1e38).write(to: path, profile: .lossless)
        let run = try talk("/model \(path)", "/probs The", "The", "/show")
        #expect(run.errors.split(separator: "huge.poem: the model's logits for new").count == 3)
        #expect(run.errors.contains("\ntemp            0.8\n"), "it goes on")
    }

    @Test func whyShowsWhatStandsInTheCorpus() throws {
        try FileManager.default.createDirectory(
            at: place.folder.url("works"), withIntermediateDirectories: true)
        let rain = "It was a day of rain, and all the gutters of the town ran full."
        let bell = "Nobody came to the door, though the bell rang twice before noon."
        try place.folder.write("The Gutters\n\n\(rain)\n", to: "works/gutters.txt")
        try place.folder.write("The Bell\n\(bell)\n\(bell)\n", to: "works/bell.txt")
        let run = try talk(
            "/why", "/set predict 0", #""""So: "# + rain, "—" + bell + #"""""#, "/why", "The fox",
            "/why",
            arguments: ["--corpus", place.folder.path + "/works"])
        #expect(run.errors.contains("there is no text yet\n"))
        #expect(
            run.errors.contains(
                """
                64 characters: The Gutters, gutters.txt, line 3
                    \(rain)↵
                64 characters: The Bell, bell.txt, line 2, 2 times
                    \(bell)
                96.2 % of 133 characters copied; 2 passages of 40 characters or more, the longest of 64

                """), "\(run.errors)")
        #expect(
            run.errors.hasSuffix(
                "no passage of 40 characters or more stands in \(place.folder.path)/works (2 works)\n"
            ))
    }

    @Test func whyWithoutACorpusSaysHowToGiveOne() throws {
        let run = try talk("/set predict 0", "The quick", "/why")
        #expect(run.errors.contains("poe-run -i --corpus FOLDER"))
    }

    @Test func textsAreSavedOneAfterTheOther() throws {
        let file = place.folder.path + "/my texts.txt"
        let run = try talk(
            "/save x", "/set seed 3", "The quick", "/save \(file)", "/again", "/save \(file)",
            "/save", "/save \(place.folder.path)/no/such/folder.txt", "/show")
        #expect(run.errors.contains("there is no text to save yet"))
        #expect(run.errors.contains("/save needs the name of a file"))
        #expect(run.errors.contains("no/such/folder.txt"))
        let texts = try (3...4).map {
            try place.generate("-p", "The quick", "-n", "8", "--seed", "\($0)").text
        }
        let saved = try String(contentsOfFile: file, encoding: .utf8)
        #expect(saved == texts.joined(separator: "\n"))
    }

    @Test func anotherModelIsTaken() throws {
        let run = try talk(
            "/model \(place.folder.path)/none.poem", "/model \(place.model)", "/show")
        #expect(run.errors.contains("none.poem"))
        #expect(run.errors.contains("29,024 parameters; "))
    }

    @Test func linesCanBeLong() throws {
        let run = try talk(
            #""""The"#, #"fox""""#, "/set predict 0", "//The", arguments: ["-s", "1"])
        #expect(run.text.hasPrefix("The\nfox"))
        #expect(run.text.hasSuffix("\n/The\n"))
    }

    @Test func goesOnAfterAPromptThatCannotBe() throws {
        let run = try talk("/set unknown error", "ж", "/set unknown skip", "The")
        #expect(run.errors.contains("“ж” (U+0436) at offset 0"))
        #expect(run.text.hasPrefix("The"))
    }
}

@Suite struct REPLTerminalTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func start(_ arguments: String...) throws -> PseudoTerminal {
        let terminal = try PseudoTerminal(
            Program("poe-run"), [place.model, "-i", "--seed", "1"] + arguments,
            environment: ["POE_HISTORY": place.folder.path + "/history", "NO_COLOR": "1"])
        try terminal.wait(for: "> ")
        return terminal
    }

    @Test func interruptStopsTheTextAndNotTheProgram() throws {
        let terminal = try start("-n", "1000000000")
        for _ in 0..<2 {
            terminal.type("The quick\r")
            try terminal.wait(for: "seed 1")
            try terminal.wait(for: "The quick")
            terminal.type("\u{03}")
            try terminal.wait(for: "written in")
            try terminal.wait(for: "> ")
        }
        terminal.type("/bye\r")
        #expect(terminal.waitForEnd() == 0)
    }

    @Test func interruptClearsTheLine() throws {
        let terminal = try start("-n", "3")
        terminal.type("abcdef")
        try terminal.wait(for: "abcdef")
        terminal.type("\u{03}")
        try terminal.wait(for: "> ")
        terminal.type("/show\r")
        try terminal.wait(for: "context-policy  slide")
        try terminal.wait(for: "> ")
        terminal.type("/bye\r")
        #expect(terminal.waitForEnd() == 0)
        #expect(!terminal.shown.contains("no command"))
    }

    @Test func endOfInputLeavesAfterAnInterrupt() throws {
        let terminal = try start("-n", "0")
        terminal.type("abcdef")
        try terminal.wait(for: "abcdef")
        terminal.type("\u{03}")
        try terminal.wait(for: "> ")
        terminal.type("\u{04}")
        #expect(terminal.waitForEnd() == 0)
    }

    @Test func whatIsTypedRightAfterAnInterruptCounts() throws {
        let terminal = try start("-n", "0")
        for _ in 0..<20 {
            terminal.type("abc\u{03}/set predict 7\r")
            try terminal.wait(for: "predict = 7")
            try terminal.wait(for: "> ")
        }
        terminal.type("abc\u{03}/bye\r")
        #expect(terminal.waitForEnd() == 0)
    }

    @Test func linesAreEditedCompletedAndRemembered() throws {
        let terminal = try start("-n", "0")
        terminal.type("fxo\u{02}\u{02}\u{7F}\u{04}\u{0B}“é”\r")  // What is left: “é”
        try terminal.wait(for: "“é”\r\n")
        try terminal.wait(for: "“é”")  // The text: the prompt alone.
        try terminal.wait(for: "> ")
        terminal.type("/se\tcontext-p\tsto\t\r")
        try terminal.wait(for: "context-policy = stop")
        try terminal.wait(for: "> ")
        terminal.type("\u{1B}[A\u{1B}[A\r")
        try terminal.wait(for: "“é”\r\n")
        try terminal.wait(for: "> ")
        terminal.type("/bye\r")
        #expect(terminal.waitForEnd() == 0)
        let history = try String(contentsOf: place.folder.url("history"), encoding: .utf8)
        #expect(history.contains("“é”"))

        let next = try start("-n", "0")
        next.type("\u{1B}[A\u{1B}[A\r")
        try next.wait(for: "“é”\r\n")
    }
}
