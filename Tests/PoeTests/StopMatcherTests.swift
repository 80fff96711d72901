import Poe
import Testing

@Suite("Stop strings")
struct StopMatcherTests {
    /// Everything that comes out of a text cut into pieces.
    private func run(_ stops: [String], _ pieces: [String]) -> (text: String, isStopped: Bool) {
        var matcher = StopMatcher(stops)
        var text = ""
        for piece in pieces {
            let (certain, isStopped) = matcher.append(piece)
            text += certain
            if isStopped { return (text, true) }
        }
        return (text + matcher.finish(), false)
    }

    @Test(
        "where the text is cut makes no difference",
        arguments: [
            (["the end"], "this is the end, friend", "this is ", true),
            (["the end"], "then the engine", "then the engine", false),
            (["aab"], "aaaab!", "aa", true),
            (["bcd", "abcde"], "xabcdef", "xa", true),
            (["cd", "bcd"], "abcd", "a", true),
            (["é—"], "caf\u{e9}\u{e9}—x", "caf\u{e9}", true),
            (["\n\n"], "a\nb\n\nc", "a\nb", true),
            ([], "anything", "anything", false),
        ] as [([String], String, String, Bool)])
    func cuts(stops: [String], text: String, expected: String, isStopped: Bool) {
        let scalars = text.unicodeScalars.map(String.init)
        for size in 1...scalars.count {
            let pieces = stride(from: 0, to: scalars.count, by: size).map {
                scalars[$0..<min($0 + size, scalars.count)].joined()
            }
            let found = run(stops, pieces)
            #expect(found.text == expected && found.isStopped == isStopped)
        }
    }

    @Test("only what may become a stop string is held back")
    func heldBack() {
        var matcher = StopMatcher(["abc"])
        #expect(matcher.append("xa").text == "x")
        #expect(matcher.append("b").text == "")
        #expect(matcher.append("d").text == "abd")
        #expect(matcher.append("abab").text == "ab")
        #expect(matcher.finish() == "ab")
    }
}
