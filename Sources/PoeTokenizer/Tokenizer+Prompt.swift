public import PoeCore

extension Tokenizer {
    /// The tokens of a prompt, after folding what people type into what the corpus has.
    ///
    /// Folds are applied as the description sets them, only from unknown characters to known ones:
    /// CR LF and CR to LF, Unicode normal form C, `--` to an em dash, `...` to one character, straight
    /// quotation marks to typographic ones (opening at the beginning, after a blank, an opening
    /// bracket or mark, or between a dash and a word; closing otherwise).
    ///
    /// - Parameters:
    ///   - text: What the user typed.
    ///   - unknown: What to do with characters still unknown; `nil` for what the description says.
    /// - Returns: The tokens, and the distinct unknown characters in order of appearance, for one
    ///   warning.
    /// - Throws: ``TokenizerError/unknownCharacter(_:offset:line:column:)`` under `.error`, with the
    ///   place in `text` as it was typed.
    public func encodePrompt(
        _ text: String, unknown: UnknownPolicy? = nil
    ) throws(TokenizerError) -> (tokens: [TokenID], unknown: [Unicode.Scalar]) {
        let encoded = try encodeFolded(text, unknown: unknown ?? description.unknownPolicy)
        return (encoded.tokens, encoded.unknown)
    }

    /// As ``encodePrompt(_:unknown:)``, and how many characters of the folded text are unknown.
    package func encodeFolded(
        _ text: String, unknown policy: UnknownPolicy
    ) throws(TokenizerError) -> (tokens: [TokenID], unknown: [Unicode.Scalar], count: Int) {
        let folding = PromptFolding(folds: description.folds, knows: knows)
        var missing: [Unicode.Scalar] = []
        var seen: Set<Unicode.Scalar> = []
        var count = 0
        var view = String.UnicodeScalarView()
        var offset = 0
        // A few lines at a time, beyond which no fold reaches: placed scalars take much room.
        for piece in text.linesTogether(bytes: 1 << 16) {
            for placed in folding.fold(String(piece)) {
                view.append(placed.scalar)
                guard !knows(placed.scalar) else { continue }
                count += 1
                if policy == .error {
                    throw unknownError(placed.scalar, at: offset + placed.offset, in: text)
                }
                if seen.insert(placed.scalar).inserted { missing.append(placed.scalar) }
            }
            offset += piece.unicodeScalars.count
        }
        return (try encode(String(view), unknown: policy), missing, count)
    }

    /// How a model may write a text: as it stands, and folded as prompts are, at a beginning and
    /// after a word, where a quotation mark closes.
    ///
    /// All different, in their bytes; of a text that is not empty none is.
    package func spellings(of text: String) -> [String] {
        let folding = PromptFolding(folds: description.folds, knows: knows)
        var spellings = [text]
        for before in ["", "a"] {
            let scalars = folding.fold(before + text).map(\.scalar)
            // An accent at the beginning of `text` has become one with the word: nothing to look for.
            guard scalars.starts(with: before.unicodeScalars) else { continue }
            var view = String.UnicodeScalarView()
            view += scalars.dropFirst(before.unicodeScalars.count)
            let spelling = String(view)
            if !spellings.contains(where: { $0.utf8.elementsEqual(spelling.utf8) }) {
                spellings.append(spelling)
            }
        }
        return spellings
    }

    private func unknownError(
        _ scalar: Unicode.Scalar, at offset: Int, in text: String
    ) -> TokenizerError {
        var place = TextPlace()
        for scalar in text.unicodeScalars.prefix(offset) { place.advance(over: scalar) }
        return place.unknown(scalar)
    }
}

extension String {
    /// The text in pieces of whole lines (ended by LF), each of at least so many bytes but the last.
    fileprivate func linesTogether(bytes: Int) -> UnfoldSequence<Substring, String.Index> {
        sequence(state: startIndex) { start in
            guard start < endIndex else { return nil }
            let least = utf8.index(start, offsetBy: bytes, limitedBy: endIndex) ?? endIndex
            let lineEnd = utf8[least...].firstIndex(of: UInt8(ascii: "\n"))
            let end = lineEnd.map(utf8.index(after:)) ?? endIndex
            defer { start = end }
            return self[start..<end]
        }
    }
}
