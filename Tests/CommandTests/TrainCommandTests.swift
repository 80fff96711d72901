import Foundation
import PoeCore
import PoemFile
import Testing

@Suite struct TrainCommandTests {
    /// Made-up text with a vocabulary of a few words.
    static let text: String = {
        let random = CounterRandom(seed: 4)
        let words = [
            "gold", "bug", "raven", "“never”", "more", "and", "the", "of", "a", "pendulum",
        ]
        return (0..<1_500).map { i in
            words[random.integer(below: words.count, stream: 1, index: UInt64(i))]
                + (i % 9 == 8 ? ".\n" : "")
        }.joined(separator: " ")
    }()

    static let tiny = [
        "--tokenizer", "char", "--context", "16", "--layers", "1", "--heads", "2", "--width", "16",
        "--batch-size", "8", "--epochs", "2", "--threads", "1", "--checkpoint-seconds", "0",
        "--budget", "0.05",
    ]

    /// A folder with `book.txt` in it.
    private func folder() throws -> Folder {
        let folder = try Folder()
        try folder.write(Self.text, to: "book.txt")
        return folder
    }

    private func train(
        _ more: [String] = [], in folder: Folder,
        whileRunning: (Program.Running) throws -> Void = { _ in }
    ) throws -> Program.Outcome {
        try Program("poe-train").run(
            ["book.txt"] + Self.tiny + more, in: folder, whileRunning: whileRunning)
    }

