import ArgumentParser
import PoeArguments
import PoeCommand
import PoeCore
import PoeModel
import PoemFile

/// The subcommand `verify`.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check model files to the last byte: every rule of the format, every checksum.",
        discussion: "The exit status is that of the first file that is not in order.")

    @Argument(help: "The models.", completion: .file(extensions: ["poem"]))
    var models: [String]

    @OptionGroup var threads: ThreadOptions

    func run() throws {
        var first: ExitStatus?
        for path in models {
            do {
                let reader = try naming(path) {
                    let reader = try PoemReader(path: path)
                    try reader.verify(threads: threads.count)
                    _ = try Model.load(reader, threads: threads.count)
                    return reader
                }
                let facts = ModelFacts(path: path, reader: reader)
                try Output.write(
                    "\(path): in order, \(Format.bytes(reader.fileLength)), "
                        + "\(Format.count(reader.configuration.parameterCount)) parameters, "
                        + "\(Format.fixed(facts.bitsPerWeight, 2)) bits per weight\n")
            } catch let error as any ClassifiedError {
                Output.fail(error.description)
                first = first ?? ExitStatus(error.failureKind)
            }
        }
        if let first { throw ExitCode(first.rawValue) }
    }
}
