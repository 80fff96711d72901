extension ArgumentSyntax {
    /// The command line as JSON, in the form in which the general parser's programs describe theirs
    /// (`--experimental-dump-help`), so that one script makes the manuals of all programs.
    func description() -> String {
        let flags = groups.flatMap { group in
            group.flags.map { Self.description(of: $0, section: group.title) }
        }
        let command = JSON.object([
            ("commandName", .string(name)), ("abstract", .string(abstract)),
            ("discussion", .string(discussion)),
            ("arguments", .array([Self.description(of: argument, section: nil)] + flags + own)),
        ])
        let all = JSON.object([("serializationVersion", 0), ("command", command)])
        // Only numbers can fail to be JSON, and there are none.
        return (try? all.encoded()) ?? ""
    }

    /// What every program has.
    private var own: [JSON] {
        [
            CommandFlag<Values>("--version", help: "Show the version.") { _ in },
            CommandFlag<Values>("-h", "--help", help: "Show help information.") { _ in },
        ].map { Self.description(of: $0, section: nil) }
    }

    private static func description(of flag: CommandFlag<Values>, section: String?) -> JSON {
        let kind = flag.names.isEmpty ? "positional" : flag.value == nil ? "flag" : "option"
        var members: [(String, JSON)] = [("kind", .string(kind)), ("isOptional", true)]
        if let section { members.append(("sectionTitle", .string(section))) }
        if !flag.names.isEmpty {
            members.append(("names", .array(flag.names.map(description(ofName:)))))
        }
        if let value = flag.value { members.append(("valueName", .string(value))) }
        members.append(("abstract", .string(flag.help)))
        if !flag.words.isEmpty {
            let meanings = flag.words.map { ($0.name, JSON.string($0.meaning)) }
            members.append(("allValues", .array(flag.words.map { .string($0.name) })))
            members.append(("allValueDescriptions", .object(meanings)))
        }
        if let completion = completion(of: flag) { members.append(("completionKind", completion)) }
        return .object(members)
    }

    private static func description(ofName name: String) -> JSON {
        let isLong = name.hasPrefix("--")
        return .object([
            ("kind", isLong ? "long" : "short"),
            ("name", .string(String(name.dropFirst(isLong ? 2 : 1)))),
        ])
    }

    private static func completion(of flag: CommandFlag<Values>) -> JSON? {
        switch flag.completion {
        case .file(let endings):
            .object([("file", .object([("extensions", .array(endings.map { .string($0) }))]))])
        case .folder: .object([("directory", .object([]))])
        case .nothing where !flag.words.isEmpty:
            .object([
                ("list", .object([("values", .array(flag.words.map { .string($0.name) }))]))
            ])
        case .nothing: nil
        }
    }
}
