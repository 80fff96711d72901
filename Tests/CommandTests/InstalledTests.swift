import Foundation
import Testing

/// Programs in a folder of their own, as `make install` lays them out.
@Suite struct InstalledTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let commands = [
        "poe-run", "poe-train", "poe-model", "poe-bench", "poe-gallery", "poe-scrape",
    ]
    private static let hasPython =
        (try? Program("/usr/bin/env").run(["python3", "--version"]))?.status == 0

    private let place: Workplace

    init() throws { place = try Workplace() }

    private func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(
            at: place.folder.url(name), withIntermediateDirectories: true)
    }

    /// A copy: a link would lead back to the folder that it points into.
    private func install(_ name: String) throws -> Program {
        try makeFolder("bin")
        let copy = place.folder.url("bin/" + name)
        try FileManager.default.copyItem(at: Program(name).url, to: copy)
        return Program(copy.path)
    }

    @Test func theInstalledModelIsFound() throws {
        let program = try install("poe-run")
        try makeFolder("share/poe/models")
        try FileManager.default.copyItem(
            atPath: place.model, toPath: place.folder.path + "/share/poe/models/bpe.poem")
        let arguments = ["-p", "The quick", "-n", "8", "-s", "1"]
        let run = try program.run(arguments)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.text == (try Program("poe-run").run([place.model] + arguments)).text)

        let shown = try program.run(["-i", "-n", "0"], input: "/show")
        #expect(shown.errors.contains("/share/poe/models/bpe.poem\n"))
        #expect(!shown.errors.contains(".."), "the path as a person would write it")

        let named = try program.run(arguments, environment: ["POE_MODEL": "/no/such.poem"])
        #expect(named.status == 66, "a model that was named comes first")
    }

    @Test func withoutAnyModelItSaysHowToGetOne() throws {
        let run = try install("poe-run").run(["-p", "The quick"])
        #expect(run.status == 66)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("error: no model"))
        #expect(run.errors.split(separator: "\n").count == 1)
        for way in [".poem file", "POE_MODEL", "poe-train"] { #expect(run.errors.contains(way)) }
    }

    /// Runs the script that writes manuals and completions, for links to the programs.
    private func makeManuals() throws {
        try makeFolder("bin")
        for name in Self.commands {
            try FileManager.default.createSymbolicLink(
                at: place.folder.url("bin/" + name), withDestinationURL: Program(name).url)
        }
        let run = try Program("/usr/bin/env").run(
            ["python3", Self.root.path + "/scripts/make-manuals", place.folder.path])
        #expect(run.status == 0, "\(run.errors)")
    }

    private func written(_ name: String) throws -> String {
        try String(contentsOf: place.folder.url("share/" + name), encoding: .utf8)
    }

    /// The long options in a help text.
    private func options(_ help: String) -> Set<String> {
        Set(
            help.matches(of: /(?:^| |, )(--[a-z][a-z0-9-]+)/.anchorsMatchLineEndings()).map {
                String($0.1)
            })
    }

    @Test(.enabled(if: hasPython)) func manualsTellEveryOption() throws {
        try makeManuals()
        for name in Self.commands {
            let page = try written("man/man1/\(name).1")
            let plain = page.replacing("\\-", with: "-").replacing(/\\f[BIP]/, with: "")
            #expect(plain.hasPrefix(".TH \(name.uppercased()) 1 "))
            let calls =
                name == "poe-model"
                ? ["show", "verify", "score", "logits", "pack", "diff", "overlap", "curves"]
                    .map { [$0, "--help"] } : [["--help"]]
            for call in calls {
                let expected = options(try Program(name).run(call).text)
                #expect(!expected.isEmpty)
                for option in expected { #expect(plain.contains(option), "\(name) \(option)") }
            }
        }
    }

    @Test(.enabled(if: hasPython)) func bashCompletesOptionsWordsAndModels() throws {
        try makeManuals()
        for name in ["a model.poem", "notes.txt"] { try place.folder.write("", to: name) }
        try makeFolder("old models")
        let script = place.folder.path + "/share/bash-completion/completions/poe-run"
        func replies(_ words: String...) throws -> Set<String> {
            let typed = (["poe-run"] + words).map { "'\($0)'" }.joined(separator: " ")
            let run = try Program("/usr/bin/env").run(
                [
                    "bash", "-c",
                    """
                    source '\(script)'; COMP_WORDS=(\(typed)); COMP_CWORD=\(words.count)
                    _poe_run; printf '%s\\n' "${COMPREPLY[@]}"
                    """,
                ], in: place.folder)
            #expect(run.errors.isEmpty)
            return Set(run.text.split(separator: "\n").map(String.init))
        }
        #expect(try replies("--to") == ["--top-k", "--top-p"])
        #expect(try replies("-p", "") == [])
        #expect(try replies("--context-policy", "s") == ["slide", "stop"])
        #expect(try replies("--corpus", "old") == ["old models"])
        #expect(try replies("-f", "n") == ["notes.txt"])
        #expect(
            try replies("").subtracting(["bin", "share"])
                == ["a model.poem", "tiny.poem", "old models"])
        for name in Self.commands {
            let script = place.folder.path + "/share/bash-completion/completions/\(name)"
            #expect(try Program("/usr/bin/env").run(["bash", "-n", script]).status == 0)
        }
    }
}
