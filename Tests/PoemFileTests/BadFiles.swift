import PoeCore
import PoemFile
import Testing

/// A file that breaks one rule, every other rule and hash before it being kept.
struct BadFile {
    var bytes: [UInt8]
    var limits = Limits.default
}

/// One or more bad files for each rule of `formats/poem.md`.
enum BadFiles {
    /// The files that break `rule` and none that is checked before it.
    static func breaking(_ rule: Rule) throws -> [BadFile] {
        switch rule.rawValue {
        case ...11: try header(rule)
        case ...27: try table(rule)
        case ...35: try sectionBytes(rule)
        case ...42: try keys(rule)
        case ...45: try configuration(rule)
        case ...56: try tokenizer(rule)
        default: try tensors(rule)
        }
    }

    /// The tiny model with one thing changed in one section.
    static func tiny(
        _ kind: String, _ change: (inout [UInt8]) -> Void
    ) throws -> BadFile {
        var file = try HostileFile(Samples.tiny)
        file.edit(kind, change)
        return BadFile(bytes: file.assembled())
    }

    /// The tiny model with an integer put into its header or table, hashes put right.
    static func tiny(_ value: some FixedWidthInteger, at offset: Int) throws -> BadFile {
        var bytes = try PoemWriter.bytes(Samples.tiny)
        bytes.put(value, at: offset)
        return BadFile(bytes: HostileFile.repairingTable(bytes))
    }

    static func tiny(_ change: (inout HostileFile) -> Void) throws -> BadFile {
        var file = try HostileFile(Samples.tiny)
        change(&file)
        return BadFile(bytes: file.assembled())
    }

    private static func header(_ rule: Rule) throws -> [BadFile] {
        var good = try PoemWriter.bytes(Samples.tiny)
        switch rule {
        case .fileTooShort:
            return [0, 1, 63, 64, 127].map { BadFile(bytes: Array(good.prefix($0))) }
        case .fileTooLong:
            return [BadFile(bytes: good, limits: Limits(maxFileLength: good.count - 1))]
        case .magic:
            // What a transfer in text mode makes of the line end, and a foreign file.
            let textMode = good.prefix(5) + [0x0A] + good.dropFirst(7)
            return [BadFile(bytes: Array(textMode)), BadFile(bytes: Array("GGUF".utf8) + good)]
        case .majorVersion: return [try tiny(UInt16(2), at: 8), try tiny(UInt16(0), at: 8)]
        case .headerHash:
            good[33] ^= 1
            return [BadFile(bytes: good)]
        case .headerLayout:
            return [
                try tiny(UInt32(65), at: 12), try tiny(UInt64(128), at: 32),
                try tiny(UInt32(63), at: 44),
            ]
        case .requiredFeatures:
            return [try tiny(UInt32(1), at: 24), try tiny(UInt32(1 << 31), at: 24)]
        case .fileLength:
            return [
                BadFile(bytes: good + [0]), BadFile(bytes: good.dropLast()),
                try tiny(UInt64.max, at: 16),
            ]
        case .sectionCount:
            return [
                try tiny(UInt32(0), at: 40), try tiny(UInt32(65), at: 40),
                try tiny(UInt32.max, at: 40),
            ]
        case .tableBounds: return [try tiny(UInt32(64), at: 40)]
        default:
            good[64] ^= 1
            return [BadFile(bytes: good)]
        }
    }