    @Test func aBookBecomesAModelThatWrites() throws {
        let folder = try folder()
        let run = try train(["--report", "reports"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("epoch 2/2: training"))
        #expect(run.errors.contains("try it: poe-run book.poem"))
        for name in [
            "book.poem", "book.best.poem", "book.last.poem", "reports/book.train.csv",
            "reports/book.loss.svg",
        ] {
            #expect(FileManager.default.fileExists(atPath: folder.url(name).path), "\(name)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.url("book.checkpoint.poem").path))
        let text = try Program("poe-run").run(
            ["book.poem", "-p", "the ", "-n", "20", "--seed", "1"], in: folder)
        #expect(text.status == 0)
        #expect(text.text.hasPrefix("the "))
        let shown = try Program("poe-model").run(["show", "book.poem", "--json"], in: folder)
        let card = try #require(shown.json()["card"] as? String)
        for sentence in [
            "1 block, 2 heads, width 16, context 16; ", "tokens (one token a character).\n",
            "it is not a source of facts, and it may repeat its corpus word for word.\n",
            "tokens) of book, 2 passes, seed 1.\n", "8 windows a step.\n",
        ] {
            #expect(card.contains(sentence), "\(sentence): \(card)")
        }
    }

    @Test func aModelTeachesAnother() throws {
        let folder = try folder()
        #expect(try train(in: folder).status == 0)
        let student = try train(
            ["-o", "student.poem", "--teacher", "book.poem", "--teacher-share", "0.25"], in: folder)
        #expect(student.status == 0, "\(student.errors)")
        let record = try Program("poe-model").run(["show", "student.poem", "--json"], in: folder)
        #expect(record.text.contains("recipe.teachers.xxh64"))
        #expect(record.text.contains("\"recipe.teacher_share\":0.25,"))

        try folder.write(Self.text.uppercased(), to: "loud.txt")
        let other = try Program("poe-train").run(
            ["loud.txt"] + Self.tiny + ["--teacher", "book.poem"], in: folder)
        #expect(other.status == 64)
        #expect(other.errors.contains("book.poem cannot teach this model"))
        let missing = try train(["-o", "x.poem", "--teacher", "none.poem"], in: folder)
        #expect(missing.status == 66)
    }

    @Test func aModelIsTrainedFurther() throws {
        let folder = try folder()
        #expect(try train(in: folder).status == 0)
        // Straight quotation marks are folded to those of the model, the digit is replaced.
        let text = Self.text.replacing("“", with: "\"").replacing("”", with: "\"") + "7\n"
        try folder.write(text, to: "more.txt")
        func further(_ options: String...) throws -> Program.Outcome {
            try Program("poe-train").run(
                ["more.txt", "--base", "book.poem", "--threads", "1"] + options, in: folder)
        }
        let run = try further("--epochs", "2")
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            run.errors.contains(
                "the model of --base does not know “7” (U+0037); replaced in 1 place"))
        let shown = try Program("poe-model").run(["show", "more.poem"], in: folder)
        #expect(shown.text.contains("1 layer, 2 heads, width 16"), "\(shown.text)")
        #expect(shown.text.contains("recipe.base.xxh64"))
        #expect(shown.text.contains("the weights of book, trained on book"))
        #expect(shown.text.contains("recipe.base.corpus"))
        #expect(shown.text.contains("text folded as a prompt"))
        // It starts where the other had come to.
        let first = try Program("poe-train").run(
            ["more.txt", "-o", "fresh.poem"] + Self.tiny, in: folder)
        #expect(try Self.firstLoss(run) < Self.firstLoss(first) - 0.3)

        let whole = try Data(contentsOf: folder.url("more.poem"))
        #expect(try further("--epochs", "2", "--resume").status == 0)
        #expect(try Data(contentsOf: folder.url("more.poem")) == whole)

        for (option, value, reason) in [
            ("--width", "32", "the shape is that of --base"),
            ("--tokenizer", "bpe", "the tokens are those of --base"),
            ("--context", "128", "the shape is that of --base"),
            ("--half-depth", "0.5", "for models that know nothing yet"),
        ] {
            let refused = try further(option, value)
            #expect(refused.status == 64)
            #expect(refused.errors.contains(reason), "\(refused.errors)")
        }
        let resumed = try Program("poe-train").run(
            [
                "more.txt", "--base", "book.last.poem", "--epochs", "2", "--threads", "1",
                "--resume",
            ],
            in: folder)
        #expect(resumed.status == 64, "another base: \(resumed.errors)")
        let itself = try further("-o", "book.poem")
        #expect(itself.status == 64)
        #expect(itself.errors.contains("reads book.poem and would replace it"))
        try folder.write(Self.text.uppercased(), to: "more.txt")
        let other = try further("-o", "other.poem")
        #expect(other.status == 64)
        #expect(other.errors.contains("does not know"))
        #expect(other.errors.contains("train without --base"))
    }

    /// The loss of a run's first step.
    private static func firstLoss(_ run: Program.Outcome) throws -> Double {
        let rest = try #require(run.errors.firstRange(of: "  loss ")).upperBound
        return try #require(Double(run.errors[rest...].prefix { $0.isNumber || $0 == "." }))
    }

    /// Where a hundredth of the text is enough to tell, the model is calibrated on it and never learns it.
    @Test func aLongTextCalibrates() throws {
        let folder = try Folder()
        try folder.write(String(repeating: Self.text + "\n", count: 16), to: "book.txt")
        let quick = ["--epochs", "1", "--stride", "64", "--profile", "lossless"]
        let run = try train(quick, in: folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains(" to calibrate\n"))
        #expect(run.errors.contains(" a character, logits times "))
        let record = try Program("poe-model").run(["show", "book.poem", "--json"], in: folder)
        let factor = try Self.number("calibration.logit_factor", in: record)
        #expect(factor != 1)
        let (exact, file) = (
            try Self.logits("book.best.poem", in: folder), try Self.logits("book.poem", in: folder)
        )
        #expect(exact == file, "the best epoch is calibrated already")
        let plain = try train(quick + ["--no-calibration", "-o", "plain.poem"], in: folder)
        #expect(plain.status == 0, "\(plain.errors)")
        #expect(!plain.errors.contains("logits times"))
        let other = try Program("poe-model").run(["show", "plain.poem", "--json"], in: folder)
        #expect(!other.text.contains("calibration"))
        let tokens = "corpus.train_tokens"
        let learnt = try Self.number(tokens, in: record) / Self.number(tokens, in: other)
        #expect((0.985...0.995).contains(learnt))
    }

    /// The number that `poe-model show --json` gives for a key.
    private static func number(_ key: String, in shown: Program.Outcome) throws -> Double {
        let rest = try #require(shown.text.range(of: "\"\(key)\":")).upperBound
        return try #require(Double(shown.text[rest...].prefix { $0.isNumber || $0 == "." }))
    }

    private static func logits(_ model: String, in folder: Folder) throws -> [Double] {
        let run = try Program("poe-model").run(
            ["logits", model, "--tokens", "1,2,3", "--json"], in: folder)
        let printed = try JSONSerialization.jsonObject(with: Data(run.text.utf8)) as? [String: Any]
        return try #require(printed?["logits"] as? [[Double]]).flatMap { $0 }
    }

    /// What fits a text is chosen and told; what is asked for is taken.
    @Test func choicesAreFittedAndTold() throws {
        let folder = try folder()
        let quick = [
            "--tokenizer", "char", "--context", "16", "--batch-size", "64", "--budget", "0.05",
            "--threads", "1",
        ]
        let all = try Program("poe-train").run(
            ["book.txt", "--width", "16", "--layers", "1"] + quick, in: folder)
        #expect(all.status == 0, "\(all.errors)")
        #expect(
            all.errors.contains(
                "40 passes (0.3 million tokens), Muon, dropout 0.15, weight decay 0.4"))
        #expect(!all.errors.contains(", 4 blocks of width"))
        let fitted = try Program("poe-train").run(
            ["book.txt", "-o", "b.poem", "--epochs", "1", "--dropout", "0", "--heads", "3"] + quick,
            in: folder)
        #expect(fitted.status == 0, "\(fitted.errors)")
        #expect(fitted.errors.contains("4 blocks of width 126"))
        #expect(!fitted.errors.contains("passes ("))
    }

