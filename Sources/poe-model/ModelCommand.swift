import ArgumentParser
import PoeCommand

/// `poe-model`: looks into model files and rewrites them.
struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poe-model",
        abstract: "Look into model files, check them, measure them, and store them in another way.",
        discussion: """
            Exit status: 0, 64 usage, 65 malformed file, 66 no input, 70 internal fault, \
            73 cannot create, 74 input or output, 130 interrupted.
            """,
        version: "poe-model \(Version.text)",
        subcommands: [
            ShowCommand.self, VerifyCommand.self, ScoreCommand.self, LogitsCommand.self,
            PackCommand.self, DiffCommand.self, OverlapCommand.self,
            CurvesCommand.self,
        ])
}