    private static func table(_ rule: Rule) throws -> [BadFile] {
        switch rule {
        case .sectionKind: return [try tiny(UInt8(0x61), at: 64), try tiny(UInt8(0), at: 67)]
        case .sectionFlags: return [try tiny(UInt32(3), at: 68)]
        case .sectionCodec: return [try tiny(UInt16(2), at: 96), try tiny(UInt16(256), at: 96)]
        case .sectionAlignment: return [try tiny(UInt8(5), at: 98), try tiny(UInt8(17), at: 98)]
        case .sectionReserved: return [try tiny(UInt8(1), at: 99), try tiny(UInt8(1), at: 127)]
        case .sectionOffset:
            return [
                try tiny(UInt64(0), at: 72), try tiny(UInt64(64), at: 72),
                try tiny(UInt64.max, at: 72), try tiny(UInt8(10), at: 98),
            ]
        case .sectionBounds:
            return try [UInt64(1) << 40, 1 << 63, .max, .max - 1_000].map { length in
                var bytes = try PoemWriter.bytes(Samples.tiny)
                bytes.put(length, at: 80)
                bytes.put(length, at: 88)
                return BadFile(bytes: HostileFile.repairingTable(bytes))
            }
        case .sectionLengths:
            return [
                try tiny(UInt64(63), at: 88),
                try tiny { $0.sections[0].codec = 1 },
                try tiny {
                    $0.sections.append(.init(kind: "XTRA", flags: 0, bytes: []))
                },
                try tiny {
                    $0.sections[$0.index(of: "WGTS")].codec = 1
                    $0.sections[$0.index(of: "WGTS")].decodedLength = 100_000
                },
            ]
        case .sectionHashes:
            return [
                try tiny(UInt8(0), at: 112),
                try tiny { $0.sections[$0.index(of: "WGTS")].decodedHash = 1 },
            ]
        case .sectionPadding:
            return [
                try tiny { file in
                    // The gap after META, which is not a multiple of 64 long, is filled by hand.
                    let place = file.index(of: "META")
                    file.sections[place].bytes.append(1)
                }.shrinking("META")
            ]
        case .fileEnd:
            var bytes = try PoemWriter.bytes(Samples.tiny) + [UInt8](repeating: 0, count: 64)
            bytes.put(UInt64(bytes.count), at: 16)
            return [BadFile(bytes: HostileFile.repairingTable(bytes))]
        default: return try kinds(rule)
        }
    }

    private static func kinds(_ rule: Rule) throws -> [BadFile] {
        switch rule {
        case .sectionDuplicate:
            return [try tiny { $0.sections.append($0.sections[$0.index(of: "META")]) }]
        case .sectionUnknown:
            return [try tiny { $0.sections.append(.init(kind: "XTRA", flags: 1, bytes: [0])) }]
        case .sectionRequiredFlag: return [try tiny { $0.sections[0].flags = 0 }]
        case .sectionMissing:
            return try ["ARCH", "TOKN", "TNSR", "WGTS"].map { kind in
                try tiny { $0.sections.remove(at: $0.index(of: kind)) }
            } + [
                try tiny { $0.sections.append(.init(kind: "OPTM", flags: 0, bytes: [0])) },
                try tiny { $0.sections.append(.init(kind: "OPTW", flags: 0, bytes: [0])) },
            ]
        default:
            let frame = runLengthFrame(of: 0, count: 200)
            func claiming(_ length: Int, _ kind: String) throws -> BadFile {
                try tiny {
                    $0.sections.append(
                        .init(
                            kind: kind, flags: 0, codec: 1, bytes: frame, decodedLength: length,
                            decodedHash: 0))
                }
            }
            return [
                try tiny("META") { $0 = [UInt8](repeating: 0, count: (1 << 20) + 1) },
                try tiny("ARCH") { $0.append(0) },
                // A bomb: eleven bytes that claim to be 2^40.
                try claiming(1 << 40, "CARD"),
                // Kinds that are not known.
                try claiming(1 << 40 + 1, "XTRA"), try claiming(.max, "XTRA"),
            ]
        }
    }

    /// The tiny model with a card of 200 times the letter A in a frame made by hand.
    private static func card(
        decodedHash: UInt64? = nil, _ change: (inout [UInt8]) -> Void
    ) throws -> BadFile {
        var frame = runLengthFrame(of: 0x41, count: 200)
        change(&frame)
        return try tiny {
            $0.sections.append(
                .init(
                    kind: "CARD", flags: 0, codec: 1, bytes: frame, decodedLength: 200,
                    decodedHash: decodedHash
                        ?? XXH64.hash([UInt8](repeating: 0x41, count: 200))))
        }
    }

