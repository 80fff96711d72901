/// The least of any stretch of numbers, and the nearest number below a bound, in a time that grows with
/// the logarithm of how many they are.
struct RangeMinima: Sendable {
    private static let width = 16

    /// The numbers; above them the least of each 16; above those the least of each 16 again; and so on,
    /// up to a single one.
    private let levels: [[Int32]]

    init(_ numbers: [Int32]) {
        var levels = [numbers]
        while let below = levels.last, below.count > 1 {
            levels.append(
                stride(from: 0, to: below.count, by: Self.width).map { start in
                    below[start..<min(start + Self.width, below.count)].min() ?? Int32.max
                })
        }
        self.levels = levels
    }

    /// The least number at these places, of which there is one at least.
    func minimum(at places: Range<Int>) -> Int32 {
        var least = Int32.max
        var (low, high) = (places.lowerBound, places.upperBound)
        for level in levels {
            while low < high, low % Self.width != 0 {
                least = min(least, level[low])
                low += 1
            }
            while low < high, high % Self.width != 0 {
                high -= 1
                least = min(least, level[high])
            }
            (low, high) = (low / Self.width, high / Self.width)
        }
        return least
    }

    /// The first place from `start` on whose number is below `bound`, or nil.
    func firstPlace(below bound: Int32, from start: Int) -> Int? {
        var (level, i) = (0, start)
        while i < levels[level].count {
            if levels[level][i] < bound {
                guard level > 0 else { return i }
                level -= 1
                i *= Self.width
            } else {
                i += 1
                if i % Self.width == 0, level + 1 < levels.count {
                    level += 1
                    i /= Self.width
                }
            }
        }
        return nil
    }

    /// The last place up to `end`, and `end` itself, whose number is below `bound`, or nil.
    func lastPlace(below bound: Int32, through end: Int) -> Int? {
        var (level, i) = (0, end)
        while i >= 0 {
            if levels[level][i] < bound {
                guard level > 0 else { return i }
                level -= 1
                i = min((i + 1) * Self.width, levels[level].count) - 1
            } else if i % Self.width == 0, level + 1 < levels.count {
                level += 1
                i = i / Self.width - 1
            } else {
                i -= 1
            }
        }
        return nil
    }
}
