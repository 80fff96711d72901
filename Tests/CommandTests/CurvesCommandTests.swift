import Foundation
import Testing

/// Runs `poe-model curves` on logs as `poe-train` writes them.
@Suite struct CurvesCommandTests {
    private let folder: Folder
    /// Three epochs, the second the best.
    private let slow: String
    /// Two epochs, and a file whose name has an equals sign.
    private let fast: String

    init() throws {
        folder = try Folder()
        slow = try Self.log([3.124, 2.624, 2.876], to: "slow.train.csv", in: folder)
        fast = try Self.log([2.5, 2.26], to: "rate=0.1.train.csv", in: folder)
    }

    /// Writes the log of a training of two steps an epoch with these validation losses; its tokens
    /// have two characters.
    private static func log(
        _ losses: [Double], to name: String, in folder: Folder
    ) throws -> String {
        var text =
            "step,epoch,loss,learning_rate,gradient_norm,epoch_loss,validation_loss,"
            + "validation_nats_per_character\n"
        for (index, loss) in losses.enumerated() {
            let epoch = index + 1
            text += "\(2 * epoch - 1),\(epoch),\(loss + 0.5),0.001,1.0,,,\n"
            text += "\(2 * epoch),\(epoch),\(loss + 0.25),0.001,1.0,"
            text += "\(loss + 0.375),\(loss),\(loss / 2)\n"
        }
        return try folder.write(text, to: name)
    }

    /// The picture that these arguments give.
    private func picture(_ arguments: String...) throws -> String {
        let path = folder.path + "/curves.svg"
        let run = try Program("poe-model").run(["curves", "-o", path] + arguments)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.isEmpty)
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    private func count(_ text: String, in svg: String) -> Int {
        svg.components(separatedBy: text).count - 1
    }

    @Test func drawsEveryTraining() throws {
        let svg = try picture("first=" + slow, fast, "--title", "Rates & more", "--x-name", "weeks")
        #expect(svg.hasPrefix("<svg ") && svg.contains(">Rates &amp; more</text>"))
        for text in [
            ">first</text>", ">rate=0.1</text>", ">weeks</text>", ">nats per token</text>",
        ] {
            #expect(count(text, in: svg) == 1, "\(text)")
        }
        #expect(count("class=\"point c0\"", in: svg) == 3)
        #expect(count("class=\"point c1\"", in: svg) == 2)
        for color in 0...1 {
            #expect(count("class=\"best c\(color)\"", in: svg) == 1)
            #expect(count("class=\"line c\(color)\"", in: svg) == 1)
            #expect(count("class=\"dashed c\(color)\"", in: svg) == 1)
        }
        #expect(svg.contains(">2.624</text>") && svg.contains(">2.260</text>"))
    }

    @Test func aNameGoesToTheFirstEqualsSign() throws {
        let svg = try picture(slow, "second=" + fast)
        #expect(svg.contains(">slow</text>") && svg.contains(">second</text>"))
        #expect(!svg.contains("0.1.train") && !svg.contains(">rate"))
    }

    @Test func validationCanStandAlone() throws {
        let svg = try picture(slow, fast, "--validation-only")
        #expect(count("class=\"dashed", in: svg) == 0)
        #expect(count("class=\"point", in: svg) == 5)
        #expect(svg.contains(">2.624</text>") && svg.contains(">nats per token</text>"))
    }

    @Test func charactersCanBeTheMeasure() throws {
        let svg = try picture(slow, fast, "--per-character")
        #expect(count("class=\"dashed", in: svg) == 0)
        #expect(count("class=\"point", in: svg) == 5)
        #expect(svg.contains(">1.312</text>") && svg.contains(">1.130</text>"))
        #expect(svg.contains(">nats per character</text>"))
    }

    /// There would be nothing in the picture.
    @Test(arguments: ["--per-character", "--validation-only"])
    func validationThatIsMissingIsMissed(option: String) throws {
        let bare = try folder.write(
            "step,epoch,loss,learning_rate,gradient_norm,epoch_loss,validation_loss,"
                + "validation_nats_per_character\n1,1,3.5,0.001,1.0,3.25,,\n", to: "bare.train.csv")
        let output = folder.path + "/none.svg"
        let run = try Program("poe-model").run(["curves", bare, option, "-o", output])
        #expect(run.status == 65)
        #expect(run.errors.hasPrefix("error: \(bare): no validation loss is in it"))
        #expect(run.errors.hasSuffix("leave out \(option)\n"))
        #expect(!FileManager.default.fileExists(atPath: output))
        let training = try picture(bare)
        #expect(count("class=\"point c0\"", in: training) == 1, "its training loss can be drawn")
    }

    @Test func aForeignFileIsMalformed() throws {
        let foreign = try folder.write("name,size\nraven,1845\n", to: "foreign.csv")
        let output = folder.path + "/none.svg"
        let run = try Program("poe-model").run(["curves", slow, foreign, "-o", output])
        #expect(run.status == 65)
        #expect(run.errors.hasPrefix("error: \(foreign): no epoch of a training is in it; "))
        #expect(run.errors.split(separator: "\n").count == 1)
        #expect(!FileManager.default.fileExists(atPath: output))
        let missing = try Program("poe-model").run(["curves", "/no/such.csv", "-o", output])
        #expect(missing.status == 66)
    }
}
