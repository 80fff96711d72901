import PoeCore

/// The values of the first byte of `TOKN`.
private enum TokenizerKind: UInt8 {
    case characters = 1
    case characterMerges = 2
    case byteMerges = 3
}

extension TokenizerDescription {
    /// Reads `TOKN` (rules 46 to 56); the model has `vocabularySize` tokens.
    init(from reader: inout ByteReader, vocabularySize: Int) throws(PoemError) {
        let code = try reader.u8()
        guard let kind = TokenizerKind(rawValue: code) else {
            throw reader.error(
                .tokenizerKind, at: 0,
                expected: "1 (characters), 2 (merges of characters) or 3 (merges of bytes)",
                found: "\(code)")
        }
        let (unknown, pretokenizer, folds) = try Self.choices(from: &reader)
        let replacement = try reader.u32()
        let counts = (
            characters: try reader.count(), merges: try reader.count(),
            specials: try reader.count()
        )
        try reader.zeros(8, .tokenizerReserved)
        try Self.check(counts, of: kind, with: reader)
        let base: Base =
            kind == .byteMerges
            ? .bytes : .characters(try Self.characters(counts.characters, from: &reader))
        let baseCount = kind == .byteMerges ? 256 : counts.characters
        var lengths: [Int] =
            switch base {
            case .bytes: Array(repeating: 1, count: 256)
            case .characters(let scalars): scalars.map { UTF8.width($0) }
            }
        let merges = try Self.merges(counts.merges, lengths: &lengths, from: &reader)
        let specials = try Self.specials(
            counts.specials, firstID: baseCount + counts.merges, from: &reader)
        try reader.require(
            replacement < baseCount, .replacementToken, at: 8,
            expected: "a base token below \(baseCount)", found: "\(replacement)")
        self.init(
            base: base, merges: merges, pretokenizer: pretokenizer, unknownPolicy: unknown,
            replacement: replacement, folds: folds, specialTokens: specials)
        try reader.require(
            self.vocabularySize == vocabularySize, .vocabularySize, at: 12,
            expected: "\(vocabularySize), as in ARCH", found: "\(self.vocabularySize)")
    }

    /// Rule 47, and the reserved byte among the choices.
    private static func choices(
        from reader: inout ByteReader
    ) throws(PoemError) -> (UnknownPolicy, Pretokenizer, Folds) {
        var code = try reader.u8()
        guard let unknown = UnknownPolicy(rawValue: code) else {
            throw reader.error(
                .tokenizerChoice, at: 1, expected: "0 to 2 for unknown characters",
                found: "\(code)")
        }
        code = try reader.u8()
        guard let pretokenizer = Pretokenizer(rawValue: code) else {
            throw reader.error(
                .tokenizerChoice, at: 2, expected: "0 or 1 for the pre-tokenizer",
                found: "\(code)")
        }
        try reader.zeros(1, .tokenizerReserved)
        let folds = Folds(rawValue: try reader.u32())
        guard folds.isSubset(of: .all) else {
            throw reader.error(
                .tokenizerChoice, at: 4, expected: "below 32 for the folds",
                found: "\(folds.rawValue)")
        }
        return (unknown, pretokenizer, folds)
    }

    private static func check(
        _ counts: (characters: Int, merges: Int, specials: Int), of kind: TokenizerKind,
        with reader: ByteReader
    ) throws(PoemError) {
        let fits =
            switch kind {
            case .characters: counts.characters > 0 && counts.merges == 0
            case .characterMerges: counts.characters > 0 && counts.merges > 0
            case .byteMerges: counts.characters == 0
            }
        let total = counts.characters + counts.merges + counts.specials
        let implicit = kind == .byteMerges ? 256 : 0
        try reader.require(
            fits && total + implicit <= PoemFormat.tokenLimit, .tokenizerCounts, at: 12,
            expected: "what its kind allows, \(PoemFormat.tokenLimit) tokens at most",
            found: "\(counts.characters) characters, \(counts.merges) merges and "
                + "\(counts.specials) special tokens")
    }

