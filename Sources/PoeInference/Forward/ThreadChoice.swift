/// Chooses between one thread and all of them for passes of about the same size, by measuring both.
///
/// Threads that wait for each other thirty times a token pay on an idle machine and a large model, and
/// cost on a busy machine or a small one; which it is changes while a program runs. The text does not
/// depend on the choice, so it can follow the clock: the better of the two is used, and the other tried
/// again now and then, the more seldom the longer it has been worse.
package struct ThreadChoice {
    /// Smoothed time of a pass, nil before the first: of one thread, of all.
    private var times: (one: Double?, all: Double?)
    private var untilTrial = Self.shortest
    private var interval = Self.shortest
    private var usedAllBefore = false
    /// The first passes after a change fetch weights into the caches and wake threads: they say nothing.
    private var untimed = Self.warmUp

    /// Passes between two trials, at first and at last.
    private static let shortest = 16, longest = 1_024
    private static let warmUp = 2
    /// The share of a new time in the smoothed one.
    private static let smoothing = 0.125

    /// Nothing is known yet.
    package init() {}

    /// Whether the next pass should use all threads.
    ///
    /// One thread comes first: a short text is done before waking the others has paid.
    package var usesAll: Bool {
        guard let one = times.one else { return false }
        guard let all = times.all else { return true }
        return (all < one) != (untilTrial == 0)
    }

    /// Takes the time of a pass that was made as ``usesAll`` said.
    package mutating func note(_ time: Duration) {
        let usedAll = usesAll
        if usedAll != usedAllBefore {
            usedAllBefore = usedAll
            untimed = Self.warmUp
        }
        let new = time / .seconds(1)
        // So much longer than with one thread is no warming up: the others are not there.
        let isHopeless = usedAll && times.one.map { new > 4 * $0 } ?? false
        guard untimed == 0 || isHopeless else {
            untimed -= 1
            return
        }
        let wasBetter = isAllBetter
        // Times of the one in use are smoothed; what was known of the other is long past.
        let isTrial = wasBetter != nil && untilTrial == 0
        if usedAll {
            times.all = isTrial ? new : Self.smooth(times.all, new)
        } else {
            times.one = isTrial ? new : Self.smooth(times.one, new)
        }
        guard wasBetter != nil else { return }
        if untilTrial > 0 {
            untilTrial -= 1
        } else {
            interval = min(Self.longest, 2 * interval)
            untilTrial = interval
        }
        if isAllBetter != wasBetter {
            interval = Self.shortest
            untilTrial = interval
        }
    }

    private var isAllBetter: Bool? {
        guard let one = times.one, let all = times.all else { return nil }
        return all < one
    }

    private static func smooth(_ old: Double?, _ new: Double) -> Double {
        old.map { $0 + (new - $0) * smoothing } ?? new
    }
}
