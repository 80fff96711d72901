import PoeCore
import PoemFile
import Testing

@Suite("Every rule has its error")
struct RuleTests {
    /// Opens and verifies; the error, or nil.
    static func failure(_ bytes: [UInt8], _ limits: Limits = .default) -> PoemError? {
        do throws(PoemError) {
            try PoemReader(bytes: bytes, limits: limits).verify()
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: Rule.allCases) func aBadFileBreaksItsRule(rule: Rule) throws {
        let files = try BadFiles.breaking(rule)
        #expect(!files.isEmpty)
        for (i, file) in files.enumerated() {
            let error = Self.failure(file.bytes, file.limits)
            #expect(error?.rule == rule, "file \(i): \(error.map(\.description) ?? "accepted")")
            #expect(error?.failureKind == .malformed)
        }
    }

    @Test(arguments: Rule.allCases) func theErrorSaysWhatWasExpectedAndFound(rule: Rule) throws {
        for file in try BadFiles.breaking(rule) {
            let error = try #require(Self.failure(file.bytes, file.limits))
            guard case .malformed(_, let place, let expected, let found) = error else {
                Issue.record("\(error) is no error of the format")
                continue
            }
            #expect(!expected.isEmpty && !found.isEmpty && expected != found)
            // What was found, not that it is something else.
            #expect(found != "not" && !found.contains("outside these"), "\(error)")
            #expect(!found.contains("expected"), "\(error)")
            #expect(place.offset >= 0)
            #expect(error.description.contains("[rule \(rule.rawValue)]"))
            #expect(error.description.contains("byte"))
        }
    }

    /// In the tiny file ARCH begins at byte 384, TOKN at 448, META at 512.
    @Test func theErrorPointsAtTheField() throws {
        func expect(_ file: BadFile, _ beginning: String) {
            let description = Self.failure(file.bytes)?.description ?? "accepted"
            #expect(description.hasPrefix(beginning), "\(description)")
        }
        expect(
            try BadFiles.tiny("ARCH") { $0.put(UInt32(0), at: 8) },
            "a size of the model (section ARCH, byte 392) is 0, expected 1 to 1024 for layerCount")
        expect(
            try BadFiles.tiny("ARCH") { $0.put(Float(1).bitPattern, at: 24) },
            "a size of the model (section ARCH, byte 408) is 1.0, expected a number between 0")
        expect(
            try BadFiles.tiny("ARCH") { $0[29] = 2 },
            "a choice of the model (section ARCH, byte 413) is 2, expected at most 0 for position")
        expect(
            try BadFiles.tiny("TOKN") { $0[2] = 7 },
            "a choice of the tokenizer (section TOKN, byte 450) is 7, expected 0 or 1 for the pre-")
        expect(
            try BadFiles.tiny("META") {
                $0 = [1, 0, 0, 0, 1, 0, 0x61, 0, 2, 0, 0, 0, 0x61, 0xFF]
            },
            "a text (section META, byte 525) is broken at the byte ff, expected valid UTF-8 [")
    }

    @Test func theErrorPointsAtTheChunk() throws {
        var contents = Samples.contents()
        let symbols = [Int8](repeating: 0, count: 2 << 20 + 2)
        contents.checkpoint = CheckpointState(
            optimizer: [
                TensorRecord(
                    name: "a", shape: [symbols.count], data: .i8(symbols, .perTensor(step: 1)),
                    storage: .raw)
            ])
        // The second of three chunks is one byte shorter than a multiple of 64.
        var file = try HostileFile(contents)
        file.edit("OPTW") { $0.append(0) }
        file.edit("OPTM") {
            for (record, length) in [(72, UInt32(1 << 20 - 1)), (96, UInt32(3))] {
                $0.put(length, at: record + 8)
                $0.put(length, at: record + 12)
            }
        }
        let bytes = file.assembled()
        let directory = Int(bytes.u64(at: 64 + 64 * file.index(of: "OPTM") + 8))
        guard case .malformed(.chunkLengths, let place, _, _) = Self.failure(bytes) else {
            Issue.record("not refused for the length of a chunk")
            return
        }
        #expect(place.offset == directory + 72 + 12)
        #expect(place.tensor == "a")
    }

    /// Weights must be finite, whatever their symbols; what an optimizer keeps is its own affair.
    @Test func anOptimizerMayHoldLargerSteps() throws {
        let step = Float.greatestFiniteMagnitude
        var contents = Samples.contents()
        contents.checkpoint = CheckpointState(
            optimizer: [
                TensorRecord(
                    name: "a", shape: [2], data: .i8([1, 2], .perTensor(step: step)),
                    storage: .raw),
                TensorRecord(
                    name: "b", shape: [2], data: .i8([1, 2], .perRow(steps: [1, step])),
                    storage: .raw),
            ])
        #expect(Self.failure(try PoemWriter.bytes(contents)) == nil)
    }

    @Test func aSectionOfAnUnknownKindIsKeptUpToItsLimit() throws {
        let file = try BadFiles.tiny {
            $0.sections.append(
                .init(
                    kind: "XTRA", flags: 0, codec: 1, bytes: runLengthFrame(of: 0, count: 200),
                    decodedLength: 1 << 40, decodedHash: 7))
        }
        let once = try PoemReader(bytes: file.bytes)
        let again = try PoemReader(bytes: PoemWriter.bytes(once.contents()))
        #expect(once.extraSections.first?.decodedLength == 1 << 40)
        #expect(again.extraSections == once.extraSections)
    }

    @Test func aBombIsRefusedBeforeMemoryIsTaken() throws {
        let bytes = try Bomb.file(mebibytes: 2_048)
        #expect(bytes.count < 200_000)
        let error = Self.failure(bytes, Limits(maxMemory: 1 << 30))
        #expect(error?.rule == .memoryBudget)
        // Within its budget the same kind of file is sound, and verified without holding it.
        #expect(Self.failure(try Bomb.file(mebibytes: 16)) == nil)
    }
}
