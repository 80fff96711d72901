import PoeCore
import PoemFile
import Testing

/// Floats at an address that stays.
@safe
private final class FloatArray {
    let memory: UnsafeMutableBufferPointer<Float>
    var values: [Float] { unsafe Array(memory) }

    init(count: Int) {
        unsafe memory = .allocate(capacity: count)
        unsafe memory.initialize(repeating: .nan)
    }

    deinit { unsafe memory.deallocate() }
}

@Suite("What is written is read back")
struct RoundTripTests {
    /// As `contents()` returns it: tensors in the order of their names.
    private func sorted(_ contents: PoemContents) -> PoemContents {
        func order(_ tensors: inout [TensorRecord]) {
            tensors.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        }
        var contents = contents
        order(&contents.tensors)
        if var state = contents.checkpoint {
            order(&state.optimizer)
            contents.checkpoint = state
        }
        return contents
    }

    private func expectSame(_ a: PoemContents, _ b: PoemContents) {
        #expect(a.configuration == b.configuration)
        #expect(a.tokenizer == b.tokenizer)
        #expect(a.metadata == b.metadata)
        #expect(a.evaluation == b.evaluation)
        #expect(a.training == b.training)
        #expect(a.card == b.card)
        #expect(a.extraSections == b.extraSections)
        #expect(a.checkpoint?.random == b.checkpoint?.random)
        #expect(a.checkpoint?.cursor == b.checkpoint?.cursor)
        for (a, b) in [
            (a.tensors, b.tensors),
            (a.checkpoint?.optimizer ?? [], b.checkpoint?.optimizer ?? []),
        ] {
            #expect(a.map(\.name) == b.map(\.name))
            #expect(a.map(\.shape) == b.map(\.shape))
            #expect(a.map(\.data) == b.map(\.data))
        }
    }

    @Test func everySection() throws {
        let bytes = try PoemWriter.bytes(Samples.everything)
        let reader = try PoemReader(bytes: bytes)
        try reader.verify()
        #expect(reader.isCheckpoint)
        #expect(reader.minorVersion == 0)
        #expect(reader.fileLength == bytes.count)
        expectSame(try reader.contents(), sorted(Samples.everything))
    }

    @Test func onlyWhatIsRequired() throws {
        let reader = try PoemReader(bytes: PoemWriter.bytes(Samples.contents()))
        try reader.verify()
        #expect(!reader.isCheckpoint)
        #expect(reader.card == nil)
        #expect(reader.sections.map(\.kind.description) == ["ARCH", "TOKN", "TNSR", "WGTS"])
        expectSame(try reader.contents(), sorted(Samples.contents()))
    }

    @Test(arguments: [1, 2, 3]) func theSameBytesOnAnyNumberOfThreads(threads: Int) throws {
        let once = try PoemWriter.bytes(Samples.everything)
        var shuffled = Samples.everything
        shuffled.tensors.reverse()
        #expect(try PoemWriter.bytes(shuffled, threads: threads) == once)
    }

    @Test func aRewriteOfWhatWasReadGivesTheSameBytes() throws {
        let once = try PoemWriter.bytes(Samples.everything)
        let again = try PoemWriter.bytes(PoemReader(bytes: once).contents())
        #expect(again == once)
    }

    @Test func theTokenizersOfEveryKind() throws {
        let letters = (0..<6).compactMap { Unicode.Scalar(0x61 + $0) }
        let descriptions = [
            TokenizerDescription(
                base: .characters(letters), pretokenizer: .words, unknownPolicy: .error,
                replacement: 5,
                folds: [.lineEnds, .canonicalComposition, .quotes, .dashes, .ellipses]),
            TokenizerDescription(
                base: .characters(Array(letters.prefix(2))),
                merges: [Merge(0, 1), Merge(1, 0), Merge(2, 3), Merge(4, 4)]),
        ]
        for description in descriptions {
            var contents = Samples.contents()
            contents.tokenizer = description
            let read = try PoemReader(bytes: PoemWriter.bytes(contents)).tokenizer
            #expect(read == description)
        }
        var bytes = Samples.contents(
            ModelConfiguration(
                vocabularySize: 259, contextLength: 2, layerCount: 2, headCount: 1,
                modelDimension: 2, feedForwardDimension: 3, activation: .gelu, normEpsilon: 0.25,
                hasBiases: false, tiesOutputHead: false))
        bytes.tokenizer = TokenizerDescription(
            base: .bytes, merges: [Merge(104, 101), Merge(256, 256)], replacement: 63,
            specialTokens: [SpecialToken(id: 258, bytes: [0xFF], role: .other)])
        let read = try PoemReader(bytes: PoemWriter.bytes(bytes))
        #expect(read.tokenizer == bytes.tokenizer)
        #expect(read.configuration == bytes.configuration)
    }

