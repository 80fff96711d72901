/// A site's robots.txt, read as RFC 9309 says.
package struct RobotsRules: Sendable, Equatable {
    private struct Rule: Sendable, Equatable {
        var allows: Bool
        var pattern: [UInt8]
    }

    private var rules: [Rule] = []
    /// Seconds between two requests that the site asks for, if it does.
    package private(set) var crawlDelay: Double?

    /// Lets everything be read: there is no robots.txt.
    static let none = RobotsRules()

    private init() {}

    /// Reads the rules for a program.
    ///
    /// - Parameters:
    ///   - text: The file.
    ///   - agent: What the program calls itself, of which the product's name counts. Groups that
    ///     name it hold; where there is none, those for `*`.
    package init(_ text: String, agent: String) {
        let agent = Self.product(Self.trimmed(agent[...]))
        var own: [(Key, String)] = []
        var common: [(Key, String)] = []
        var (hasOwn, isOwn, isCommon, inHeader) = (false, false, false, false)
        // A byte order mark is no part of the first line.
        let lines = text.drop { $0 == "\u{FEFF}" }.split(whereSeparator: \.isNewline)
        for line in lines {
            let content = line.prefix { $0 != "#" }
            guard let colon = content.firstIndex(of: ":") else { continue }
            let key = Self.trimmed(content[..<colon]).lowercased()
            let value = Self.trimmed(content[content.index(after: colon)...])
            if key == "user-agent" {
                if !inHeader { (isOwn, isCommon) = (false, false) }
                inHeader = true
                isOwn = isOwn || (!agent.isEmpty && Self.product(value) == agent)
                isCommon = isCommon || value == "*"
                hasOwn = hasOwn || isOwn
                continue
            }
            // Other records, such as Sitemap, are no part of a group and end nothing.
            guard let key = Key(rawValue: key) else { continue }
            inHeader = false
            if isOwn { own.append((key, value)) }
            if isCommon { common.append((key, value)) }
        }
        for (key, value) in hasOwn ? own : common where !value.isEmpty {
            guard key == .delay else {
                rules.append(Rule(allows: key == .allow, pattern: Self.canonical(value)))
                continue
            }
            if let delay = Double(value), delay.isFinite, delay >= 0 { crawlDelay = delay }
        }
    }

    /// Whether a page may be read: the longest pattern decides; of two, the one that allows.
    ///
    /// - Parameter path: The address's path and query.
    package func allows(_ path: String) -> Bool {
        let path = Self.canonical(path)
        var best: Rule?
        for rule in rules where Self.matches(rule.pattern[...], path[...]) {
            let length = best?.pattern.count ?? -1
            if rule.pattern.count > length || (rule.pattern.count == length && rule.allows) {
                best = rule
            }
        }
        return best?.allows ?? true
    }

    private enum Key: String {
        case allow
        case disallow
        case delay = "crawl-delay"
    }

    /// The product's name in `NAME/VERSION (CONTACT)`, in lower case; empty for `*`.
    private static func product(_ value: String) -> String {
        String(value.lowercased().prefix { $0.isLetter || $0 == "-" || $0 == "_" })
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// Percent-encodes what is not ASCII and writes hexadecimal digits in capitals, so that the two
    /// sides compare as bytes.
    private static func canonical(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        var hexLeft = 0
        for byte in text.utf8 {
            if byte >= 0x80 {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else {
                let isLower = (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
                result.append(hexLeft > 0 && isLower ? byte - 32 : byte)
            }
            hexLeft = byte == UInt8(ascii: "%") ? 2 : max(0, hexLeft - 1)
        }
        return result
    }

    /// Whether a path begins with what a pattern says.
    ///
    /// `*` stands for anything, a last `$` for the end. Goes back to the last star only, so that no pattern costs more than its length times
    /// the path's.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>) -> Bool {
        let isAnchored = pattern.last == UInt8(ascii: "$")
        // An open end is a star at the end.
        let pattern = isAnchored ? pattern.dropLast() : pattern + [UInt8(ascii: "*")]
        var (p, s) = (pattern.startIndex, path.startIndex)
        var star: (pattern: Int, path: Int)?
        while s < path.endIndex {
            if p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") {
                star = (p, s)
                p += 1
            } else if p < pattern.endIndex, pattern[p] == path[s] {
                (p, s) = (p + 1, s + 1)
            } else if let last = star {
                star = (last.pattern, last.path + 1)
                (p, s) = (last.pattern + 1, last.path + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
