/// A command line that makes no sense; the description names what was found and what was expected.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    /// One sentence that a person can act on.
    package let description: String

    /// Makes an error.
    package init(_ description: String) { self.description = description }
}

/// What a shell completes a value to, where it cannot be one of a few words.
package enum ValueCompletion: Sendable, Equatable {
    /// Nothing is known about it.
    case nothing
    /// A file whose name ends so; any file for no endings.
    case file(endings: [String])
    /// A folder.
    case folder
}

/// One flag of a program: how it is typed, what the help says, and what it sets.
package struct CommandFlag<Values>: Sendable {
    /// As typed: a dash and a letter, or two dashes and a word.
    let names: [String]
    /// What stands for its value in the help; nil for a flag without one.
    let value: String?
    let help: String
    /// What its value has to be, as errors say it, where there are no words for it.
    let expected: String?
    /// The words that can be its value, if only these, and what they do.
    let words: [(name: String, meaning: String)]
    /// What shells complete the value to.
    let completion: ValueCompletion
    /// Takes the value, empty for a flag without one; false if it cannot be one.
    let apply: @Sendable (inout Values, String) -> Bool

    /// A flag with a value.
    package init(
        _ names: String..., value: String, help: String, expected: String? = nil,
        words: [(name: String, meaning: String)] = [], completion: ValueCompletion = .nothing,
        apply: @escaping @Sendable (inout Values, String) -> Bool
    ) {
        self.names = names
        self.value = value
        self.help = help
        self.expected = expected
        self.words = words
        self.completion = completion
        self.apply = apply
    }

    /// A flag without a value.
    package init(
        _ names: String..., help: String, set: @escaping @Sendable (inout Values) -> Void
    ) {
        self.names = names
        value = nil
        self.help = help
        expected = nil
        words = []
        completion = .nothing
        apply = { values, _ in
            set(&values)
            return true
        }
    }

    /// As errors name it: `-n <predict>`.
    fileprivate func spelled(as name: String) -> String {
        name + (value.map { " <\($0)>" } ?? "")
    }
}

/// What a program can be told on its command line.
///
/// `poe-run` starts in a millisecond or two, of which a general parser that reflects on types would
/// take most; hence a plain one. Values follow their flag as the next word or after `=`; a next word
/// that begins with a dash is taken for a flag; after `--` nothing is.
package struct ArgumentSyntax<Values>: Sendable {
    /// The program's name.
    let name: String
    /// One sentence for the head of the help.
    let abstract: String
    /// Paragraphs, each in one line, after the abstract.
    let discussion: String
    /// What `--version` prints.
    let version: String
    /// The one word without a dash that may stand anywhere.
    let argument: CommandFlag<Values>
    /// Flags under their headings.
    let groups: [(title: String, flags: [CommandFlag<Values>])]

    /// Describes a command line.
    package init(
        name: String, abstract: String, discussion: String, version: String,
        argument: CommandFlag<Values>, groups: [(title: String, flags: [CommandFlag<Values>])]
    ) {
        self.name = name
        self.abstract = abstract
        self.discussion = discussion
        self.version = version
        self.argument = argument
        self.groups = groups
    }

    /// What a command line asks for.
    package enum Request: Sendable {
        /// To do the program's work.
        case run
        /// To write this text to standard output.
        case show(String)
    }

    /// Reads the words after the program's name.
    package func parse(
        _ words: [String], into values: inout Values
    ) throws(UsageError) -> Request {
        for word in words.prefix(while: { $0 != "--" }) {
            if word == "-h" || word == "--help" { return .show(help()) }
            if word == "--version" { return .show(version + "\n") }
            if word == "--experimental-dump-help" { return .show(description() + "\n") }
        }
        var rest = words[...]
        var argumentsGiven = 0
        var flagsAllowed = true
        while let word = rest.popFirst() {
            if flagsAllowed, word == "--" {
                flagsAllowed = false
            } else if flagsAllowed, Self.isFlag(word) {
                try parse(flag: word, &rest, into: &values)
            } else {
                argumentsGiven += 1
                guard argumentsGiven == 1 else {
                    throw UsageError("unexpected argument '\(word)'")
                }
                _ = argument.apply(&values, word)
            }
        }
        return .run
    }

    /// A dash alone names standard input.
    private static func isFlag(_ word: String) -> Bool {
        word.utf8.first == UInt8(ascii: "-") && word != "-"
    }

    private func parse(
        flag word: String, _ rest: inout ArraySlice<String>, into values: inout Values
    ) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let flag = flag(named: name) else {
            return try parse(letters: word, into: &values)
        }
        let spelled = flag.spelled(as: name)
        var value = parts.count > 1 ? String(parts[1]) : nil
        if flag.value == nil {
            guard value == nil else { throw UsageError("'\(name)' takes no value") }
        } else if value == nil {
            guard let next = rest.first, !Self.isFlag(next) else {
                let advice =
                    rest.isEmpty ? "" : "; one that begins with a dash is given as \(name)=VALUE"
                throw UsageError("missing value for '\(spelled)'\(advice)")
            }
            value = next
            rest.removeFirst()
        }
        guard flag.apply(&values, value ?? "") else {
            let words = flag.words.map(\.name).joined(separator: ", ")
            let expected = words.isEmpty ? flag.expected : "one of " + words
            throw UsageError(
                "the value '\(value ?? "")' is invalid for '\(spelled)'"
                    + (expected.map { "; expected \($0)" } ?? ""))
        }
    }

    /// Several letters behind one dash, of flags without values.
    private func parse(letters word: String, into values: inout Values) throws(UsageError) {
        let letters = word.dropFirst().map { flag(named: "-\($0)") }
        guard letters.count > 1, letters.allSatisfy({ $0 != nil && $0?.value == nil }) else {
            let name = String(word.prefix { $0 != "=" })
            let near = nearest(to: name).map { "; did you mean '\($0)'?" } ?? ""
            throw UsageError("unknown option '\(name)'\(near)")
        }
        for flag in letters { _ = flag?.apply(&values, "") }
    }

    private func flag(named name: String) -> CommandFlag<Values>? {
        for group in groups {
            for flag in group.flags where flag.names.contains(name) { return flag }
        }
        return nil
    }

    /// The flag that was probably meant: at most two letters changed, added or left out.
    private func nearest(to name: String) -> String? {
        let names = groups.flatMap { $0.flags.flatMap(\.names) }.filter { $0.utf8.count > 2 }
        let ranked = names.map { ($0, Self.distance(Array($0.utf8), Array(name.utf8))) }
        return ranked.min { $0.1 < $1.1 }.flatMap { $0.1 <= 2 ? $0.0 : nil }
    }

    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let changed = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, diagonal + 1, row[j] + 1)
            }
        }
        return row[b.count]
    }
}
