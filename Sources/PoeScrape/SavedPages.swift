internal import Foundation

/// Works out of files: pages saved by a browser, and plain texts.
package enum SavedPages {
    /// The works of a folder's files `*.html`, `*.htm` and `*.txt`, in the order of their names.
    ///
    /// A name that begins with `tale-`, `poem-` or `essay-` says the kind. Hidden files and folders
    /// inside are passed over, and so are pages without a work, which `note` is told.
    package static func works(
        folder: String, note: (String) -> Void = { _ in }
    ) throws(ScrapeError) -> [GatheredWork] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw .unreadable(path: folder, reason: systemReason(error))
        }
        var works: [GatheredWork] = []
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard !name.hasPrefix("."), let dot = name.lastIndex(of: ".") else { continue }
            let stem = String(name[..<dot])
            let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            let work: GatheredWork?
            switch name[dot...].lowercased() {
            case ".txt": work = text(try bytes(path), stem: stem, name: name)
            case ".html", ".htm": work = page(try bytes(path), stem: stem, name: name)
            default: continue
            }
            if let work {
                works.append(work)
            } else {
                note("\(path): no text of a work in it; left out")
            }
        }
        guard !works.isEmpty else { throw .noWorks(place: folder) }
        return works
    }

    private static func bytes(_ path: String) throws(ScrapeError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw .unreadable(path: path, reason: systemReason(error))
        }
    }

    private static func page(_ bytes: [UInt8], stem: String, name: String) -> GatheredWork? {
        guard let url = URL(string: "file:///page") else { return nil }
        let page = WorkPage(Page(url: url, body: bytes, contentType: nil))
        return page?.work(kind: kind(stem), linkText: title(stem), source: name, isSaved: true)
    }

    private static func text(_ bytes: [UInt8], stem: String, name: String) -> GatheredWork? {
        let text = TextDecoding.text(bytes, declared: nil)
            .replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        var lines = GutenbergVolume.withoutLicence(
            text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        let heading = title(of: &lines)
        let kind = kind(stem)
        let work = GatheredWork(
            title: heading ?? title(stem), kind: kind, year: nil,
            rawParagraphs: PlainText.paragraphs(of: lines, isVerse: kind == .poem), source: name,
            fileStem: kind == nil ? nil : stem)
        return work.paragraphs.isEmpty ? nil : work
    }

    /// Takes the first line if it is short and stands by itself.
    private static func title(of lines: inout [String]) -> String? {
        guard let first = lines.firstIndex(where: { !$0.allSatisfy(\.isWhitespace) }),
            lines[first].count <= 120, first + 1 < lines.count,
            lines[first + 1].allSatisfy(\.isWhitespace)
        else { return nil }
        let title = lines[first]
        lines.removeSubrange(...first)
        return title
    }

    private static func kind(_ stem: String) -> WorkKind? {
        stem.split(separator: "-").first.flatMap { WorkKind(name: String($0)) }
    }

    /// A title made of a file's name.
    private static func title(_ stem: String) -> String {
        var words = stem.split { "-_ ".contains($0) }.map(String.init)
        if kind(stem) != nil, words.count > 1 { words.removeFirst() }
        return GutenbergVolume.calm(words.joined(separator: " ").uppercased())
    }
}
