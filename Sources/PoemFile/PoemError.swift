package import PoeCore

/// Where in a file a rule is broken.
package struct Place: Sendable, Equatable, CustomStringConvertible {
    /// The section's kind; nil in the header and the section table.
    package var section: String?
    /// The tensor's name, where one is at fault.
    package var tensor: String?
    /// A byte offset: in the file or, where `isDecoded`, in the decoded section.
    package var offset: Int
    /// Whether `offset` counts the bytes of the section after decompression.
    package var isDecoded: Bool

    /// Makes a place.
    package init(
        section: String? = nil, tensor: String? = nil, offset: Int, isDecoded: Bool = false
    ) {
        self.section = section
        self.tensor = tensor
        self.offset = offset
        self.isDecoded = isDecoded
    }

    package var description: String {
        var words: [String] = []
        if let tensor { words.append("tensor \(tensor)") }
        if let section { words.append("section \(section)") }
        words.append(isDecoded ? "byte \(offset) of the decoded section" : "byte \(offset)")
        return words.joined(separator: ", ")
    }
}

/// Why a `.poem` file could not be read or written.
package enum PoemError: ClassifiedError, Equatable {
    /// The bytes break a rule of the format.
    case malformed(Rule, Place, expected: String, found: String)
    /// There is no file of this name.
    case noSuchFile(path: String)
    /// The name is that of a folder, a pipe or a device.
    case notRegularFile(path: String)
    /// The system does not allow reading the file.
    case notReadable(path: String)
    /// Opening or reading failed otherwise.
    case readFailed(path: String, reason: String)
    /// The file could not be created, or could not take its place.
    case cannotCreate(path: String, reason: String)
    /// Writing began and failed, as on a full disk; what stood at the path before is untouched.
    case writeFailed(path: String, reason: String)
    /// The contents handed to the writer are no model; the caller is at fault.
    case unencodable(String)

    /// The broken rule, where a rule is broken.
    package var rule: Rule? {
        if case .malformed(let rule, _, _, _) = self { rule } else { nil }
    }

    /// What a command that ends with this error tells its caller.
    package var failureKind: FailureKind {
        switch self {
        case .malformed: .malformed
        case .noSuchFile, .notRegularFile, .notReadable: .noInput
        case .unencodable: .internalFault
        case .cannotCreate: .cannotCreate
        case .readFailed, .writeFailed: .inputOutput
        }
    }

    package var description: String {
        switch self {
        case .malformed(let rule, _, let expected, let found) where rule == .magic:
            "this is not a .poem file: it begins with the bytes \(found), expected \(expected) "
                + "[rule \(rule.rawValue)]. \(rule.advice)"
        case .malformed(let rule, let place, let expected, let found):
            "\(rule.subject) (\(place)) is \(found), expected \(expected) [rule \(rule.rawValue)]. "
                + rule.advice
        case .noSuchFile(let path):
            "cannot open \(path): there is no such file"
        case .notRegularFile(let path):
            "cannot open \(path): it is not a regular file"
        case .notReadable(let path):
            "cannot open \(path): permission denied"
        case .readFailed(let path, let reason):
            "cannot read \(path): \(reason)"
        case .cannotCreate(let path, let reason):
            "cannot create \(path): \(reason)"
        case .writeFailed(let path, let reason):
            "cannot write \(path): \(reason); nothing was changed"
        case .unencodable(let reason):
            "these contents cannot be written as a .poem file: \(reason)."
        }
    }
}
