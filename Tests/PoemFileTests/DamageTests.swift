import PoeCore
import PoemFile
import Testing

@Suite("Damage is noticed, hostility is survived")
struct DamageTests {
    /// What a file holds, or why it is refused; anything but these two would be a trap.
    private func outcome(
        _ bytes: [UInt8], _ limits: Limits = .default
    ) -> Result<PoemContents, PoemError> {
        do throws(PoemError) {
            let reader = try PoemReader(bytes: bytes, limits: limits)
            try reader.verify()
            return .success(try reader.contents())
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: ["tiny", "everything"]) func everyTruncationIsRefused(name: String) throws {
        let golden = try GoldenTests.bytes(name)
        for length in golden.indices {
            let error = RuleTests.failure(Array(golden.prefix(length)))
            #expect(
                error?.rule == (length < 128 ? .fileTooShort : .fileLength), "length \(length)")
        }
    }

    @Test(arguments: ["tiny", "everything"]) func everyChangedByteIsNoticed(name: String) throws {
        let golden = try GoldenTests.bytes(name)
        let contents = try outcome(golden).get()
        let random = CounterRandom(seed: 11)
        var bytes = golden
        for i in golden.indices {
            let drawn = UInt8(1 + random.integer(below: 255, stream: 0, index: UInt64(i)))
            for mask in name == "tiny" ? [1, 0x80, 0xFF, drawn] : [0x80, drawn] as [UInt8] {
                bytes[i] = golden[i] ^ mask
                switch outcome(bytes) {
                case .failure(let error): #expect(error.failureKind == .malformed)
                // A compressed frame may have two spellings of one content.
                case .success(let read): #expect(read == contents, "byte \(i), mask \(mask)")
                }
            }
            bytes[i] = golden[i]
        }
    }

    @Test func everyByteOfAnUncompressedFileCounts() throws {
        let golden = try GoldenTests.bytes("tiny")
        for i in golden.indices {
            var bytes = golden
            bytes[i] &+= 1
            #expect(RuleTests.failure(bytes) != nil, "byte \(i)")
        }
    }

    /// Changes bytes at random and puts the hashes right, so that the deeper rules are reached.
    @Test(arguments: 0..<8) func randomChangesWithRightHashes(seed: Int) throws {
        let random = CounterRandom(seed: UInt64(seed))
        let good = try PoemWriter.bytes(Samples.small)
        let values: [UInt64] = [
            0, 1, 2, 0x7F, 0xFF, 0x7FFF_FFFF, 0xFFFF_FFFF, .max, 1 << 63, 1 << 40,
        ]
        var rules: Set<Rule> = []
        var accepted = 0
        for round in 0..<400 {
            var bytes = good
            var draw: UInt64 = 0
            func next(_ bound: Int) -> Int {
                draw += 1
                return random.integer(below: bound, stream: UInt64(round), index: draw)
            }
            for _ in 0...next(3) {
                let width = 1 << next(4)
                let offset = next(bytes.count - width + 1)
                let value = next(2) == 0 ? values[next(values.count)] : UInt64(next(1 << 62))
                for k in 0..<width {
                    bytes[offset + k] = UInt8(truncatingIfNeeded: value >> (8 * k))
                }
            }
            bytes = HostileFile.repairingEverything(bytes)
            switch outcome(bytes, Limits(maxMemory: 1 << 26)) {
            case .failure(let error):
                let rule = try #require(error.rule, "\(error)")
                rules.insert(rule)
            case .success(let contents):
                accepted += 1
                // Bytes are compared: an optimizer's tensor may hold NaN by now.
                let once = try PoemWriter.bytes(contents)
                let again = try PoemWriter.bytes(PoemReader(bytes: once).contents())
                #expect(again == once, "round \(round)")
            }
        }
        // Else the changes never came past the hashes, and nothing was tested.
        #expect(rules.count >= 20, "only \(rules)")
        #expect(accepted > 0)
    }

    /// The same on a file with compressed sections and chunks, without putting hashes right.
    @Test func randomBytesInPlaceOfSections() throws {
        let good = try PoemWriter.bytes(Samples.everything)
        let random = CounterRandom(seed: 5)
        let file = HostileFile(good)
        var rules: Set<Rule> = []
        for round in 0..<400 {
            var broken = file
            let section = random.integer(
                below: file.sections.count, stream: UInt64(round), index: 0)
            let length = random.integer(below: 300, stream: UInt64(round), index: 1)
            broken.sections[section].bytes = (0..<length + 1).map {
                UInt8(random.integer(below: 256, stream: UInt64(round), index: UInt64($0 + 2)))
            }
            if case .failure(let error) = outcome(broken.assembled()) {
                #expect(error.failureKind == .malformed)
                let rule = try #require(error.rule, "\(error)")
                rules.insert(rule)
            }
        }
        // Keys, text, sizes, tokenizer, directories and chunks each have a rule of their own.
        #expect(rules.count >= 6, "only \(rules)")
    }
}
