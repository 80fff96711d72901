/// Finds stop strings in a text that comes in pieces.
///
/// Text that may still become a stop string is held back. Where the pieces are cut does not matter:
/// the first stop string to be complete ends the text; of several complete at the same byte, the one
/// that began first. Strings are compared byte by byte in UTF-8.
package struct StopMatcher {
    private let stops: [[UInt8]]
    private var pending: [UInt8] = []

    /// A matcher at the beginning of a text; no stop string is empty.
    package init(_ stops: [String]) {
        self.stops = stops.map { Array($0.utf8) }
    }

    /// Takes a piece; returns what is certain not to belong to a stop string, and whether one is
    /// complete, in which case the text ends there.
    package mutating func append(_ piece: String) -> (text: String, isStopped: Bool) {
        guard !stops.isEmpty else { return (piece, false) }
        for byte in piece.utf8 {
            pending.append(byte)
            let lengths = stops.filter { pending.hasSuffix($0) }.map(\.count)
            if let longest = lengths.max() {
                pending.removeLast(longest)
                return (finish(), true)
            }
        }
        let certain = pending.count - heldBack
        // Both ends are between characters: a stop string begins with a character.
        let text = String(decoding: pending[..<certain], as: UTF8.self)
        pending.removeFirst(certain)
        return (text, false)
    }

    /// What was held back, when no more text follows.
    package mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }

    /// Length of the longest end of `pending` that begins a stop string.
    private var heldBack: Int {
        let longest = stops.reduce(0) { max($0, $1.count - 1) }
        for length in stride(from: min(longest, pending.count), to: 0, by: -1) {
            let end = pending.suffix(length)
            if stops.contains(where: { $0.count > length && $0.starts(with: end) }) {
                return length
            }
        }
        return 0
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ other: [UInt8]) -> Bool {
        count >= other.count && suffix(other.count).elementsEqual(other)
    }
}
