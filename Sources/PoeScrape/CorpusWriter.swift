internal import Foundation
internal import PoemFile

/// Writes works in the layout of a corpus: `poe/NAME.txt`, `manifest.json`, `split.json`.
///
/// What the same works give is the same, byte for byte. Every file takes its place whole. Files
/// that this program did not write, or that were changed since, are never touched.
package struct CorpusWriter {
    /// A file of the corpus.
    package struct File: Equatable {
        /// The name, with `.txt`.
        package var name: String
        /// What is in it.
        package var work: GatheredWork
    }

    private let folder: String
    private let recordPath: String

    /// Takes the corpus's folder and the folder for the record of what was written.
    package init(folder: String, recordFolder: String) {
        self.folder = folder
        recordPath = recordFolder + "/written.json"
    }

    /// Writes the corpus; files of an earlier run that are no part of it any more are removed.
    package func write(_ works: [GatheredWork]) throws(ScrapeError) {
        let files = Self.files(works)
        var contents = files.map { ("poe/" + $0.name, $0.work.text) }
        contents.append(("split.json", Self.split(files)))
        // Last: a manifest tells of a whole corpus.
        contents.append(("manifest.json", Self.manifest(files)))
        let hashes = Dictionary(
            uniqueKeysWithValues: contents.map { ($0.0, Digest.hex(Array($0.1.utf8))) })
        var record = try readRecord()
        for (name, _) in contents {
            guard let present = try hash(of: name) else { continue }
            let isOurs = record[name]?.contains(present) ?? false
            guard isOurs || present == hashes[name] else { throw .foreign(path: path(name)) }
        }
        // Before the files, so that those of a run that is killed are known for its own.
        for (name, hash) in hashes { record[name, default: []].insert(hash) }
        try makeFolder(folder + "/poe")
        try write(record)
        for (name, text) in contents where try hash(of: name) != hashes[name] {
            do throws(PoemError) {
                try TextFile.write(text, to: path(name))
            } catch {
                throw .unwritable(path: path(name), reason: error.description)
            }
        }
        for (name, known) in record where hashes[name] == nil {
            if let present = try hash(of: name), known.contains(present) {
                TextFile.remove(path(name))
            }
        }
        try write(hashes.mapValues { [$0] })
    }

    // MARK: Names

    /// The works with their files' names, in the order of these names; a text comes once.
    ///
    /// Works of one kind and title are told apart by their years, else by numbers.
    package static func files(_ works: [GatheredWork]) -> [File] {
        var texts: Set<String> = []
        let single = works.filter { texts.insert($0.kind.rawValue + $0.text).inserted }
        let groups = Dictionary(grouping: single) {
            $0.fileStem ?? "\($0.kind.rawValue)-\($0.slug)"
        }
        var files: [File] = []
        var taken: Set<String> = []
        for (stem, group) in groups.sorted(by: { $0.key < $1.key }) {
            let years = Set(group.compactMap(\.year))
            let hasYears = group.count > 1 && years.count == group.count
            for work in group {
                let base = work.year.map { hasYears ? "\(stem)-\($0)" : stem } ?? stem
                var (name, number) = (base, 1)
                while !taken.insert(name.lowercased()).inserted {
                    number += 1
                    name = "\(base)-\(number)"
                }
                files.append(File(name: name + ".txt", work: work))
            }
        }
        return files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    // MARK: JSON

    static func manifest(_ files: [File]) -> String {
        let objects = files.map { file in
            let work = file.work
            var members = [
                ("file", quoted(file.name)), ("title", quoted(work.title)),
                ("kind", quoted(work.kind.rawValue)),
            ]
            if let year = work.year { members.append(("year", "\(year)")) }
            members += [
                ("characters", "\(work.characterCount)"),
                ("sha256", quoted(Digest.hex(Array(work.text.utf8)))),
                ("source", quoted(work.source)),
            ]
            let lines = members.map { "  \"\($0)\": \($1)" }.joined(separator: ",\n")
            return " {\n\(lines)\n }"
        }
        return "[\n" + objects.joined(separator: ",\n") + "\n]\n"
    }

    static func split(_ files: [File]) -> String {
        let validation = validationNames(files)
        let train = files.map(\.name).filter { !validation.contains($0) }
        func list(_ names: [String]) -> String {
            guard !names.isEmpty else { return "[]" }
            return "[\n" + names.map { "  " + quoted($0) }.joined(separator: ",\n") + "\n ]"
        }
        let description =
            "Which works train a model and which validate it: those of the project's own split by "
            + "title, others where the first byte of SHA-256 of the file's name is below 26."
        return """
            {
             "description": \(quoted(description)),
             "validation": \(list(files.map(\.name).filter(validation.contains))),
             "train": \(list(train))
            }

            """
    }

    /// Names of the files that validate.
    ///
    /// A known work does what it does in the project's own split, so that losses stay comparable
    /// and no model is measured on what it learnt. Any other one validates where the first byte of
    /// SHA-256 of its file's name is below 26, a tenth of all. Neither depends on what else is there.
    /// Only where that leaves one side of two or more works empty, the work with the smallest
    /// hash changes sides.
    package static func validationNames(_ files: [File]) -> Set<String> {
        var names: Set<String> = []
        for file in files {
            let hash = Digest.sha256(Array(file.name.utf8))
            let known = Catalogue.entry(file.work.title).map(\.validates)
            if known ?? (hash[0] < 26) { names.insert(file.name) }
        }
        guard files.count > 1, names.isEmpty || names.count == files.count else { return names }
        let smallest = files.map(\.name).min {
            Digest.sha256(Array($0.utf8)).lexicographicallyPrecedes(
                Digest.sha256(Array($1.utf8)))
        }
        guard let smallest else { return names }
        if names.isEmpty { return [smallest] }
        names.remove(smallest)
        return names
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{00}"..."\u{1F}":
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    // MARK: Files

    private func path(_ name: String) -> String { folder + "/" + name }

    private func hash(of name: String) throws(ScrapeError) -> String? {
        guard TextFile.exists(path(name)) else { return nil }
        do {
            return Digest.hex([UInt8](try Data(contentsOf: URL(filePath: path(name)))))
        } catch {
            throw .unreadable(path: path(name), reason: systemReason(error))
        }
    }

    private func readRecord() throws(ScrapeError) -> [String: Set<String>] {
        guard TextFile.exists(recordPath) else { return [:] }
        guard let data = try? Data(contentsOf: URL(filePath: recordPath)),
            let record = try? JSONDecoder().decode([String: [String]].self, from: data)
        else { throw .damaged(path: recordPath) }
        return record.mapValues { Set($0) }
    }

    private func write(_ record: [String: Set<String>]) throws(ScrapeError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        do {
            let data = try encoder.encode(record.mapValues { $0.sorted() })
            try data.write(to: URL(filePath: recordPath), options: .atomic)
        } catch {
            throw .unwritable(path: recordPath, reason: systemReason(error))
        }
    }

    private func makeFolder(_ path: String) throws(ScrapeError) {
        let record = recordPath.prefix(upTo: recordPath.lastIndex(of: "/") ?? recordPath.endIndex)
        for path in [path, String(record)] {
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true)
            } catch {
                throw .unwritable(path: path, reason: systemReason(error))
            }
        }
    }
}
