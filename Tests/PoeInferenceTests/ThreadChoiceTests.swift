import PoeInference
import Testing

@Suite struct ThreadChoiceTests {
    /// Runs `passes` passes of which each takes the time given for one thread or for all; returns how
    /// many used all.
    private func run(
        _ choice: inout ThreadChoice, _ passes: Int, one: Duration, all: Duration
    ) -> Int {
        var count = 0
        for _ in 0..<passes {
            let usesAll = choice.usesAll
            count += usesAll ? 1 : 0
            choice.note(usesAll ? all : one)
        }
        return count
    }

    @Test func takesTheFasterAndSeldomTriesTheOther() {
        var choice = ThreadChoice()
        let slow = run(&choice, 1_000, one: .microseconds(100), all: .microseconds(150))
        #expect(slow >= 3 && slow < 30, "trials of all threads: \(slow)")
        var other = ThreadChoice()
        let fast = run(&other, 1_000, one: .microseconds(100), all: .microseconds(60))
        #expect(fast > 960 && fast < 1_000)
    }

    @Test func followsAChange() {
        var choice = ThreadChoice()
        _ = run(&choice, 2_000, one: .microseconds(100), all: .microseconds(60))
        // The machine becomes busy: threads wait for each other for whole time slices.
        let busy = run(&choice, 2_000, one: .microseconds(110), all: .milliseconds(4))
        #expect(busy < 60)
        let free = run(&choice, 10_000, one: .microseconds(100), all: .microseconds(60))
        #expect(free > 5_000)
    }
}
