public import PoeCore

extension Tokenizer {
    /// The tokens of `text`, exactly as written.
    ///
    /// Where the text has characters that the vocabulary lacks, they are first replaced by the
    /// description's stand-in or left out; what remains is then encoded like any other text. A
    /// byte-level tokenizer knows every text. Special tokens never come from text.
    ///
    /// - Parameters:
    ///   - text: Any text; cost is linear in its length, `O(n log n)` within one very long word.
    ///   - unknown: What to do with unknown characters; `nil` for what the description says.
    /// - Throws: ``TokenizerError/unknownCharacter(_:offset:line:column:)`` under `.error`.
    public func encode(
        _ text: String, unknown: UnknownPolicy? = nil
    ) throws(TokenizerError) -> [TokenID] {
        let bytes = Array(text.utf8)
        if let tokens = encodeKnown(bytes.span) { return tokens }
        let known = try substitute(
            text.unicodeScalars, policy: unknown ?? description.unknownPolicy)
        return encodeKnown(known.span) ?? []
    }

    /// The tokens of any bytes.
    ///
    /// With a byte-level tokenizer nothing is lost. A tokenizer over characters reads the bytes as
    /// UTF-8 first, so that what is not UTF-8 becomes U+FFFD, known or unknown like any character.
    ///
    /// - Throws: ``TokenizerError/unknownCharacter(_:offset:line:column:)`` under `.error`.
    public func encode(
        bytes: [UInt8], unknown: UnknownPolicy? = nil
    ) throws(TokenizerError) -> [TokenID] {
        if isByteLevel, let tokens = encodeKnown(bytes.span) { return tokens }
        return try encode(String(decoding: bytes, as: UTF8.self), unknown: unknown)
    }

    /// Whether the vocabulary has a character.
    public func knows(_ scalar: Unicode.Scalar) -> Bool {
        isByteLevel || characters[scalar.value] != ScalarTable.unknown
    }

    /// The tokens of a text whose characters are all known, or `nil` where one is not.
    func encodeKnown(_ bytes: Span<UInt8>) -> [TokenID]? {
        var allKnown = true
        if description.merges.isEmpty {
            var tokens: [TokenID] = []
            tokens.reserveCapacity(bytes.count)
            allKnown = appendBase(bytes, 0..<bytes.count, to: &tokens)
            return allKnown ? tokens : nil
        }
        // A token stands for at least one byte, so the room is enough; what is not used is never
        // touched, and costs addresses only.
        let tokens = [TokenID](capacity: bytes.count) { tokens in
            var encoder = PieceEncoder(self, textBytes: bytes.count)
            allKnown = encoder.encode(bytes, into: &tokens)
        }
        return allKnown ? tokens : nil
    }

    /// Appends the base tokens of `bytes[range]`; false, with the tokens before it appended, where a
    /// character is unknown.
    @inline(__always)
    func appendBase(_ bytes: Span<UInt8>, _ range: Range<Int>, to tokens: inout [TokenID]) -> Bool {
        var i = range.lowerBound
        if isByteLevel {
            while i < range.upperBound {
                tokens.append(TokenID(bytes[i]))
                i += 1
            }
            return true
        }
        while i < range.upperBound {
            let step = bytes.scalar(at: i)
            guard step.value != UTF8Step.invalid else { return false }
            let token = characters[step.value]
            guard token != ScalarTable.unknown else { return false }
            tokens.append(token)
            i += step.length
        }
        return true
    }

    /// The text with unknown characters replaced or left out, as UTF-8.
    private func substitute(
        _ text: String.UnicodeScalarView, policy: UnknownPolicy
    ) throws(TokenizerError) -> [UInt8] {
        var place = TextPlace()
        var known: [UInt8] = []
        for scalar in text {
            if knows(scalar) {
                known.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            } else {
                switch policy {
                case .error: throw place.unknown(scalar)
                case .skip: break
                case .replace: appendBytes(of: description.replacement, to: &known)
                }
            }
            place.advance(over: scalar)
        }
        return known
    }
}

/// A place in a text, as people count.
struct TextPlace {
    /// Unicode scalars before the place.
    var offset = 0
    /// From 1; a line ends after a line feed.
    var line = 1
    /// From 1, in Unicode scalars.
    var column = 1

    mutating func advance(over scalar: Unicode.Scalar) {
        offset += 1
        column += 1
        if scalar == "\n" {
            line += 1
            column = 1
        }
    }

    func unknown(_ scalar: Unicode.Scalar) -> TokenizerError {
        .unknownCharacter(scalar, offset: offset, line: line, column: column)
    }
}
