import PoeCommand
import PoeCore
import Testing

private struct Unforeseen: Error {}

@Suite struct FailureTests {
    @Test(arguments: [
        (FailureKind.usage, Int32(64)), (.malformed, 65), (.noInput, 66), (.internalFault, 70),
        (.cannotCreate, 73), (.inputOutput, 74),
    ])
    func everyKindHasItsStatus(kind: FailureKind, status: Int32) {
        let failure = Failure(CommandFailure(kind, "why"))
        #expect(failure?.status.rawValue == status)
        #expect(failure?.message == "why")
    }

    @Test func unforeseenErrorsAreInternal() {
        #expect(Failure(Unforeseen())?.status == .internalFault)
    }
}
