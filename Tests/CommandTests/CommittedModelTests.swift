import Foundation
import PoeNumerics
import Testing

/// The models that ship with the package.
@Suite struct CommittedModelTests {
    private static let models = ["bpe", "char"]

    private func path(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "models/\(name).poem").path
    }

    @Test(arguments: models) func keepsEveryRuleOfTheFormat(_ name: String) throws {
        let run = try Program("poe-model").run(["verify", path(name)])
        #expect(run.status == 0, "\(run.errors)")
    }

    /// The limits that the models were made to.
    @Test(arguments: models) func isSmallAndCloseToItsExactWeights(_ name: String) throws {
        let run = try Program("poe-model").run(["show", path(name), "--json"])
        let facts = try run.json()
        let losses = try #require(facts["losses"] as? [String: Any])
        #expect(try #require(facts["file_bytes"] as? Int) <= 3_300_000)
        #expect(try #require(losses["compression.nats_per_token"] as? Double) <= 0.002)
    }

    @Test(arguments: models) func writesTheSameOnEveryKernelSetAndThreadCount(_ name: String) throws
    {
        var texts: Set<String> = []
        for kernels in KernelSet.available {
            for threads in ["1", "2"] {
                let run = try Program("poe-run").run(
                    [
                        path(name), "-p", "Once upon a midnight dreary", "-n", "40", "--seed", "1",
                        "-t", threads,
                    ], environment: ["POE_KERNELS": kernels.rawValue])
                #expect(run.status == 0, "\(run.errors)")
                texts.insert(run.text)
            }
        }
        #expect(texts.count == 1)
        #expect(texts.first?.hasPrefix("Once upon a midnight dreary") == true)
    }
}
