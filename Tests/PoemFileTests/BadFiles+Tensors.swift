import PoeCore
import PoemFile
import Testing

// The rules of the tensors and of their directory.
extension BadFiles {
    static func tensors(_ rule: Rule) throws -> [BadFile] {
        // Nine tensors: records at 16, chunks at 304, names at 520. The first two are i8 matrices, the
        // third is f32; each has one raw chunk.
        func edited(_ value: some FixedWidthInteger, at offset: Int) throws -> BadFile {
            try tiny("TNSR") { $0.put(value, at: offset) }
        }
        let third = 16 + 2 * 32
        switch rule {
        case .directoryCounts:
            return [
                try edited(UInt32(0), at: 0), try edited(UInt32(65_537), at: 0),
                try edited(UInt32(0), at: 4), try edited(UInt32.max, at: 4),
                try edited(UInt32.max, at: 8),
            ]
        case .directoryReserved:
            return try [12, 16 + 6, 304 + 17, 304 + 23].map { try edited(UInt8(1), at: $0) }
        case .elementType: return [try edited(UInt8(4), at: 18)]
        case .tensorShape:
            return [
                try edited(UInt8(0), at: 19), try edited(UInt8(5), at: 19),
                try edited(UInt8(3), at: 19), try edited(UInt8(1), at: 19),
                try edited(UInt32(0), at: 24),
                try tiny("TNSR") {
                    $0[19] = 4
                    for i in 0..<4 { $0.put(UInt32.max, at: 24 + 4 * i) }
                },
            ]
        case .quantization:
            return [
                try edited(UInt8(0), at: 20), try edited(UInt8(3), at: 20),
                try edited(UInt8(1), at: third + 4),
            ]
        case .tensorStep:
            let steps: [Float] = [0, -1, .infinity, .nan]
            return try steps.map { try edited($0.bitPattern, at: 44) } + [
                try edited(Float(1).bitPattern, at: third + 28),
                try edited(Float(-0.0).bitPattern, at: third + 28),
                try edited(UInt8(2), at: 20),
            ]
        case .transform:
            return [try edited(UInt8(2), at: third + 5), try edited(UInt8(1), at: 21)]
        default: return try directory(rule, third: third, edited)
        }
    }

    private static func directory(
        _ rule: Rule, third: Int, _ edited: (UInt32, Int) throws -> BadFile
    ) throws -> [BadFile] {
        switch rule {
        case .tensorName:
            return [
                try tiny("TNSR") { $0[520] = 0x20 }, try tiny("TNSR") { $0[520] = 0 },
                try tiny("TNSR") { $0.put(UInt16(0), at: 16) },
                try tiny("TNSR") { $0.put(UInt16.max, at: 16) },
            ]
        case .tensorOrder: return [try tiny("TNSR") { $0[520] = 0x7A }]
        case .tensorMissing:
            // The last name is token_embedding: the model wants what the file calls otherwise.
            return [
                try tiny("ARCH") { $0[31] = 0 }, try tiny("ARCH") { $0[32] = 1 },
                try tiny("ARCH") { $0.put(UInt32(1_024), at: 8) },
            ]
        case .tensorUnexpected:
            return [try tiny("TNSR") { $0[$0.count - 1] = 0x7A }]
        case .tensorDimensions:
            return [
                try tiny("ARCH") { $0.put(UInt32(2), at: 4) },
                try tiny("ARCH") { $0.put(UInt32(262_144), at: 20) },
            ]
        case .chunkCount:
            return [
                try edited(0, 40), try edited(10, 40), try edited(.max, 40),
                try tiny { file in
                    // A tenth chunk, like the ninth, that no tensor uses.
                    file.edit("TNSR") {
                        $0.put(UInt32(10), at: 4)
                        $0.insert(contentsOf: $0[496..<520], at: 520)
                    }
                    file.edit("WGTS") { $0 += [UInt8](repeating: 0, count: 62) + $0.suffix(2) }
                },
            ]
        case .chunkCodec: return [try tiny("TNSR") { $0[304 + 16] = 2 }]
        case .chunkLengths: return try chunkLengths()
        case .chunkCover: return [try edited(2, 24), try edited(UInt32.max, 24)]
        case .chunkBounds: return try chunkBounds()
        case .chunkPadding:
            return [try tiny("WGTS") { $0[1] = 1 }, try tiny("WGTS") { $0[63] = 1 }]
        case .chunkEnd:
            return [
                try tiny("WGTS") { $0.append(0) },
                try tiny("WGTS") { $0 += [UInt8](repeating: 0, count: 64) },
            ]
        case .memoryBudget:
            return [
                BadFile(bytes: try PoemWriter.bytes(Samples.tiny), limits: Limits(maxMemory: 31)),
                BadFile(bytes: try Bomb.file(mebibytes: 64), limits: Limits(maxMemory: 1 << 24)),
            ]
        default: return try values(rule)
        }
    }