    private static func characters(
        _ count: Int, from reader: inout ByteReader
    ) throws(PoemError) -> [Unicode.Scalar] {
        var scalars: [Unicode.Scalar] = []
        for _ in 0..<count {
            let start = reader.position
            let value = try reader.u32()
            let previous = scalars.last.map { Int64($0.value) } ?? -1
            guard let scalar = Unicode.Scalar(value), Int64(value) > previous else {
                throw reader.error(
                    .characterOrder, at: start,
                    expected: "a Unicode scalar above \(previous)", found: "\(value)")
            }
            scalars.append(scalar)
        }
        return scalars
    }

    private static func merges(
        _ count: Int, lengths: inout [Int], from reader: inout ByteReader
    ) throws(PoemError) -> [Merge] {
        var merges: [Merge] = []
        var seen: Set<Merge> = []
        for _ in 0..<count {
            let start = reader.position
            let merge = Merge(try reader.u32(), try reader.u32())
            let id = lengths.count
            try reader.require(
                merge.left < id && merge.right < id, .mergeOrder, at: start,
                expected: "two tokens below \(id)", found: "\(merge.left) and \(merge.right)")
            try reader.require(
                seen.insert(merge).inserted, .mergeDuplicate, at: start,
                expected: "each pair once",
                found: "\(merge.left) and \(merge.right) for the second time")
            // Merges that double would make a token of 2^n bytes.
            let length = lengths[Int(merge.left)] + lengths[Int(merge.right)]
            try reader.require(
                length <= PoemFormat.tokenLengthLimit, .tokenLength, at: start,
                expected: "at most \(PoemFormat.tokenLengthLimit) bytes", found: "\(length)")
            lengths.append(length)
            merges.append(merge)
        }
        return merges
    }

    private static func specials(
        _ count: Int, firstID: Int, from reader: inout ByteReader
    ) throws(PoemError) -> [SpecialToken] {
        var specials: [SpecialToken] = []
        for i in 0..<count {
            let start = reader.position
            let role = SpecialTokenRole(rawValue: try reader.u8())
            try reader.zeros(1, .tokenizerReserved)
            let length = Int(try reader.u16())
            guard let role, (1...PoemFormat.tokenLengthLimit).contains(length) else {
                throw reader.error(
                    .specialToken, at: start,
                    expected: "of role 0 or 1 and 1 to \(PoemFormat.tokenLengthLimit) bytes",
                    found: role == nil ? "of another role" : "of \(length) bytes")
            }
            specials.append(
                SpecialToken(
                    id: TokenID(firstID + i), bytes: Array(try reader.take(length)), role: role))
        }
        return specials
    }

    /// The bytes of `TOKN`.
    func encoded() throws(PoemError) -> [UInt8] {
        guard vocabularySize <= PoemFormat.tokenLimit else {
            throw .unencodable("\(vocabularySize) tokens are more than \(PoemFormat.tokenLimit)")
        }
        var writer = ByteWriter()
        let kind: TokenizerKind
        let scalars: [Unicode.Scalar]
        switch base {
        case .bytes: (kind, scalars) = (.byteMerges, [])
        case .characters(let characters):
            (kind, scalars) = (merges.isEmpty ? .characters : .characterMerges, characters)
        }
        writer.append([kind.rawValue, unknownPolicy.rawValue, pretokenizer.rawValue, 0])
        writer.u32(folds.rawValue)
        writer.u32(replacement)
        for count in [scalars.count, merges.count, specialTokens.count] { writer.count(count) }
        writer.zeros(8)
        for scalar in scalars { writer.u32(scalar.value) }
        for merge in merges {
            writer.u32(merge.left)
            writer.u32(merge.right)
        }
        for (i, special) in specialTokens.enumerated() {
            guard Int(special.id) == baseCount + merges.count + i else {
                throw .unencodable(
                    "special token \(i) has the id \(special.id), not \(baseCount + merges.count + i)"
                )
            }
            guard (1...PoemFormat.tokenLengthLimit).contains(special.bytes.count) else {
                throw .unencodable("special token \(i) has \(special.bytes.count) bytes")
            }
            writer.append([special.role.rawValue, 0])
            writer.u16(UInt16(special.bytes.count))
            writer.append(special.bytes)
        }
        return writer.bytes
    }
}

extension TokenizerDescription.Folds {
    /// Every fold of version 1.
    static let all: Self = [.lineEnds, .canonicalComposition, .quotes, .dashes, .ellipses]
}
