package import PoeCore

/// Why a corpus or a split of it cannot be used; one sentence each.
package enum CorpusError: ClassifiedError, Equatable {
    /// Neither a file nor a folder stands at the path.
    case notFound(path: String)
    /// The folder holds no file whose name ends in `.txt`.
    case noTextFiles(folder: String)
    /// The file or folder is there and cannot be read.
    case unreadable(path: String, reason: String)
    /// The file is not UTF-8; `offset` is the byte at which the first bad sequence begins.
    case notUTF8(path: String, offset: Int)
    /// There is no text in any of the files.
    case empty(paths: [String])
    /// The split file is not the JSON object that it should be.
    case malformedSplit(path: String, reason: String)
    /// The split names a work that the corpus does not have.
    case missingWork(name: String, split: String)
    /// The corpus has a work that the split does not name.
    case unassignedWork(name: String, split: String)
    /// The split has a work in both of its parts.
    case sharedWork(name: String, split: String)

    package var description: String {
        switch self {
        case .notFound(let path):
            "\(path): no such file or folder"
        case .noTextFiles(let folder):
            "\(folder): no .txt files in this folder; a corpus is a text file or a folder of them"
        case .unreadable(let path, let reason):
            "\(path): cannot be read: \(reason)"
        case .notUTF8(let path, let offset):
            "\(path): not UTF-8 text: invalid bytes at offset \(offset); convert the file to UTF-8"
        case .empty(let paths):
            "\(paths.joined(separator: ", ")): no text in it"
        case .malformedSplit(let path, let reason):
            "\(path): not a split: \(reason); expected a JSON object with the lists of file names "
                + "\"train\" and \"validation\""
        case .missingWork(let name, let split):
            "\(split): names \(name), which the corpus does not have"
        case .unassignedWork(let name, let split):
            "\(split): does not say whether \(name) trains or validates"
        case .sharedWork(let name, let split):
            "\(split): has \(name) both in \"train\" and in \"validation\""
        }
    }

    package var failureKind: FailureKind {
        switch self {
        case .notFound, .noTextFiles, .unreadable, .empty: .noInput
        case .notUTF8, .malformedSplit, .missingWork, .unassignedWork, .sharedWork: .malformed
        }
    }
}
