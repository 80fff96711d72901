/// The suffixes of a text in ascending order, by induced sorting (SA-IS; Nong, Zhang and Chan 2009):
/// time and memory grow with the length alone, however much a text repeats itself.
///
/// A suffix is of type S if it is smaller than the next one, else of type L. Once the leftmost suffixes
/// of every run of type S ("LMS") are in order, two sweeps bring all others into theirs; the LMS
/// suffixes themselves are sorted by naming the stretches between them, and by the same method.
struct SuffixArray {
    /// Where each suffix begins, smallest suffix first; one that another begins with stands before it.
    private(set) var starts: [Int32]

    private let symbols: [Int32]
    /// Whether the suffix at each place is of type S.
    private var isSmaller: [Bool]
    /// Where the suffixes of type L and of type S with each first symbol begin.
    private var (largerStarts, smallerStarts): ([Int32], [Int32])

    /// Sorts.
    ///
    /// - Parameters:
    ///   - symbols: The text; fewer than 2^31 symbols.
    ///   - largest: No symbol is larger, and none is below 0.
    static func starts(of symbols: [Int32], largest: Int) -> [Int32] {
        guard symbols.count > 1 else { return symbols.indices.map(Int32.init) }
        var array = SuffixArray(symbols, largest: largest)
        array.sort()
        return array.starts
    }

    private init(_ symbols: [Int32], largest: Int) {
        self.symbols = symbols
        starts = [Int32](repeating: -1, count: symbols.count)
        isSmaller = [Bool](repeating: false, count: symbols.count)
        for i in stride(from: symbols.count - 2, through: 0, by: -1) {
            isSmaller[i] =
                symbols[i] == symbols[i + 1] ? isSmaller[i + 1] : symbols[i] < symbols[i + 1]
        }
        var larger = [Int32](repeating: 0, count: largest + 2)
        var smaller = larger
        for (symbol, isSmaller) in zip(symbols, isSmaller) {
            if isSmaller { larger[Int(symbol) + 1] += 1 } else { smaller[Int(symbol)] += 1 }
        }
        for i in 0...largest {
            smaller[i] += larger[i]
            larger[i + 1] += smaller[i]
        }
        (largerStarts, smallerStarts) = (larger, smaller)
    }

    private mutating func sort() {
        let stretches = symbols.indices.dropFirst().filter { isSmaller[$0] && !isSmaller[$0 - 1] }
            .map(Int32.init)
        induce(from: stretches)
        guard !stretches.isEmpty else { return }
        var order = [Int32](repeating: -1, count: symbols.count)
        for (number, start) in stretches.enumerated() { order[Int(start)] = Int32(number) }
        let (names, largest) = names(of: stretches, order)
        let sorted = Self.starts(of: names, largest: largest)
        induce(from: sorted.map { stretches[Int($0)] })
    }

    /// Gives each stretch between LMS suffixes its rank among the distinct ones, as ``starts`` has them
    /// in order now.
    private func names(of stretches: [Int32], _ order: [Int32]) -> ([Int32], largest: Int) {
        var names = [Int32](repeating: 0, count: stretches.count)
        var (rank, previous) = (-1, -1)
        for start in starts {
            let number = Int(order[Int(start)])
            guard number >= 0 else { continue }
            if previous < 0 || !isSame(previous, number, stretches) { rank += 1 }
            names[number] = Int32(rank)
            previous = number
        }
        return (names, rank)
    }

    private func isSame(_ a: Int, _ b: Int, _ stretches: [Int32]) -> Bool {
        func end(_ number: Int) -> Int {
            number + 1 < stretches.count ? Int(stretches[number + 1]) : symbols.count
        }
        var (x, y) = (Int(stretches[a]), Int(stretches[b]))
        guard end(a) - x == end(b) - y else { return false }
        let stop = end(a)
        while x < stop {
            if symbols[x] != symbols[y] { return false }
            (x, y) = (x + 1, y + 1)
        }
        return x < symbols.count && y < symbols.count && symbols[x] == symbols[y]
    }

    /// Puts all suffixes into order, given LMS suffixes in theirs.
    private mutating func induce(from sorted: [Int32]) {
        let last = symbols.count - 1
        for i in starts.indices { starts[i] = -1 }
        var places = smallerStarts
        for start in sorted { put(start, &places, Int(symbols[Int(start)])) }
        places = largerStarts
        put(Int32(last), &places, Int(symbols[last]))
        for i in starts.indices {
            let before = Int(starts[i]) - 1
            guard before >= 0, !isSmaller[before] else { continue }
            put(Int32(before), &places, Int(symbols[before]))
        }
        places = largerStarts
        for i in starts.indices.reversed() {
            let before = Int(starts[i]) - 1
            guard before >= 0, isSmaller[before] else { continue }
            let next = Int(symbols[before]) + 1
            places[next] -= 1
            starts[Int(places[next])] = Int32(before)
        }
    }

    private mutating func put(_ start: Int32, _ places: inout [Int32], _ symbol: Int) {
        starts[Int(places[symbol])] = start
        places[symbol] += 1
    }
}
