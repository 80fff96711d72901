/// The rules of a `.poem` file, by their numbers in `formats/poem.md`.
///
/// They are listed by what they are about; the order in which a reader checks them stands in the
/// document under "Order of checking". Each has one case here, a bad file or more in the tests and one
/// heading in the document. Numbers of released rules never change.
package enum Rule: Int, Sendable, CaseIterable {
    // The file and its header.
    case fileTooShort = 1
    case fileTooLong = 2
    case magic = 3
    case majorVersion = 4
    case headerHash = 5
    case headerLayout = 6
    case requiredFeatures = 7
    case fileLength = 8
    case sectionCount = 9
    case tableBounds = 10
    case tableHash = 11
    // The section table.
    case sectionKind = 12
    case sectionFlags = 13
    case sectionCodec = 14
    case sectionAlignment = 15
    case sectionReserved = 16
    case sectionOffset = 17
    case sectionBounds = 18
    case sectionLengths = 19
    case sectionHashes = 20
    case sectionPadding = 21
    case fileEnd = 22
    case sectionDuplicate = 23
    case sectionUnknown = 24
    case sectionRequiredFlag = 25
    case sectionMissing = 26
    case sectionTooLarge = 27
    // The bytes of a section.
    case sectionHash = 28
    case frameHeader = 29
    case frameLength = 30
    case frameContent = 31
    case decodedHash = 32
    case sectionTooShort = 33
    case sectionTooLong = 34
    case utf8 = 35
    // Typed keys: META, TRAN, EVAL, RNGS, CURS.
    case keyCount = 36
    case keyName = 37
    case keyOrder = 38
    case valueType = 39
    case valueBoolean = 40
    case valueNumber = 41
    case stringLength = 42
    // ARCH.
    case configurationRange = 43
    case configurationChoice = 44
    case configurationReserved = 45
    // TOKN.
    case tokenizerKind = 46
    case tokenizerChoice = 47
    case tokenizerReserved = 48
    case tokenizerCounts = 49
    case characterOrder = 50
    case mergeOrder = 51
    case mergeDuplicate = 52
    case tokenLength = 53
    case specialToken = 54
    case replacementToken = 55
    case vocabularySize = 56
    // TNSR and OPTM.
    case directoryCounts = 57
    case directoryReserved = 58
    case elementType = 59
    case tensorShape = 60
    case quantization = 61
    case tensorStep = 62
    case transform = 63
    case tensorName = 64
    case tensorOrder = 65
    case tensorMissing = 66
    case tensorUnexpected = 67
    case tensorDimensions = 68
    case chunkCount = 69
    case chunkCodec = 70
    case chunkLengths = 71
    case chunkCover = 72
    case chunkBounds = 73
    case chunkPadding = 74
    case chunkEnd = 75
    case memoryBudget = 76
    // WGTS and OPTW.
    case chunkHash = 77
    case rowStep = 78
    case weightValue = 79
}

extension Rule {
    /// What the rule is about, as the subject of a sentence.
    package var subject: String {
        switch self {
        case .fileTooShort, .fileTooLong: "the size of the file"
        case .magic: "the first eight bytes"
        case .majorVersion: "the version of the format"
        case .headerHash: "the hash of the header"
        case .headerLayout: "a fixed field of the header"
        case .requiredFeatures: "the set of required features"
        case .fileLength: "the file length in the header"
        case .sectionCount: "the number of sections"
        case .tableBounds: "the end of the section table"
        case .tableHash: "the hash of the section table"
        case .sectionKind: "the kind of a section"
        case .sectionFlags: "the flags of a section"
        case .sectionCodec: "the codec of a section"
        case .sectionAlignment: "the alignment of a section"
        case .sectionReserved, .configurationReserved, .tokenizerReserved, .directoryReserved:
            "a reserved field"
        case .sectionOffset: "the offset of a section"
        case .sectionBounds: "the end of a section"
        case .sectionLengths: "the lengths of a section"
        case .sectionHashes: "the pair of hashes of a section"
        case .sectionPadding, .chunkPadding: "the padding"
        case .fileEnd: "the end of the last section"
        case .sectionDuplicate, .sectionUnknown, .sectionMissing: "the set of sections"
        case .sectionRequiredFlag: "the required flag of a section"
        case .sectionTooLarge: "the size of a section"
        case .sectionHash: "the hash of a section"
        case .frameHeader: "the header of a zstd frame"
        case .frameLength: "the length of a zstd frame"
        case .frameContent: "the content of a zstd frame"
        case .decodedHash: "the hash of a decoded section"
        case .sectionTooShort, .sectionTooLong: "the content of a section"
        case .utf8: "a text"
        case .keyCount: "the number of keys"
        case .keyName: "a key"
        case .keyOrder: "the order of keys"
        case .valueType: "the type of a value"
        case .valueBoolean: "a truth value"
        case .valueNumber: "a number"
        case .stringLength: "the length of a text"
        case .configurationRange: "a size of the model"
        case .configurationChoice: "a choice of the model"
        case .tokenizerKind: "the kind of tokenizer"
        case .tokenizerChoice: "a choice of the tokenizer"
        case .tokenizerCounts: "a count of the tokenizer"
        case .characterOrder: "the list of characters"
        case .mergeOrder, .mergeDuplicate: "the list of merges"
        case .tokenLength: "the length of a token"
        case .specialToken: "a special token"
        case .replacementToken: "the replacement token"
        case .vocabularySize: "the number of tokens"
        case .directoryCounts: "a count of the tensor directory"
        case .elementType: "the element type"
        case .tensorShape: "the shape"
        case .quantization: "the quantization"
        case .tensorStep, .rowStep: "the step"
        case .transform: "the transform"
        case .tensorName: "the name of a tensor"
        case .tensorOrder: "the order of tensors"
        case .tensorMissing, .tensorUnexpected: "the set of tensors"
        case .tensorDimensions: "the shape"
        case .chunkCount: "the number of chunks"
        case .chunkCodec: "the codec of a chunk"
        case .chunkLengths: "the lengths of a chunk"
        case .chunkCover: "the bytes in the chunks"
        case .chunkBounds: "the end of a chunk"
        case .chunkEnd: "the end of the last chunk"
        case .memoryBudget: "the memory needed"
        case .chunkHash: "the hash of a chunk"
        case .weightValue: "a value"
        }
    }

    /// What a person can do about a file that breaks the rule.
    package var advice: String {
        switch self {
        case .magic:
            "Name a model; poe-train makes one from a text."
        case .majorVersion, .requiredFeatures, .sectionUnknown:
            "A newer version of poe may be able to read it."
        case .memoryBudget:
            "The commands take half of the machine's memory, and 4 GiB at most; a program may allow more "
                + "(maxMemory) for a file that it trusts."
        case .fileTooShort, .headerHash, .fileLength, .tableHash, .sectionPadding, .sectionHash,
            .decodedHash, .frameLength, .frameContent, .chunkPadding, .chunkHash:
            "The file is damaged or incomplete: fetch or copy it again."
        default:
            "The program that wrote the file broke the format: write it again with poe."
        }
    }
}