    private static func sectionBytes(_ rule: Rule) throws -> [BadFile] {
        switch rule {
        case .sectionHash:
            return try ["ARCH", "TOKN", "META", "TNSR"].map { kind in
                var bytes = try PoemWriter.bytes(Samples.tiny)
                let file = HostileFile(bytes)
                bytes[Int(bytes.u64(at: 64 + 64 * file.index(of: kind) + 8))] ^= 0x80
                return BadFile(bytes: bytes)
            }
        case .frameHeader:
            return [
                try card { $0[0] = 0 },  // another magic
                try card { $0[4] |= 4 },  // a checksum
                try card { $0[4] |= 1 },  // a dictionary
                try card { $0[4] |= 8 },  // the reserved bit
                try card { $0[4] &= ~0x20 },  // several segments
                try card { $0[5] = 199 },  // another content size
                try card { $0 = Array($0.prefix(5)) },
                // A size of eight bytes, of which one is there.
                try card { $0 = [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 200] },
            ]
        case .frameLength:
            return [
                try card { $0.append(0) }, try card { $0 += runLengthFrame(of: 0x41, count: 1) },
                try card { $0.removeLast() },
            ]
        case .frameContent:
            return [
                // The block makes 199 bytes where the header promised 200, then 201.
                try card { $0[6] -= 8 }, try card { $0[6] += 8 },
            ]
        case .decodedHash: return [try card(decodedHash: 1) { _ in }]
        case .sectionTooShort:
            return [
                try tiny("META") { $0.removeLast() }, try tiny("TOKN") { $0.removeLast(8) },
                try tiny("ARCH") { $0.removeLast() },
                try tiny("TNSR") { $0 = Array($0.prefix(100)) },
                // One byte of names more than there are.
                try tiny("TNSR") { $0.put(UInt32(227), at: 8) },
            ]
        case .sectionTooLong:
            return [
                try tiny("META") { $0.append(0) }, try tiny("TOKN") { $0.append(0) },
                try tiny("TNSR") { $0.append(0x61) },
            ]
        default:
            return [
                try tiny {
                    $0.sections.append(.init(kind: "CARD", flags: 0, bytes: [0x41, 0xFF]))
                },
                try meta([1, 0, 0x61, 0, 2, 0, 0, 0, 0xC0, 0x80]),
            ]
        }
    }

    /// The tiny model with these bytes as the only entry of META.
    private static func meta(_ entry: [UInt8], count: UInt32 = 1) throws -> BadFile {
        try tiny("META") { $0 = le(count) + entry }
    }

    private static func keys(_ rule: Rule) throws -> [BadFile] {
        let flag: [UInt8] = [1, 0, 0x62, 3, 1]  // b = true
        switch rule {
        case .keyCount: return [try meta([], count: 0), try meta(flag, count: 4_097)]
        case .keyName:
            return [
                try meta([0, 0, 3, 1]), try meta([1, 0, 0x42, 3, 1]), try meta([1, 0, 0x20, 3, 1]),
                try meta(le(UInt16(256)) + [UInt8](repeating: 0x61, count: 256) + [3, 1]),
            ]
        case .keyOrder:
            return [
                try meta(flag + flag, count: 2), try meta(flag + [1, 0, 0x61, 3, 1], count: 2),
            ]
        case .valueType: return [try meta([1, 0, 0x61, 5]), try meta([1, 0, 0x61, 255])]
        case .valueBoolean: return [try meta([1, 0, 0x61, 3, 2])]
        case .valueNumber: return [try meta([1, 0, 0x61, 2] + le(Double.nan.bitPattern))]
        default:
            let long = [UInt8](repeating: 0x61, count: 65_537)
            return [
                try meta([1, 0, 0x61, 0] + le(UInt32(65_537)) + long),
                try meta([1, 0, 0x61, 0] + le(UInt32.max)),
                try meta([1, 0, 0x61, 4] + le(UInt32(1)) + le(UInt32(65_537)) + long),
            ]
        }
    }