    /// Killed at any moment and resumed, a training ends in the same files, byte for byte.
    ///
    /// A kill comes a random moment after this start has kept something, so that every start gets
    /// on, however fast or busy the machine is, and kills fall into steps, packing and writing.
    @Test(arguments: [11, 12, 13]) func killedAndResumedIsTheSame(_ seed: UInt64) throws {
        let merges = ["--tokenizer", "bpe", "--bpe-vocab-size", "60", "--merge-dropout", "0.3"]
        let long = ["--epochs", "10"] + (seed == 12 ? merges : [])
        let whole = try folder()
        #expect(try train(long, in: whole).status == 0)
        let broken = try folder()
        let random = CounterRandom(seed: seed)
        var kills = 0
        while kills < 5 {
            let checkpoint = Self.identity(of: broken.url("book.checkpoint.poem"))
            let delay = Double(random.uniform(stream: 0, index: UInt64(kills))) * 0.1
            let run = try train(long + (kills > 0 ? ["--resume"] : []), in: broken) { running in
                while running.process.isRunning,
                    Self.identity(of: broken.url("book.checkpoint.poem")) == checkpoint
                {
                    Thread.sleep(forTimeInterval: 0.001)
                }
                Thread.sleep(forTimeInterval: delay)
                kill(running.process.processIdentifier, SIGKILL)
            }
            if run.status == 0 { break }
            #expect(run.isSignalled && run.status == SIGKILL, "\(run.errors)")
            kills += 1
        }
        #expect(kills > 0)
        if kills == 5 { #expect(try train(long + ["--resume"], in: broken).status == 0) }
        for name in [
            "book.poem", "book.best.poem", "book.last.poem", "book.train.csv", "book.loss.svg",
        ] {
            #expect(
                try Data(contentsOf: whole.url(name)) == Data(contentsOf: broken.url(name)),
                "\(name) after \(kills) kills")
        }
    }

