import PoeCore
import PoeTokenizer

/// Makes text from the tokens of one row, and ends it at the first stop text.
///
/// What may still become a stop text is held back, so that no part of one is ever shown, also
/// where it is spread over tokens.
struct TextAssembler {
    /// All that has been given out.
    private(set) var text = ""
    /// Whether a stop text came up.
    private(set) var isStopped = false

    private var decoder: StreamingDecoder
    private let stops: [[UInt8]]
    private var held: [UInt8] = []

    /// An assembler at the beginning of a text; `stops` are not empty.
    init(_ tokenizer: Tokenizer, stops: [String]) {
        decoder = StreamingDecoder(tokenizer)
        self.stops = stops.map { Array($0.utf8) }
    }

    /// The text that can be shown now that `token` has come.
    mutating func append(_ token: TokenID) -> String {
        isStopped ? "" : release(decoder.append(token), isLast: false)
    }

    /// The text that is left when no token follows.
    mutating func finish() -> String {
        isStopped ? "" : release(decoder.finish(), isLast: true)
    }

    private mutating func release(_ new: String, isLast: Bool) -> String {
        // What was held back began no stop text earlier than at its first byte.
        held += Array(new.utf8)
        let end: Int
        if let stop = firstStop() {
            isStopped = true
            end = stop
        } else {
            end = isLast ? held.count : held.count - longestPrefixOfStop()
        }
        // A stop text begins with the first byte of a character: nothing is cut within one.
        let piece = String(decoding: held[..<end], as: UTF8.self)
        held.removeFirst(end)
        text += piece
        return piece
    }

    private func firstStop() -> Int? {
        held.indices.first { start in stops.contains { held[start...].starts(with: $0) } }
    }

    /// Bytes at the end that begin a stop text.
    private func longestPrefixOfStop() -> Int {
        let longest = min(held.count, (stops.map(\.count).max() ?? 1) - 1)
        return (0...longest).reversed().first { length in
            length == 0 || stops.contains { $0.starts(with: held.suffix(length)) }
        } ?? 0
    }
}
