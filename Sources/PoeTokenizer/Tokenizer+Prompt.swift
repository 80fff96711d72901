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
        let policy = unknown ?? description.unknownPolicy
        let folded = PromptFolding(folds: description.folds, knows: knows).fold(text)
        var missing: [Unicode.Scalar] = []
        var seen: Set<Unicode.Scalar> = []
        var view = String.UnicodeScalarView()
        for placed in folded {
            view.append(placed.scalar)
            guard !knows(placed.scalar) else { continue }
            if policy == .error { throw unknownError(placed, in: text) }
            if seen.insert(placed.scalar).inserted { missing.append(placed.scalar) }
        }
        return (try encode(String(view), unknown: policy), missing)
    }

    private func unknownError(
        _ placed: PromptFolding.Placed, in text: String
    ) -> TokenizerError {
        var place = TextPlace()
        for scalar in text.unicodeScalars.prefix(placed.offset) { place.advance(over: scalar) }
        return place.unknown(placed.scalar)
    }
}
