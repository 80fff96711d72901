import PoeCore
import PoemFile

/// A small file whose tensors decode to very much: run-length blocks of 128 KiB.
enum Bomb {
    /// A model whose token embedding takes this many MiB of i8.
    static func file(mebibytes: Int) throws -> [UInt8] {
        let tokens = 2
        let dimension = mebibytes << 19
        return try file(tokens: tokens, dimension: dimension)
    }

    private static func file(tokens: Int, dimension: Int) throws -> [UInt8] {
        // OPTM's shapes are free: one tensor of `tokens` rows.
        let length = tokens * dimension
        let chunkCount = length >> 22
        var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA0] + le(UInt32(1 << 22))
        for i in 0..<32 { frame += runLengthBlock(0, 1 << 17, isLast: i == 31) }
        let hash = XXH64.hash([UInt8](repeating: 0, count: 1 << 22))
        var directory = le(UInt32(1)) + le(UInt32(chunkCount)) + le(UInt32(1)) + le(UInt32(0))
        directory += le(UInt16(1)) + [3, 2, 1, 0, 0, 0]
        directory += le(UInt32(tokens)) + le(UInt32(dimension)) + le(UInt64(0))
        directory += le(UInt32(chunkCount)) + le(Float(1).bitPattern)
        for _ in 0..<chunkCount {
            directory += le(hash) + le(UInt32(frame.count)) + le(UInt32(1 << 22))
            directory += [1, 0, 0, 0, 0, 0, 0, 0]
        }
        directory.append(0x61)
        var file = try HostileFile(Samples.tiny)
        file.sections.append(.init(kind: "OPTM", flags: 0, bytes: directory))
        file.sections.append(
            .init(
                kind: "OPTW", flags: 0,
                bytes: Array([[UInt8]](repeating: frame, count: chunkCount).joined())))
        return file.assembled()
    }
}
