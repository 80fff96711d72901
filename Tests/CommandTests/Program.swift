import Foundation
import PoeModel
import Testing

/// A program of this package, run as people run it.
struct Program {
    /// What a finished program left.
    struct Outcome {
        /// The exit status, or the number of the signal that ended it.
        var status: Int32
        /// Whether a signal ended it, and not the program itself.
        var isSignalled: Bool
        var output: Data
        var errors: String

        /// Standard output as text.
        var text: String { String(decoding: output, as: UTF8.self) }

        /// Standard output as lines of JSON objects.
        func jsonLines() throws -> [[String: Any]] {
            try text.split(separator: "\n").map {
                try #require(
                    JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }

        /// Standard output as one JSON object.
        func json() throws -> [String: Any] {
            let lines = try jsonLines()
            #expect(lines.count == 1)
            return try #require(lines.first)
        }
    }

    /// A program that runs.
    struct Running {
        let process: Process
        fileprivate let files: Folder

        /// Waits until standard error has `text`; fails after a minute, long after any sane wait.
        func waitForErrors(_ text: String) throws {
            for _ in 0..<6_000 {
                let errors = try String(contentsOf: files.url("errors"), encoding: .utf8)
                if errors.contains(text) { return }
                Thread.sleep(forTimeInterval: 0.01)
            }
            process.terminate()
            Issue.record("the program did not say \(text)")
        }
    }

    /// The program's file, beside the test's own.
    let url: URL

    init(_ name: String) {
        // The test bundle is a file in the folder of products, or a folder in it.
        let bundle = Bundle.allBundles.map(\.bundleURL) + [Bundle.main.bundleURL]
        let folders = bundle.flatMap { [$0, $0.deletingLastPathComponent()] }
        url =
            folders.map { $0.appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
            ?? URL(filePath: name)
    }

    /// An environment in which nothing of the person who tests shows, except the kernels that
    /// all tests are to run on.
    static func environment(_ more: [String: String] = [:]) -> [String: String] {
        var environment = [
            "COLUMNS": "80", "LC_ALL": "C.UTF-8", "POE_HISTORY": "", "TERM": "xterm",
        ]
        for name in ["LD_LIBRARY_PATH", "PATH", "POE_KERNELS"] {
            environment[name] = ProcessInfo.processInfo.environment[name]
        }
        return environment.merging(more) { $1 }
    }

    /// Runs to the end.
    ///
    /// - Parameters:
    ///   - arguments: The command line.
    ///   - input: What the program finds on standard input.
    ///   - environment: Variables besides the usual ones.
    ///   - folder: The working folder.
    ///   - whileRunning: Gets the running program, for instance to interrupt it.
    func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:],
        in folder: Folder? = nil, whileRunning: (Running) throws -> Void = { _ in }
    ) throws -> Outcome {
        let files = try Folder()
        try files.write(input, to: "input")
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.environment = Self.environment(environment)
        process.currentDirectoryURL = URL(filePath: (folder ?? files).path)
        process.standardInput = try FileHandle(forReadingFrom: files.url("input"))
        process.standardOutput = try files.writable("output")
        process.standardError = try files.writable("errors")
        try process.run()
        try whileRunning(Running(process: process, files: files))
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            isSignalled: process.terminationReason == .uncaughtSignal,
            output: try Data(contentsOf: files.url("output")),
            errors: String(decoding: try Data(contentsOf: files.url("errors")), as: UTF8.self))
    }
}

/// A folder that goes when the test ends.
final class Folder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.path + "/poe-commands-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func url(_ name: String) -> URL { URL(filePath: path + "/" + name) }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: url(name))
        return path + "/" + name
    }

    func writable(_ name: String) throws -> FileHandle {
        try write("", to: name)
        return try FileHandle(forWritingTo: url(name))
    }
}

/// A folder with a tiny model in it.
struct Workplace {
    let folder: Folder
    let model: String

    init() throws {
        folder = try Folder()
        model = folder.path + "/tiny.poem"
        try TinyModel.make().write(to: model, profile: .lossless)
    }

    /// Runs `poe-run` with the tiny model.
    func generate(
        _ arguments: String..., input: String = "",
        whileRunning: (Program.Running) throws -> Void = { _ in }
    ) throws -> Program.Outcome {
        try Program("poe-run").run(
            [model] + arguments, input: input, whileRunning: whileRunning)
    }
}
