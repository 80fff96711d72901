import PoeCore
import PoeModel
import PoeTokenizer
import PoemFile
import Testing

@Suite("Model files")
struct ModelFileTests {
    @Test("lossless and mapped files give back every bit", arguments: [Profile.lossless, .mapped])
    func exactProfiles(profile: Profile) throws {
        try withTemporaryFolder { folder in
            let model = try TinyModel.model()
            try model.write(to: folder + "/a.poem", profile: profile)
            let loaded = try Model.load(folder + "/a.poem")
            #expect(loaded.configuration == model.configuration)
            #expect(bits(loaded.weights) == bits(model.weights))
            #expect(loaded.tokenizer.description == model.tokenizer.description)
            #expect(loaded.card == model.card)
            #expect(loaded.metadata == model.metadata)
            #expect(loaded.evaluation == model.evaluation)
            #expect(loaded.training == model.training)
        }
    }

    @Test(
        "every kind of configuration survives",
        arguments: [(false, false), (false, true), (true, false)])
    func configurations(hasBiases: Bool, ties: Bool) throws {
        try withTemporaryFolder { folder in
            var configuration = TinyModel.configuration
            configuration.hasBiases = hasBiases
            configuration.tiesOutputHead = ties
            configuration.activation = .gelu
            let model = try TinyModel.model(configuration)
            try model.write(to: folder + "/a.poem", profile: .lossless)
            let loaded = try Model.load(folder + "/a.poem")
            #expect(loaded.configuration == configuration)
            #expect(bits(loaded.weights) == bits(model.weights))
        }
    }

    @Test("a compact file decodes to the rounded weights, which a lossless one keeps")
    func compactProfile() throws {
        try withTemporaryFolder { folder in
            let model = try TinyModel.model()
            let settings = CompactSettings()
            try model.write(to: folder + "/a.poem", profile: .compact(settings))
            let loaded = try Model.load(folder + "/a.poem")
            #expect(bits(loaded.weights) == bits(settings.rounded(model.weights)))
            #expect(bits(loaded.weights) != bits(model.weights))
            try loaded.write(to: folder + "/b.poem", profile: .lossless)
            #expect(bits(try Model.load(folder + "/b.poem").weights) == bits(loaded.weights))
        }
    }

    @Test(
        "equal models give equal bytes, on any number of threads",
        arguments: [Profile.lossless, .compact(CompactSettings()), .mapped])
    func canonical(profile: Profile) throws {
        try withTemporaryFolder { folder in
            let model = try TinyModel.model()
            try model.write(to: folder + "/a.poem", profile: profile, threads: 1)
            try model.write(to: folder + "/b.poem", profile: profile, threads: 3)
            let loaded = try Model.load(folder + "/a.poem", threads: 3)
            let first = bytes(of: folder + "/a.poem")
            #expect(!first.isEmpty && first == bytes(of: folder + "/b.poem"))
            guard profile == .lossless || profile == .mapped else { return }
            try loaded.write(to: folder + "/c.poem", profile: profile)
            #expect(first == bytes(of: folder + "/c.poem"))
        }
    }

    @Test("sections of a later version are kept")
    func extraSections() throws {
        try withTemporaryFolder { folder in
            let model = try TinyModel.model()
            var contents = model.contents(.lossless)
            let kind = try #require(SectionKind("ZZZZ"))
            contents.extraSections = [ExtraSection(kind: kind, bytes: [1, 2, 3])]
            try PoemWriter.write(contents, to: folder + "/a.poem")
            try Model.load(folder + "/a.poem").write(to: folder + "/b.poem", profile: .mapped)
            let kept = try Model.load(folder + "/b.poem").extraSections
            #expect(kept == contents.extraSections)
        }
    }

    @Test("sections of a later version are kept without decoding the rest of a checkpoint")
    func extraSectionsOfACheckpoint() throws {
        var contents = try TinyModel.model().contents(.lossless)
        let kind = try #require(SectionKind("ZZZZ"))
        contents.extraSections = [ExtraSection(kind: kind, bytes: [1, 2, 3])]
        let moment = TensorRecord(
            name: "moment", shape: [4], data: .f32([1, 2, 3, 4]), storage: .raw)
        contents.checkpoint = CheckpointState(optimizer: [moment])
        var file = try PoemWriter.bytes(contents)
        let sections = try PoemReader(bytes: file).sections
        let data = try #require(sections.first { $0.kind == .optimizerData })
        // Whoever decodes this section finds the damage.
        file[data.range.lowerBound] ^= 1
        let loaded = try Model.load(PoemReader(bytes: file))
        #expect(loaded.extraSections == contents.extraSections)
    }

    @Test("a model too large for int8 runs in f32")
    func tooLargeForIntegers() throws {
        var configuration = TinyModel.configuration
        configuration.feedForwardDimension = 65_537
        configuration.layerCount = 1
        let file = try PoemWriter.bytes(
            TinyModel.model(configuration).contents(.compact(CompactSettings())))
        let reader = try PoemReader(bytes: file)
        #expect(PackedWeights.areSymbols(in: reader))
        #expect(try PackedWeights.load(reader).arithmetic == .f32)
        #expect(throws: ModelError.tooLargeForIntegers) {
            try PackedWeights.load(reader, arithmetic: .int8)
        }
    }

    @Test("a grid whose symbols are worth more than floats hold is refused")
    func tooLargeAStep() throws {
        var contents = try TinyModel.model().contents(.compact(CompactSettings()))
        let matrix = try #require(
            contents.tensors.firstIndex { $0.data.elementType == .i8 })
        let symbols = [Int8](repeating: 127, count: contents.tensors[matrix].data.count)
        contents.tensors[matrix].data = .i8(
            symbols, .perTensor(step: .greatestFiniteMagnitude))
        let reader = try PoemReader(bytes: PoemWriter.bytes(contents))
        let error = #expect(throws: ModelError.self) { try Model.load(reader) }
        guard case .file(let reason) = error else {
            Issue.record("\(String(describing: error)) is no error of the file")
            return
        }
        #expect(reason.rule == .weightValue)
        #expect(throws: ModelError.file(reason)) {
            try PackedWeights.load(reader, arithmetic: .int8)
        }
    }

    @Test("errors say what is wrong")
    func errors() throws {
        try withTemporaryFolder { folder in
            let missing = folder + "/no-such-file.poem"
            #expect(throws: ModelError.file(.noSuchFile(path: missing))) {
                try Model.load(missing)
            }
            #expect(ModelError.file(.noSuchFile(path: missing)).failureKind == .noInput)
            let model = try TinyModel.model()
            try model.write(to: folder + "/a.poem", profile: .lossless)
            let error = #expect(throws: ModelError.self) {
                try Model.load(folder + "/a.poem", limits: Limits(maxMemory: 100))
            }
            guard case .file(let reason) = error else { return }
            #expect(reason.rule == .memoryBudget)
        }
    }
}