    private static func chunkLengths() throws -> [BadFile] {
        func lengths(_ stored: UInt32, _ decoded: UInt32, codec: UInt8) throws -> BadFile {
            try tiny("TNSR") {
                $0.put(stored, at: 312)
                $0.put(decoded, at: 316)
                $0[320] = codec
            }
        }
        var split = Samples.contents()
        split.checkpoint = CheckpointState(
            optimizer: [
                TensorRecord(
                    name: "a", shape: [1 << 20 | 2],
                    data: .i8(
                        [Int8](repeating: 0, count: 1 << 20 | 2), .perTensor(step: 1)),
                    storage: .raw)
            ])
        // Two chunks of which the first is one byte shorter than a multiple of 64.
        var file = try HostileFile(split)
        file.edit("OPTW") { $0.append(0) }
        file.edit("OPTM") {
            $0.put(UInt32(1 << 20 - 1), at: 48 + 8)
            $0.put(UInt32(1 << 20 - 1), at: 48 + 12)
            $0.put(UInt32(3), at: 72 + 8)
            $0.put(UInt32(3), at: 72 + 12)
        }
        return [
            try lengths(1, 2, codec: 0), try lengths(0, 0, codec: 0), try lengths(1, 1, codec: 1),
            try lengths(0, 1, codec: 1), try lengths(2, 1, codec: 1),
            try lengths(1, 4_194_305, codec: 1), try lengths(.max, .max, codec: 0),
            BadFile(bytes: file.assembled()),
        ]
    }

    private static func chunkBounds() throws -> [BadFile] {
        try [UInt32(4_194_304), 577].map { length in
            try tiny("TNSR") {
                $0.put(length, at: 312)
                $0.put(length, at: 316)
            }
        } + [try tiny("WGTS") { $0 = [1] }]
    }

    private static func values(_ rule: Rule) throws -> [BadFile] {
        switch rule {
        case .chunkHash:
            return [
                try tiny("WGTS") { $0[0] ^= 1 }, try tiny("WGTS") { $0[$0.count - 1] ^= 0x80 },
                try tiny("TNSR") { $0[304] ^= 1 },
            ]
        case .rowStep:
            // The last tensor of the tiny model is the token embedding, two rows of one symbol.
            var contents = Samples.tiny
            let last = try #require(contents.tensors.firstIndex { $0.name == "token_embedding" })
            contents.tensors[last].data = .i8([1, 2], .perRow(steps: [0.5, 0.25]))
            let steps: [Float] = [0, -1, .nan, .infinity, .greatestFiniteMagnitude]
            return try (steps.map { ($0.bitPattern, 4) } + [(1, 8), (1, 60)]).map { bits, offset in
                var file = try HostileFile(contents)
                file.edit("WGTS") { $0.put(bits, at: 512 + offset) }
                return BadFile(bytes: HostileFile.repairingEverything(file.assembled()))
            }
        default:
            // The third chunk of the tiny model is the f32 gain of the first norm.
            let values = try [Float.nan, .infinity, -.infinity].map { value in
                let file = try tiny("WGTS") { $0.put(value.bitPattern, at: 128) }
                return BadFile(bytes: HostileFile.repairingEverything(file.bytes))
            }
            // A step that is finite, and symbols that are worth more than a float holds.
            let step = Float.greatestFiniteMagnitude
            return values + [try tiny("TNSR") { $0.put(step.bitPattern, at: 44) }]
        }
    }
}
