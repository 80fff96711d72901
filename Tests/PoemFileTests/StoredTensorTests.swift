import PoeCore
import PoemFile
import Synchronization
import Testing

@Suite("Weights are lent one by one as they are stored")
struct StoredTensorTests {
    /// A copy of what was lent.
    private enum Copy: Equatable {
        case symbols([Int8], StoredTensor.Steps)
        case floats([Float])

        init(_ tensor: StoredTensor) {
            switch tensor {
            case .symbols(let symbols, let steps): self = .symbols(unsafe Array(symbols), steps)
            case .floats(let floats): self = .floats(unsafe Array(floats))
            }
        }

        init(_ data: TensorData) {
            switch data {
            case .f32(let values): self = .floats(values)
            case .f16(let bits): self = .floats(bits.map(Float16Bits.float(of:)))
            case .bf16(let bits): self = .floats(bits.map(BFloat16Bits.float(of:)))
            case .i8(let symbols, .perTensor(let step)): self = .symbols(symbols, .one(step))
            case .i8(let symbols, .perRow(let steps)): self = .symbols(symbols, .rows(steps))
            }
        }
    }

    /// Everything that is lent, by index; each index at most once.
    private func lent(_ reader: PoemReader, threads: Int) throws -> [Int: Copy] {
        let copies = Mutex<[Int: Copy]>([:])
        try reader.forEachTensor(threads: threads) { index, tensor in
            let copy = Copy(tensor)
            copies.withLock {
                #expect($0[index] == nil)
                $0[index] = copy
            }
        }
        return copies.withLock { $0 }
    }

    private func expectAll(of contents: PoemContents, threads: Int) throws {
        let reader = try PoemReader(bytes: PoemWriter.bytes(contents, threads: 2))
        let copies = try lent(reader, threads: threads)
        #expect(copies.count == contents.tensors.count)
        for record in contents.tensors {
            let index = try #require(reader.tensorIndex(named: record.name))
            #expect(copies[index] == Copy(record.data), "\(record.name)")
        }
    }

    @Test(arguments: [1, 2, 3]) func everyTypeAndGrid(threads: Int) throws {
        try expectAll(of: Samples.contents(), threads: threads)
        try expectAll(of: Samples.tiny, threads: threads)
    }

    /// Matrices of several chunks: 3 x 768 x 768 symbols, and 512 x 768 floats in byte planes.
    @Test(arguments: [1, 2, 3]) func tensorsOfSeveralChunks(threads: Int) throws {
        var contents = Samples.contents(
            ModelConfiguration(
                vocabularySize: 6, contextLength: 512, layerCount: 1, headCount: 2,
                modelDimension: 768, feedForwardDimension: 8))
        for i in contents.tensors.indices {
            contents.tensors[i].storage.effort = i % 2 == 0 ? .fast : .raw
            if contents.tensors[i].name == "position_embedding" {
                contents.tensors[i].data = .f32(Samples.floats(512 * 768))
                contents.tensors[i].storage = .init(.fast, separatesBytePlanes: true)
            }
            if contents.tensors[i].name == "block.0.attention.output.weight" {
                let steps = (0..<768).map { Float($0 + 1) }
                contents.tensors[i].data = .i8(Samples.symbols(768 * 768), .perRow(steps: steps))
            }
            if contents.tensors[i].name == "block.0.attention.qkv.weight" {
                let steps = (0..<3 * 768).map { Float($0 + 1) }
                contents.tensors[i].data = .i8(
                    Samples.symbols(3 * 768 * 768), .perRow(steps: steps))
            }
        }
        try expectAll(of: contents, threads: threads)
    }

    @Test(arguments: [Rule.chunkHash, .rowStep, .weightValue], [1, 3])
    func whatIsBrokenIsNotLent(rule: Rule, threads: Int) throws {
        for file in try BadFiles.breaking(rule) {
            let reader = try PoemReader(bytes: file.bytes)
            let given = Mutex<Set<Int>>([])
            do throws(PoemError) {
                try reader.forEachTensor(threads: threads) { index, _ in
                    given.withLock { _ = $0.insert(index) }
                }
                Issue.record("a file that breaks \(rule) was lent")
            } catch {
                #expect(error.rule == rule)
                guard case .malformed(_, let place, _, _) = error, let name = place.tensor,
                    let broken = reader.tensorIndex(named: name)
                else {
                    Issue.record("\(error) names no tensor")
                    continue
                }
                let indices = given.withLock { $0 }
                #expect(!indices.contains(broken), "\(name)")
            }
        }
    }

    /// Every byte of the weights: broken frames, wrong hashes, and spellings of the same content.
    @Test func damageIsNoticedAsVerifyingNoticesIt() throws {
        func failure(_ body: () throws(PoemError) -> Void) -> PoemError? {
            do throws(PoemError) {
                try body()
                return nil
            } catch {
                return error
            }
        }
        let golden = try GoldenTests.bytes("everything")
        let weights = try #require(
            try PoemReader(bytes: golden).sections.first { $0.kind.description == "WGTS" })
        var rules: Set<Rule> = []
        for i in weights.range {
            var bytes = golden
            bytes[i] ^= 0x41
            // Padding between chunks is checked when the file is opened.
            guard let reader = try? PoemReader(bytes: bytes) else { continue }
            let verified = failure { () throws(PoemError) in try reader.verify() }
            let lent = failure { () throws(PoemError) in
                try reader.forEachTensor(threads: 1) { _, _ in }
            }
            #expect(lent == verified, "byte \(i)")
            if let rule = lent?.rule { rules.insert(rule) }
        }
        #expect(rules.isSuperset(of: [.frameHeader, .chunkHash]), "only \(rules)")
    }
}
