import Foundation
import PoeCore
import PoeModel
import PoemFile
import Testing

/// The script that reads files by `formats/poem.md` alone reads what the package wrote.
@Suite struct ReadPoemTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// A Python that has the packages that the script needs; `scripts/setup` installs them.
    private static let python: String? = ["python3", "/usr/bin/python3"].first { python in
        let outcome = try? Program("/usr/bin/env").run([python, "-c", "import numpy, zstandard"])
        return outcome?.status == 0
    }

    private let folder: Folder

    init() throws { folder = try Folder() }

    private func read(_ path: String, _ arguments: String...) throws -> Program.Outcome {
        let python = try #require(Self.python, "no Python with numpy and zstandard")
        return try Program("/usr/bin/env").run(
            [python, Self.root + "/formats/examples/read_poem.py", path] + arguments)
    }

    /// The model files in a folder of the repository.
    private func files(in folder: String) throws -> [String] {
        let path = Self.root + "/" + folder
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        return names.filter { $0.hasSuffix(".poem") }.sorted().map { path + "/" + $0 }
    }

    @Test(
        .enabled(
            if: python != nil || ProcessInfo.processInfo.environment["CI"] != nil,
            "needs a Python with numpy and zstandard; scripts/setup installs them"))
    func decodesEveryTensor() throws {
        let paths = try files(in: "models") + files(in: "Tests/PoemFileTests/Goldens")
        #expect(paths.count >= 4)
        for path in paths {
            let file = try PoemReader(path: path)
            // In plain Python the hashes of a whole model take minutes.
            let isSmall = file.fileLength < 100_000
            let run = try isSmall ? read(path, "--hash") : read(path)
            #expect(run.status == 0, "\(path): \(run.errors)")
            for tensor in file.tensors {
                let line =
                    "TNSR \(tensor.name) \(tensor.elementType) \(tensor.shape) "
                    + "\(tensor.storedByteCount) bytes, mean "
                #expect(run.text.contains(line), "\(path): \(line)")
            }
            let count = file.configuration.parameterCount
            #expect(run.text.contains("TNSR \(count) elements in "), "\(path)")
        }
    }

    @Test(
        .enabled(
            if: python != nil || ProcessInfo.processInfo.environment["CI"] != nil,
            "needs a Python with numpy and zstandard; scripts/setup installs them"))
    func decodesTheSameNumbers() throws {
        for path in try files(in: "models") {
            let weights = try Model.load(path).weights
            let lines = try read(path).text.split(separator: "\n")
            for parameter in [weights.layout.tokenEmbedding, weights.layout.positionEmbedding] {
                let values = weights.floats(parameter).map { Double($0) }
                let mean = values.reduce(0, +) / Double(values.count)
                let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                let deviation = (squares / Double(values.count)).squareRoot()
                let line = try #require(lines.first { $0.hasPrefix("TNSR \(parameter.name) ") })
                let told = line.firstMatch(of: /mean ([^ ]+), deviation ([^ ]+)/)
                let match = try #require(told, "\(line)")
                // Told to five digits, from sums in single precision.
                let toldMean = try #require(Double(match.1))
                let toldDeviation = try #require(Double(match.2))
                #expect(abs(toldMean - mean) < 1e-4 * deviation, "\(line)")
                #expect(abs(toldDeviation - deviation) < 1e-4 * deviation, "\(line)")
            }
        }
    }

    @Test(
        .enabled(
            if: python != nil || ProcessInfo.processInfo.environment["CI"] != nil,
            "needs a Python with numpy and zstandard; scripts/setup installs them"))
    func refusesADamagedChunk() throws {
        let path = Self.root + "/Tests/PoemFileTests/Goldens/tiny.poem"
        let sections = try PoemReader(path: path).sections
        let weights = try #require(sections.first { $0.kind == .weights })
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[weights.range.lowerBound] ^= 1
        try bytes.write(to: folder.url("damaged.poem"))
        let run = try read(folder.path + "/damaged.poem", "--hash")
        #expect(run.status == 1)
        #expect(run.errors.contains("a chunk's hash is wrong"), "\(run.errors)")
    }
}
