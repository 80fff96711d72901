import Foundation
import PoeModel
import Testing

@Suite struct RunFailureTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test(arguments: [
        ["--no-such-flag"], ["-n", "x"], ["-n", "-1"], ["--temp=-1"], ["--top-k=-1"],
        ["--top-p", "0"], ["--top-p", "1.5"], ["--min-p", "2"], ["--repeat-penalty", "0"],
        ["--temp", "nan"], ["--samples", "0"], ["-t", "0"], ["--seed=-1"], ["--stop", ""],
        ["--context-policy", "no"], ["--unknown", "no"], ["-p", "a", "-f", "b"],
        ["-p", "a", "--batch", "b"], ["-i", "--batch", "b"], ["-i", "--jsonl"],
        ["--logprobs", "2"], ["--jsonl", "--logprobs=-1"], ["one", "two"],
        ["--corpus", "/"], ["-i", "--samples", "2"],
    ])
    func badUsage(arguments: [String]) throws {
        let run = try Program("poe-run").run([place.model] + arguments)
        #expect(run.status == 64)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("error: "))
    }

    @Test(arguments: [
        (["--temp", "abc"], "'abc' is invalid for '--temp <temp>'; expected a number\n"),
        (["-n", "1.5"], "'1.5' is invalid for '-n <predict>'; expected a whole number\n"),
        (["--seed=-1"], "expected a whole number from 0 to 18446744073709551615\n"),
    ])
    func saysWhatAFlagTakes(arguments: [String], message: String) throws {
        let run = try Program("poe-run").run([place.model] + arguments)
        #expect(run.status == 64)
        #expect(run.errors.contains(message), "\(run.errors)")
    }

    @Test(arguments: ["poe-run", "poe-train", "poe-model", "poe-bench", "poe-gallery"])
    func refusesKernelsThatThereAreNot(name: String) throws {
        let run = try Program(name).run(["--help"], environment: ["POE_KERNELS": "avx51"])
        #expect(run.status == 64)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("error: POE_KERNELS is 'avx51'; expected one of scalar, "))
        #expect(run.errors.split(separator: "\n").count == 1)
        let unset = try Program(name).run(["--help"], environment: ["POE_KERNELS": ""])
        #expect(unset.status == 0)
    }

    @Test func missingFilesAreNoInput() throws {
        for arguments in [
            ["/no/such.poem"], [place.model, "-f", "/no/such"], [place.model, "-f", "/"],
            [place.model, "-i", "--corpus", "/no/such"],
        ] {
            let run = try Program("poe-run").run(arguments)
            #expect(run.status == 66)
            #expect(run.errors.hasPrefix("error: "))
            #expect(run.errors.split(separator: "\n").count == 1)
        }
    }

    @Test func damagedModelIsMalformed() throws {
        var bytes = try Data(contentsOf: URL(filePath: place.model))
        bytes[bytes.count / 2] ^= 0x40
        try bytes.write(to: place.folder.url("damaged.poem"))
        let damaged = try Program("poe-run").run([place.folder.path + "/damaged.poem"])
        #expect(damaged.status == 65)
        #expect(damaged.errors.contains("damaged.poem"))
        let text = try place.folder.write("no model at all", to: "text.poem")
        #expect(try Program("poe-run").run([text]).status == 65)
    }

    @Test(arguments: [Profile.lossless, .compact(CompactSettings())])
    func logitsThatAreNoNumbersAreMalformed(_ profile: Profile) throws {
        let path = place.folder.path + "/huge.poem"
        try TinyModel.make(scale: 1e37).write(to: path, profile: profile)
        for options in [[], ["--temp", "0"], ["--jsonl", "--logprobs", "1"]] {
            let run = try Program("poe-run").run(
                [path, "-p", "The", "-n", "2", "-s", "1", "--no-display-prompt"] + options)
            #expect(run.status == 65)
            #expect(run.text.trimmingCharacters(in: .newlines).isEmpty)
            #expect(
                run.errors.contains(
                    "error: \(path): the model's logits for new token 1 are no finite numbers: "),
                "\(run.errors)")
            #expect(run.errors.split(separator: "\n").count == 1)
        }
        let text = try place.folder.write("The quick fox", to: "fox.txt")
        for command in [["score", path, text], ["score", path, text, "--json"]] {
            let run = try Program("poe-model").run(command)
            #expect(run.status == 65 && run.output.isEmpty)
            #expect(run.errors.contains("is no finite number"), "\(run.errors)")
        }
        for command in [
            ["logits", path, "--tokens", "1"], ["logits", path, "--tokens", "1", "--json"],
        ] {
            let run = try Program("poe-model").run(command)
            #expect(run.status == 65 && run.output.isEmpty)
            #expect(run.errors.contains("are no finite numbers"), "\(run.errors)")
        }
    }

    @Test func textThatIsNotUTF8IsMalformed() throws {
        try Data([0x61, 0xFF, 0x62]).write(to: place.folder.url("latin.txt"))
        let run = try place.generate("-f", place.folder.path + "/latin.txt")
        #expect(run.status == 65)
        #expect(run.errors.contains("offset 1"))
    }

    @Test func refusesUnknownCharactersWhenAsked() throws {
        let run = try place.generate("-p", "The ж", "--unknown", "error")
        #expect(run.status == 64)
        #expect(run.errors.contains("“ж” (U+0436) at offset 4"))
        let batch = try place.generate("--batch", "-", "--unknown", "error", input: "The\nж\n")
        #expect(batch.status == 64)
        #expect(batch.errors.contains("prompt 2"))
    }

    @Test func refusesWhatDoesNotFitWhenAsked() throws {
        let run = try place.generate("-p", "The", "-n", "100", "--context-policy", "error")
        #expect(run.status == 64)
        #expect(run.output.isEmpty || run.text == "The")
        let stop = try place.generate(
            "-p", "The", "-n", "100", "--context-policy", "stop", "--jsonl")
        #expect(try stop.json()["finish_reason"] as? String == "context")
        let batch = try place.generate(
            "--batch", "-", "-n", "5", "--samples", "2", "--context-policy", "error",
            input: "The\n" + String(repeating: "The fox ", count: 30) + "\n")
        #expect(batch.status == 64)
        #expect(batch.errors.contains("error: prompt 2: "), "\(batch.errors)")
    }

    @Test func findsItsModel() throws {
        let none = try Program("poe-run").run(["-p", "The"])
        #expect(none.status == 66)
        #expect(none.errors.contains("POE_MODEL"))
        let named = try Program("poe-run").run(
            ["-p", "The", "-n", "1"], environment: ["POE_MODEL": place.model])
        #expect(named.status == 0)
        try FileManager.default.createDirectory(
            at: place.folder.url("models"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: URL(filePath: place.model), to: place.folder.url("models/bpe.poem"))
        let here = try Program("poe-run").run(["-p", "The", "-n", "1"], in: place.folder)
        #expect(here.status == 0)
    }

    #if os(Linux)
        @Test func fullDiskIsAnError() throws {
            let process = Process()
            process.executableURL = Program("poe-run").url
            process.arguments = [place.model, "-p", "The", "-n", "3"]
            process.environment = Program.environment()
            process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 74)
        }
    #endif

    @Test func closedPipeEndsQuietly() throws {
        let script =
            "'\(Program("poe-run").url.path)' '\(place.model)' -p The -n 100000 | head -c 5"
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        process.environment = Program.environment()
        let (output, errors) = (Pipe(), try place.folder.writable("errors"))
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        process.waitUntilExit()
        #expect(output.fileHandleForReading.availableData.count == 5)
        let said = try String(contentsOf: place.folder.url("errors"), encoding: .utf8)
        #expect(!said.contains("error"))
    }

    @Test func interruptEndsTheWaitingForAPrompt() throws {
        let process = Process()
        process.executableURL = Program("poe-run").url
        process.arguments = [place.model]
        process.environment = Program.environment()
        let (input, errors) = (Pipe(), try place.folder.writable("errors"))
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        // More than a pipe holds: when all is written, the program has begun to read.
        try input.fileHandleForWriting.write(contentsOf: Data(repeating: 0x61, count: 1 << 20))
        // Once it waits for more, one interrupt is enough; a second would end any program.
        try waitUntilItSleeps(process)
        process.interrupt()
        for _ in 0..<6_000 where process.isRunning { Thread.sleep(forTimeInterval: 0.01) }
        #expect(!process.isRunning, "it went on waiting")
        process.terminate()
        process.waitUntilExit()
        try input.fileHandleForWriting.close()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 130)
        #expect(try Data(contentsOf: place.folder.url("errors")).isEmpty)
    }

    /// Waits until the system says that a program's first thread waits, where it does say so.
    private func waitUntilItSleeps(_ process: Process) throws {
        #if os(Linux)
            let path = "/proc/\(process.processIdentifier)/stat"
            for _ in 0..<6_000 {
                // "PID (name) state ...", and there may be anything in the name.
                let state = try String(contentsOfFile: path, encoding: .utf8)
                    .split(separator: ")").last?.first { $0 != " " }
                if state == "S" { return }
                Thread.sleep(forTimeInterval: 0.01)
            }
            Issue.record("it never waits")
        #else
            Thread.sleep(forTimeInterval: 2)
        #endif
    }

    @Test func interruptEndsTheTextAndTheProgram() throws {
        let run = try place.generate("-p", "The", "-n", "1000000000") { running in
            try running.waitForErrors("seed")
            running.process.interrupt()
        }
        #expect(run.status == 130)
        #expect(run.text.hasPrefix("The"))
        #expect(run.text.hasSuffix("\n"))
        let json = try place.generate("-p", "The", "-n", "1000000000", "--jsonl") { running in
            try running.waitForErrors("seed")
            running.process.interrupt()
        }
        #expect(json.status == 130)
        #expect(try json.json()["finish_reason"] as? String == "interrupt")
    }
}
