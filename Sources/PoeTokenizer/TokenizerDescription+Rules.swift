import PoeCore

extension TokenizerDescription {
    /// Checks every rule of a description, cheap ones first.
    func validate() throws(TokenizerError) {
        let count = vocabularySize
        guard count <= TokenizerLimits.vocabularySize else {
            throw .vocabularyTooLarge(count: count)
        }
        guard baseCount > 0 else { throw .emptyAlphabet }
        if case .characters(let scalars) = base { try validateOrder(of: scalars) }
        guard Int(replacement) < baseCount else {
            throw .replacementOutOfRange(token: replacement, baseCount: baseCount)
        }
        try validateMerges()
        try validateSpecialTokens()
    }

    private func validateOrder(of scalars: [Unicode.Scalar]) throws(TokenizerError) {
        for i in scalars.indices.dropFirst() where scalars[i - 1] >= scalars[i] {
            throw .charactersNotAscending(index: i)
        }
    }

    private func validateMerges() throws(TokenizerError) {
        var lengths = baseLengths()
        var seen = Set<Merge>(minimumCapacity: merges.count)
        for (index, merge) in merges.enumerated() {
            let limit = TokenID(lengths.count)
            guard merge.left < limit, merge.right < limit else {
                throw .mergeOutOfOrder(
                    index: index, token: max(merge.left, merge.right), limit: limit)
            }
            guard seen.insert(merge).inserted else {
                throw .duplicateMerge(index: index, pair: merge)
            }
            let length = lengths[Int(merge.left)] + lengths[Int(merge.right)]
            guard length <= TokenizerLimits.expansionBytes else {
                throw .expansionTooLong(token: limit, bytes: length)
            }
            lengths.append(length)
        }
    }

    private func validateSpecialTokens() throws(TokenizerError) {
        for (index, special) in specialTokens.enumerated() {
            let expected = TokenID(baseCount + merges.count + index)
            guard special.id == expected else {
                throw .specialTokenOutOfOrder(index: index, found: special.id, expected: expected)
            }
            guard !special.bytes.isEmpty else { throw .specialTokenEmpty(token: special.id) }
            guard special.bytes.count <= TokenizerLimits.expansionBytes else {
                throw .expansionTooLong(token: special.id, bytes: special.bytes.count)
            }
        }
    }

    /// The bytes of each base token.
    func baseLengths() -> [Int] {
        switch base {
        case .characters(let scalars): scalars.map { UTF8.width($0) }
        case .bytes: Array(repeating: 1, count: 256)
        }
    }

    /// The bytes that all tokens of a valid description stand for, one after the other, and where
    /// each token's begin (with the end of the last, so one entry more than tokens).
    func expansions() -> (bytes: [UInt8], starts: [Int]) {
        var bytes: [UInt8] = []
        var starts = [0]
        starts.reserveCapacity(vocabularySize + 1)
        switch base {
        case .characters(let scalars):
            for scalar in scalars {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                starts.append(bytes.count)
            }
        case .bytes:
            for byte in UInt8.min...UInt8.max {
                bytes.append(byte)
                starts.append(bytes.count)
            }
        }
        for merge in merges {
            for part in [Int(merge.left), Int(merge.right)] {
                for i in starts[part]..<starts[part + 1] { bytes.append(bytes[i]) }
            }
            starts.append(bytes.count)
        }
        for special in specialTokens {
            bytes.append(contentsOf: special.bytes)
            starts.append(bytes.count)
        }
        return (bytes, starts)
    }
}
