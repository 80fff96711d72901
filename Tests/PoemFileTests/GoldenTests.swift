import Foundation
import PoeCore
import PoeTestSupport
import PoemFile
import Testing

/// Files of version 1 that must be read for ever.
///
/// `POE_WRITE_GOLDENS=1 swift test --filter GoldenTests` writes them anew, which only a new file of a
/// new version may need.
@Suite("Golden files are read for ever")
struct GoldenTests {
    static func path(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens/\(name).poem")
            .path(percentEncoded: false)
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path(name))))
    }

    @Test(.enabled(if: GoldenSwitch.write.isOn, "writes files, and only where it is told to"))
    func write() throws {
        try PoemWriter.write(Samples.tiny, to: Self.path("tiny"))
        try PoemWriter.write(Samples.everything, to: Self.path("everything"))
        Issue.record("\(GoldenSwitch.write.complaint)")
    }

    /// Every section of the tiny file is raw: its bytes depend on no compressor.
    @Test func theTinyFileIsWrittenTheSame() throws {
        #expect(try PoemWriter.bytes(Samples.tiny) == Self.bytes("tiny"))
    }

    @Test(arguments: [("tiny", Samples.tiny), ("everything", Samples.everything)])
    func goldenFilesHoldWhatWasPutIn(name: String, contents: PoemContents) throws {
        for access in [FileAccess.mapped, .read] {
            let reader = try PoemReader(path: Self.path(name), access: access)
            try reader.verify()
            // Tensors in the order of their names, stored the same way: what a writer makes of it.
            let expected = try PoemReader(bytes: PoemWriter.bytes(contents)).contents()
            #expect(try reader.contents() == expected)
        }
    }
}
