import PoeCore
import PoemFile
import Testing

@Suite("What is written is read back")
struct RoundTripTests {
    @Test func theSmallestFile() throws {
        let contents = Samples.contents()
        let bytes = try PoemWriter.bytes(contents)
        let reader = try PoemReader(bytes: bytes)
        try reader.verify()
        let read = try reader.contents()
        #expect(read.configuration == contents.configuration)
        #expect(read.tokenizer == contents.tokenizer)
        let written = contents.tensors.sorted { $0.name < $1.name }
        #expect(read.tensors.map(\.name) == written.map(\.name))
        #expect(read.tensors.map(\.shape) == written.map(\.shape))
        #expect(read.tensors.map(\.data) == written.map(\.data))
    }
}