    private static func configuration(_ rule: Rule) throws -> [BadFile] {
        func edited(_ value: some FixedWidthInteger, at offset: Int) throws -> BadFile {
            try tiny("ARCH") { $0.put(value, at: offset) }
        }
        switch rule {
        case .configurationRange:
            let zeros = try stride(from: 0, to: 24, by: 4).map { try edited(UInt32(0), at: $0) }
            let large = try stride(from: 0, to: 24, by: 4).map { try edited(UInt32.max, at: $0) }
            return zeros + large + [
                try edited(UInt32(2), at: 12),  // two heads of half a number each
                try edited(Float.nan.bitPattern, at: 24), try edited(UInt32(0), at: 24),
                try edited(Float.infinity.bitPattern, at: 24),
            ]
        case .configurationChoice:
            return try (28..<33).map { try edited(UInt8(2), at: $0) }
        default: return try [33, 63].map { try edited(UInt8(1), at: $0) }
        }
    }

    private static func tokenizer(_ rule: Rule) throws -> [BadFile] {
        // Six tokens: four characters (at 32), one merge (at 48), one special token (at 56).
        func edited(_ value: some FixedWidthInteger, at offset: Int) throws -> BadFile {
            var file = try HostileFile(Samples.everything)
            file.edit("TOKN") { $0.put(value, at: offset) }
            return BadFile(bytes: file.assembled())
        }
        switch rule {
        case .tokenizerKind: return [try edited(UInt8(0), at: 0), try edited(UInt8(4), at: 0)]
        case .tokenizerChoice:
            return [
                try edited(UInt8(3), at: 1), try edited(UInt8(2), at: 2),
                try edited(UInt32(32), at: 4), try edited(UInt32.max, at: 4),
            ]
        case .tokenizerReserved:
            return try [3, 24, 31, 57].map { try edited(UInt8(1), at: $0) }
        case .tokenizerCounts:
            return [
                try edited(UInt8(1), at: 0), try edited(UInt8(3), at: 0),
                try edited(UInt32(0), at: 12), try edited(UInt32(0), at: 16),
                try edited(UInt32.max, at: 12), try edited(UInt32.max, at: 16),
                try edited(UInt32(262_140), at: 20),
            ]
        case .characterOrder:
            return [
                try edited(UInt32(0x61), at: 32), try edited(UInt32(0x0A), at: 36),
                try edited(UInt32(0xD800), at: 40), try edited(UInt32(0x11_0000), at: 44),
            ]
        case .mergeOrder: return [try edited(UInt32(4), at: 48), try edited(UInt32.max, at: 52)]
        case .mergeDuplicate: return [try merges([0, 1, 0, 1])]
        case .tokenLength: return [try merges((1..<10).flatMap { [$0, $0] })]
        case .specialToken:
            return [
                try edited(UInt8(2), at: 56), try edited(UInt16(0), at: 58),
                try edited(UInt16(257), at: 58),
            ]
        case .replacementToken:
            return [try edited(UInt32(4), at: 8), try edited(UInt32.max, at: 8)]
        default:
            return [
                try tiny("ARCH") { $0.put(UInt32(3), at: 0) },
                try tiny("TOKN") {
                    $0.put(UInt32(3), at: 12)
                    $0 += le(UInt32(0x63))
                },
            ]
        }
    }

    /// The tiny model's two characters with these merges.
    private static func merges(_ pairs: [Int]) throws -> BadFile {
        try tiny("TOKN") {
            $0[0] = 2
            $0.put(UInt32(pairs.count / 2), at: 16)
            $0 += pairs.flatMap { le(UInt32($0)) }
        }
    }
}

extension BadFile {
    /// Takes the last byte of a section's own range away, which leaves it in the gap behind.
    func shrinking(_ kind: String) -> BadFile {
        var bytes = bytes
        let entry = 64 + 64 * HostileFile(bytes).index(of: kind)
        let offset = Int(bytes.u64(at: entry + 8))
        let length = Int(bytes.u64(at: entry + 16)) - 1
        let hash = XXH64.hash(Array(bytes[offset..<offset + length]))
        bytes.put(UInt64(length), at: entry + 16)
        bytes.put(UInt64(length), at: entry + 24)
        bytes.put(hash, at: entry + 40)
        bytes.put(hash, at: entry + 48)
        return BadFile(bytes: HostileFile.repairingTable(bytes), limits: limits)
    }
}