    /// What tells a file from the one that a rename puts in its place; nil if there is none.
    private static func identity(of file: URL) -> UInt64? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
        return attributes?[.systemFileNumber] as? UInt64
    }

    @Test func controlCLeavesACheckpointAndSaysHowToGoOn() throws {
        let folder = try folder()
        let run = try train(["--epochs", "300"], in: folder) { running in
            try running.waitForErrors("epoch 1/300: training")
            running.process.interrupt()
        }
        #expect(run.status == 130)
        #expect(run.errors.contains("--resume goes on"))
        #expect(FileManager.default.fileExists(atPath: folder.url("book.checkpoint.poem").path))

        let fresh = try train(["--epochs", "300"], in: folder)
        #expect(fresh.status == 64)
        #expect(fresh.errors.contains("add --resume"))

        let other = try train(["--epochs", "301", "--resume"], in: folder)
        #expect(other.status == 64)
        #expect(other.errors.contains("recipe.epochs is 300"))
    }

    /// No grid is good enough for so small a budget: all are tried, and then the weights are tuned.
    @Test func controlCWhilePackingSaysSoToo() throws {
        let folder = try folder()
        try folder.write(String(repeating: Self.text, count: 20), to: "book.txt")
        let packing = ["--epochs", "1", "--budget", "1e-9"]
        let run = try train(packing, in: folder) { running in
            try running.waitForErrors("packing: steps of")
            running.process.interrupt()
        }
        #expect(run.status == 130, "\(run.errors)")
        #expect(run.errors.contains("--resume goes on"))
        #expect(!FileManager.default.fileExists(atPath: folder.url("book.poem").path))

        let resumed = try train(packing + ["--resume"], in: folder)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(!resumed.errors.contains("epoch 1/1: training"), "only packed")
        #expect(FileManager.default.fileExists(atPath: folder.url("book.poem").path))
    }

    /// What would only fail, or destroy something, after hours of training.
    @Test func filesAreLookedAtFirst() throws {
        let folder = try folder()
        let existing = try train(["-o", "."], in: folder)
        #expect(existing.status == 73, "\(existing.errors)")
        let text = try train(["-o", "book.txt"], in: folder)
        #expect(text.status == 73, "\(text.errors)")
        #expect(text.errors.contains("it exists and is no model file"))
        #expect(try String(contentsOf: folder.url("book.txt"), encoding: .utf8) == Self.text)

        #expect(try train(in: folder).status == 0)
        for teacher in ["book.poem", "./book.best.poem"] {
            let run = try train(["--teacher", teacher], in: folder)
            #expect(run.status == 64)
            #expect(run.errors.contains("reads \(teacher) and would replace it"))
        }
        #expect(!FileManager.default.fileExists(atPath: folder.url("book.checkpoint.poem").path))
    }

    /// Works that are one line each are joined by line ends, which then are characters of the model.
    @Test func linesAreJoinedByLineEnds() throws {
        let folder = try Folder()
        let line = Self.text.replacing("\n", with: " ")
        for name in ["a", "b", "c"] { try folder.write(line, to: "\(name).txt") }
        let run = try Program("poe-train").run(["."] + Self.tiny, in: folder)
        #expect(run.status == 0, "\(run.errors)")
        let alphabet = Set(line.unicodeScalars).count
        let shown = try Program("poe-model").run(["show", "model.poem"], in: folder)
        #expect(shown.text.contains("\(alphabet + 1) characters"), "\(shown.text)")
    }

    @Test func mistakesAreSentences() throws {
        let folder = try folder()
        try folder.write("Too short.", to: "short.txt")
        let train = Program("poe-train")
        #expect(try train.run(["missing.txt"], in: folder).status == 66)
        #expect(try train.run(["book.txt", "--dropout", "1.5"], in: folder).status == 64)
        #expect(
            try train.run(["book.txt", "--width", "17", "--heads", "2"], in: folder).status == 64)
        // A prime: no number of heads that fits may be looked for as long as it takes.
        #expect(
            try train.run(["book.txt", "--width", "9223372036854775783"], in: folder).status == 64)
        #expect(try train.run(["book.txt", "--bpe-vocab-size", "3"], in: folder).status == 64)
        func refuses(_ options: String..., because reason: String) throws {
            let run = try train.run(["book.txt"] + options, in: folder)
            #expect(run.status == 64, "\(options)")
            #expect(run.errors.contains(reason), "\(run.errors)")
        }
        try refuses("--epochs", "\(Int.max)", because: "expected from 1 to 10000")
        try refuses("--context", "0", because: "--context is 0; expected 1 to")
        try refuses("--checkpoint-seconds=-1", because: "expected 0 or more")
        try refuses(
            "--tokenizer", "char", "--bpe-vocab-size", "300",
            because: "--bpe-vocab-size does not go with --tokenizer char")
        try refuses(
            "--tokenizer", "char", "--merge-dropout", "0.3",
            because: "--merge-dropout does not go with --tokenizer char: there are no merges")
        try refuses(
            "--optimizer", "adamw", "--matrix-learning-rate", "0.01",
            because: "--matrix-learning-rate is Muon's; leave it out with --optimizer adamw")
        try refuses("--threads", "257", because: "--threads is 257; expected 1 to 256")
        try refuses(
            "--tokenizer", "byte-bpe", "--pretokenizer", "words",
            because: "goes with --tokenizer bpe alone")
        try refuses(
            "--width", "65536", "--heads", "64", "--layers", "1024", "--context", "64",
            because: "of memory, and this machine has")
        let seldom = try self.train(["--checkpoint-seconds", "inf"], in: folder)
        #expect(seldom.status == 0, "\(seldom.errors)")
        let short = try train.run(["short.txt"], in: folder)
        #expect(short.status == 65)
        #expect(short.errors.contains("the training text has"))
        let nowhere = try self.train(["-o", "no/such/folder/x.poem"], in: folder)
        #expect(nowhere.status == 73, "\(nowhere.errors)")
    }
}
