internal import Foundation

/// A work as it was gathered, in the form of the corpus.
package struct GatheredWork: Sendable, Equatable {
    /// The title.
    package var title: String
    /// What kind of text it is.
    package var kind: WorkKind
    /// The year of the first printing, where it is known.
    package var year: Int?
    /// Paragraphs in the form of ``TextRules``; the title is not among them.
    package var paragraphs: [String]
    /// Where it comes from: an address or a file's name.
    package var source: String
    /// The file's name without `.txt`, where it is given and need not be made from the title.
    var fileStem: String?

    /// The whole text of its file: title, blank line, paragraphs with a blank line between two,
    /// one line end at the end.
    package var text: String {
        ([title] + paragraphs).joined(separator: "\n\n") + "\n"
    }

    /// Makes a work of raw paragraphs.
    ///
    /// - Parameters:
    ///   - title: The title as found.
    ///   - kind: What the source says; else the catalogue, else the form of the text decides.
    ///   - year: What the source says; else the catalogue.
    ///   - rawParagraphs: Text before the rules; a repetition of the title at the beginning and the
    ///     author's name are dropped.
    ///   - source: Where it comes from.
    package init(
        title: String, kind: WorkKind?, year: Int?, rawParagraphs: [String], source: String,
        fileStem: String? = nil
    ) {
        let title = TextRules.normalized(title).replacing("\n", with: " ")
        let known = Catalogue.entry(title)
        var paragraphs = rawParagraphs.map(TextRules.normalized).filter { !$0.isEmpty }
        let key = Catalogue.key(title)
        while let first = paragraphs.first,
            first.utf8.count < 200,
            Self.isByline(first) || (!key.isEmpty && Catalogue.key(first) == key)
        {
            paragraphs.removeFirst()
        }
        self.title = title
        self.kind = kind ?? known?.kind ?? Self.kind(of: paragraphs)
        self.year = year ?? known?.year
        self.paragraphs = paragraphs
        self.source = source
        self.fileStem = fileStem
    }

    /// Unicode scalars of the text.
    var characterCount: Int { text.unicodeScalars.count }

    /// The title in letters, digits and hyphens, at most 80 of them.
    var slug: String {
        let plain = title.replacing("æ", with: "ae").replacing("Æ", with: "ae")
            .replacing("’", with: "")
            .folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
        let words = plain.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        var slug = ""
        for word in words where slug.utf8.count + word.utf8.count < 80 {
            slug += (slug.isEmpty ? "" : "-") + word
        }
        guard slug.isEmpty else { return slug }
        return words.first.map { String($0.prefix(80)) } ?? "untitled"
    }

    private static func isByline(_ paragraph: String) -> Bool {
        let text = paragraph.lowercased()
        return text.count < 60
            && ["by edgar allan poe", "by edgar a. poe", "edgar allan poe"].contains(text)
    }

    /// Verse if most paragraphs are of several lines.
    private static func kind(of paragraphs: [String]) -> WorkKind {
        let broken = paragraphs.filter { $0.contains("\n") }.count
        return broken * 2 > paragraphs.count ? .poem : .tale
    }
}
