import Foundation
import PoemFile
import Testing

@Suite("formats/poem.md and the code agree")
struct DocumentTests {
    private static var lines: [Substring] {
        get throws {
            let root = URL(filePath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
            let text = try String(
                contentsOf: root.appending(path: "formats/poem.md"), encoding: .utf8)
            return text.split(separator: "\n", omittingEmptySubsequences: false)
        }
    }

    @Test func everyRuleIsStatedOnceInOrder() throws {
        let stated = try Self.lines.filter { $0.hasPrefix("- **R") }
            .map { $0.prefix { $0 != ":" } }
        let expected = Rule.allCases.map { "- **R\($0.rawValue)** `\($0)`" }
        #expect(stated.map(String.init) == expected)
        #expect(Rule.allCases.map(\.rawValue) == Array(1...Rule.allCases.count))
    }

    /// Lines are an offset, then bytes as pairs of digits or `00 * count`, then words.
    @Test func theHexDumpIsTheTinyFile() throws {
        let dump = try Self.lines.drop { $0 != "```hex" }.dropFirst().prefix { $0 != "```" }
        var bytes: [UInt8] = []
        for line in dump where !line.hasPrefix(" ") {
            let offset = try #require(Int(line.prefix(4), radix: 16))
            #expect(offset == bytes.count, "\(line)")
            let words = line.dropFirst(6).prefix(47).split(separator: " ")
            if words.count == 3, words[1] == "*", let count = Int(words[2]) {
                bytes += [UInt8](repeating: 0, count: count)
            } else {
                bytes += try words.map { try #require(UInt8($0, radix: 16), "\(line)") }
            }
        }
        #expect(try bytes == GoldenTests.bytes("tiny"))
    }
}