    /// Lengths around the chunk's, so that tensors of one, two and three chunks occur.
    @Test(arguments: [1, 63, 64, 65, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (2 << 20) + 5])
    func tensorsOfAnyLength(count: Int) throws {
        let symbols = Samples.symbols(count)
        let floats = Samples.floats((count + 3) / 4)
        let halves = floats.map(Float16Bits.bits(of:))
        let optimizer = [
            TensorRecord(
                name: "a", shape: [count], data: .i8(symbols, .perTensor(step: 2)),
                storage: .init(.fast)),
            TensorRecord(
                name: "b", shape: [1, count], data: .i8(symbols, .perRow(steps: [0.5])),
                storage: .raw),
            TensorRecord(
                name: "c", shape: [floats.count], data: .f32(floats),
                storage: .init(.fast, separatesBytePlanes: true)),
            TensorRecord(
                name: "d", shape: [1, 1, halves.count, 1], data: .f16(halves),
                storage: .init(.raw, separatesBytePlanes: true)),
        ]
        var contents = Samples.contents()
        contents.checkpoint = CheckpointState(optimizer: optimizer)
        let reader = try PoemReader(bytes: PoemWriter.bytes(contents, threads: 2))
        try reader.verify(threads: 2)
        for (entry, record) in zip(reader.optimizerTensors, optimizer) {
            #expect(try reader.data(of: entry, threads: 2) == record.data)
            #expect(entry.shape == record.shape)
            #expect(entry.count == record.data.count)
        }
        let values = try reader.optimizerTensors.map { try reader.floats(of: $0) }
        #expect(values[0] == symbols.map { Float($0) * 2 })
        #expect(values[1] == symbols.map { Float($0) * 0.5 })
        #expect(values[2] == floats)
        #expect(values[3] == halves.map(Float16Bits.float(of:)))
    }

    @Test func floatsOfEveryElementType() throws {
        let contents = sorted(Samples.contents())
        let reader = try PoemReader(bytes: PoemWriter.bytes(contents))
        for (entry, record) in zip(reader.tensors, contents.tensors) {
            let expected: [Float]
            switch record.data {
            case .f32(let values): expected = values
            case .f16(let bits): expected = bits.map(Float16Bits.float(of:))
            case .bf16(let bits): expected = bits.map(BFloat16Bits.float(of:))
            case .i8(let symbols, .perTensor(let step)): expected = symbols.map { Float($0) * step }
            case .i8(let symbols, .perRow(let steps)):
                let columns = symbols.count / steps.count
                expected = symbols.enumerated().map { Float($1) * steps[$0 / columns] }
            }
            #expect(try reader.floats(of: entry) == expected)
        }
    }

    @Test(arguments: [1, 2, 5]) func allFloatsAtOnce(threads: Int) throws {
        let reader = try PoemReader(bytes: PoemWriter.bytes(Samples.contents()))
        let buffers = reader.tensors.map { FloatArray(count: $0.count) }
        unsafe try reader.decodeFloats(reader.tensors, threads: threads) {
            unsafe buffers[$0].memory
        }
        for (buffer, entry) in zip(buffers, reader.tensors) {
            let expected = try reader.floats(of: entry)
            #expect(buffer.values == expected)
        }
    }

    @Test func tensorsAreFoundByName() throws {
        let reader = try PoemReader(bytes: PoemWriter.bytes(Samples.contents()))
        for (i, entry) in reader.tensors.enumerated() {
            #expect(reader.tensorIndex(named: entry.name) == i)
        }
        #expect(reader.tensorIndex(named: "zzz") == nil)
        #expect(reader.tensor(named: "") == nil)
    }

    @Test func keysHaveTypes() {
        let keys: Metadata = ["a": "text", "b": 2, "c": 0.5, "d": false, "e": ["x"]]
        #expect(keys.string("a") == "text" && keys.string("b") == nil)
        #expect(keys.integer("b") == 2 && keys.integer("c") == nil)
        #expect(keys.double("b") == 2 && keys.double("c") == 0.5 && keys.double("a") == nil)
        #expect(keys["d"] == .boolean(false) && keys["f"] == nil)
        #expect(keys.strings("e") == ["x"] && keys.strings("a") == nil)
        #expect(keys.keys == ["a", "b", "c", "d", "e"] && keys.count == 5)
    }
}
