package import Foundation

/// A page of a WordPress site, read for what a corpus needs.
package struct WorkPage {
    /// A link of a list page.
    package struct Link: Equatable {
        /// Where it leads.
        package var url: URL
        /// What it says.
        package var text: String
    }

    private let root: HTMLElement
    private let url: URL

    /// Reads a page; `nil` if it has no element at all.
    package init?(_ page: Page) {
        let charset = TextDecoding.declared(contentType: page.contentType, page: page.body)
        guard let root = HTMLParser.parse(TextDecoding.text(page.body, declared: charset)) else {
            return nil
        }
        self.root = root
        url = page.url
    }

    /// The element that holds the page's own text.
    private var content: HTMLElement? {
        root.first { $0.classes.contains("entry-content") && !HTMLText.isForeign($0) }
    }

    /// The element that most likely holds the text of a page of any other site.
    private var likelyContent: HTMLElement? {
        for name in ["article", "main", "body"] {
            if let found = root.first({ $0.name == name && !HTMLText.isForeign($0) }) {
                return found
            }
        }
        return nil
    }

    /// The work's title: the page's heading, else what it tells other sites, else its window's.
    var title: String? {
        let heading = root.first { $0.name == "h1" && $0.classes.contains("entry-title") }
        let shared = root.first {
            $0.name == "meta" && $0.attributes["property"] == "og:title"
        }
        let window = root.first { $0.name == "title" }
        let h1 = root.first { $0.name == "h1" }
        let candidates = [
            heading?.text, shared?.attributes["content"], window?.text, h1?.text,
        ]
        return candidates.lazy.compactMap { $0 }.map(Self.withoutSite).first { !$0.isEmpty }
    }

    /// The title without blanks at its ends, the site's name and a year in brackets.
    package static func withoutSite(_ title: String) -> String {
        var title = title.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if let match = title.firstMatch(of: #/ [|–—»-] (The )?(Edgar Allan )?Poe Museum.*$/#) {
            title.removeSubrange(match.range)
        }
        title.replace(#/ *\((1[78]\d\d)\)$/#, with: "")
        title.replace(#/ by Edgar All[ae]n Poe$/#, with: "")
        return title
    }

    /// The work on this page.
    ///
    /// - Parameters:
    ///   - kind: What the list said.
    ///   - linkText: What the list called it.
    ///   - source: The address that was asked for.
    ///   - isSaved: Whether a person chose this page: then its text may stand in any usual place.
    ///     What a list led to need not be a work; there only the site's own element counts.
    package func work(
        kind: WorkKind?, linkText: String, source: String, isSaved: Bool = false
    ) -> GatheredWork? {
        guard let content = content ?? (isSaved ? likelyContent : nil) else { return nil }
        var paragraphs = HTMLText.paragraphs(of: content)
        var year: Int?
        // What is said about the work stands before it or after it.
        while let first = paragraphs.first, let found = Self.printingYear(first) {
            year = year ?? found
            paragraphs.removeFirst()
        }
        while let last = paragraphs.last, let found = Self.printingYear(last) {
            year = year ?? found
            paragraphs.removeLast()
        }
        let heading = title ?? Self.withoutSite(linkText)
        year = year ?? Self.year(inBracketsOf: linkText) ?? rawTitleYear
        let work = GatheredWork(
            title: heading, kind: kind, year: year,
            rawParagraphs: Self.arranged(paragraphs, isVerse: kind == .poem), source: source)
        return work.paragraphs.isEmpty ? nil : work
    }

    private var rawTitleYear: Int? {
        let heading = root.first { $0.name == "h1" && $0.classes.contains("entry-title") }
        return (heading?.text).flatMap(Self.year(inBracketsOf:))
    }

    private static func year(inBracketsOf text: String) -> Int? {
        text.firstMatch(of: #/\((1[78]\d\d)\)/#).flatMap { Int($0.output.1) }
    }

    /// The year of a paragraph that says nothing but when, and perhaps where, a work was printed.
    package static func printingYear(_ paragraph: String) -> Int? {
        let text = paragraph.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard text.utf8.count <= 160 else { return nil }
        if let bare = text.wholeMatch(of: #/[(\[]?(1[78]\d\d)[)\]]?\.?/#) {
            return Int(bare.output.1)
        }
        let note =
            #/[(\[]?(?:first |originally )?(?:published|printed|written|publication|date|year)\b[^0-9]{0,100}(?:[0-9]{1,2}, )?(1[78]\d\d)\b[^.0-9]{0,40}\.?[)\]]?/#
        return text.wholeMatch(of: note.ignoresCase()).flatMap { Int($0.output.1) }
    }

    /// Breaks inside prose that only wrap or part paragraphs are no line ends.
    ///
    /// A paragraph with a line of over 100 characters is prose: verse has none.
    static func arranged(_ paragraphs: [String], isVerse: Bool) -> [String] {
        guard !isVerse else { return paragraphs }
        return paragraphs.flatMap { paragraph -> [String] in
            let lines = paragraph.split(separator: "\n").map(String.init)
            guard lines.count > 1, lines.contains(where: { $0.count > 100 }) else {
                return [paragraph]
            }
            return lines
        }
    }

    /// The links to single pages of the site in the page's own text, each once, in order.
    ///
    /// Without such an element the whole page is looked at, navigation left out.
    package func workLinks() -> [Link] {
        let place = content ?? root.first { $0.name == "main" } ?? root
        var seen: Set<String> = [url.absoluteString]
        var links: [Link] = []
        for anchor in place.links() {
            guard let target = target(anchor) else { continue }
            let segments = target.path(percentEncoded: true).split(separator: "/")
            guard segments.count == 1, !segments[0].contains("."), target.query() == nil,
                seen.insert(target.absoluteString).inserted
            else { continue }
            let text = anchor.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            links.append(Link(url: target, text: text))
        }
        return links
    }

    /// The list's next page, if it has one.
    func nextList() -> URL? {
        let next = root.first { element in
            guard element.name == "a" || element.name == "link" else { return false }
            let relation = (element.attributes["rel"] ?? "").lowercased()
            let isNext = element.classes.contains("next") || relation == "next"
            return isNext && element.attributes["href"] != nil
        }
        return next.flatMap(target)
    }

    private func target(_ anchor: HTMLElement) -> URL? {
        let reference = (anchor.attributes["href"] ?? "").trimmingCharacters(in: .whitespaces)
        guard !reference.isEmpty, !reference.hasPrefix("#"),
            let resolved = URL(string: reference, relativeTo: url)?.absoluteURL,
            var parts = URLComponents(url: resolved, resolvingAgainstBaseURL: true),
            parts.host == url.host(), parts.port == url.port
        else { return nil }
        // One page, one address: what a browser would not send is no part of it.
        parts.scheme = url.scheme
        parts.fragment = nil
        return parts.url
    }
}

extension HTMLElement {
    /// The anchors inside, those in foreign parts left out.
    fileprivate func links() -> [HTMLElement] {
        if name == "a" { return [self] }
        // Lists are often made of pictures and buttons: only what surrounds the page is foreign.
        let outside: Set<String> = ["nav", "aside", "footer", "header", "form", "script", "style"]
        guard !outside.contains(name), !HTMLText.isSurrounding(self) else { return [] }
        return children.flatMap { child in
            if case .element(let element) = child { return element.links() }
            return []
        }
    }
}
