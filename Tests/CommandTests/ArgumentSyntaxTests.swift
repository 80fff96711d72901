import PoeCommand
import Testing

/// What the command line of these tests sets.
private struct Values: Equatable, Sendable {
    var argument: String?
    var text: [String] = []
    var count = 0
    var size = 0.0
    var isLoud = false
    var isLong = false
}

@Suite struct ArgumentSyntaxTests {
    private let syntax = ArgumentSyntax<Values>(
        name: "try", abstract: "Try it.", discussion: "It is tried.", version: "try 1.0",
        argument: CommandFlag(value: "thing", help: "A thing.") { values, text in
            values.argument = text
            return true
        },
        groups: [
            (
                "Words",
                [
                    CommandFlag("-t", "--text", value: "text", help: "A text.") { values, text in
                        values.text.append(text)
                        return true
                    },
                    CommandFlag(
                        "--count", value: "n", help: "A number.",
                        words: [("1", "one"), ("2", "two")]
                    ) { values, text in
                        guard let count = Int(text) else { return false }
                        values.count = count
                        return true
                    },
                    CommandFlag(
                        "--size", value: "size", help: "A size.", expected: "a number"
                    ) { values, text in
                        guard let size = Double(text) else { return false }
                        values.size = size
                        return true
                    },
                ]
            ),
            (
                "Manner",
                [
                    CommandFlag("-l", "--loud", help: "Loudly.") { $0.isLoud = true },
                    CommandFlag("-x", help: "At length, which takes more than one line to say.") {
                        $0.isLong = true
                    },
                ]
            ),
        ])

    private func values(_ words: String...) throws -> Values {
        var values = Values()
        guard case .run = try syntax.parse(words, into: &values) else {
            Issue.record("\(words) did not ask for a run")
            return values
        }
        return values
    }

    @Test func valuesFollowTheirFlagOrAnEqualsSign() throws {
        #expect(try values() == Values())
        #expect(try values("-t", "a", "--count", "2").text == ["a"])
        #expect(try values("--text=a=b", "-t=", "--count=2").text == ["a=b", ""])
        #expect(try values("--count=-3").count == -3)
        #expect(try values("-t", "-").text == ["-"])
        #expect(try values("-t", "a", "-t", "b").text == ["a", "b"])
        #expect(try values("--count", "1", "--count", "2").count == 2)
    }

    @Test func argumentsStandAnywhere() throws {
        #expect(try values("thing", "-l") == Values(argument: "thing", isLoud: true))
        #expect(try values("-l", "-") == Values(argument: "-", isLoud: true))
        #expect(try values("-l", "--", "-x") == Values(argument: "-x", isLoud: true))
        #expect(try values("--", "--help").argument == "--help")
    }

    @Test func lettersStandTogether() throws {
        #expect(try values("-lx") == Values(isLoud: true, isLong: true))
        #expect(throws: UsageError("unknown option '-lt'")) { try values("-lt", "a") }
    }

    @Test(arguments: [
        (["--loud=1"], "'--loud' takes no value"),
        (["-t"], "missing value for '-t <text>'"),
        (["-t", "-l"], "missing value for '-t <text>'; one that begins with a dash is given as"),
        (["--count", "x"], "the value 'x' is invalid for '--count <n>'; expected one of 1, 2"),
        (["--size=x"], "the value 'x' is invalid for '--size <size>'; expected a number"),
        (["--cuont", "1"], "unknown option '--cuont'; did you mean '--count'?"),
        (["--nothing=1"], "unknown option '--nothing'"), (["-y"], "unknown option '-y'"),
        (["a", "b"], "unexpected argument 'b'"), (["--", "a", "-l"], "unexpected argument '-l'"),
    ])
    func whatMakesNoSenseIsNamed(words: [String], message: String) throws {
        var values = Values()
        let error = #expect(throws: UsageError.self) {
            try syntax.parse(words, into: &values)
        }
        #expect(error?.description.hasPrefix(message) == true, "\(error.map(\.description) ?? "")")
    }

    @Test func helpAndVersionGoBeforeErrors() throws {
        var values = Values()
        for words in [["--help"], ["-t", "a", "-h"], ["--nonsense", "--help"]] {
            guard case .show(let text) = try syntax.parse(words, into: &values) else {
                Issue.record("\(words) did not show anything")
                continue
            }
            #expect(text.hasPrefix("OVERVIEW: Try it.\n\nIt is tried.\n\nUSAGE: try "))
            #expect(text.contains("\n  -t, --text <text>       A text.\n"))
            #expect(text.contains("\n        2                 - two\n"))
            #expect(text.hasSuffix("  -h, --help              Show help information.\n"))
        }
        guard case .show("try 1.0\n") = try syntax.parse(["--version"], into: &values) else {
            Issue.record("no version")
            return
        }
    }
}
