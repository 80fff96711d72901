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
        let file = try #require(try BadFiles.breaking(rule).first)
        let error = try #require(Self.failure(file.bytes, file.limits))
        guard case .malformed(_, let place, let expected, let found) = error else {
            Issue.record("\(error) is no error of the format")
            return
        }
        #expect(!expected.isEmpty && !found.isEmpty && expected != found)
        #expect(place.offset >= 0)
        #expect(error.description.contains("[rule \(rule.rawValue)]"))
        #expect(error.description.contains("byte"))
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
