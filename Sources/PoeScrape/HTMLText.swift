/// Takes the text out of an element of a page.
///
/// The result is plain text in paragraphs: a blank line between two of them; a line that the page
/// breaks (`<br>`, `<pre>`) ends in a line end. What is not the work's text is left out.
struct HTMLText {
    private static let blocks: Set<String> = [
        "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "li", "ul", "ol", "dl", "dt",
        "dd", "table", "tr", "hr", "section", "article", "main", "center", "address", "header",
        "fieldset", "pre", "body", "html",
    ]
    private static let foreignNames: Set<String> = [
        "script", "style", "noscript", "template", "nav", "aside", "footer", "form", "button",
        "iframe", "object", "embed", "figure", "figcaption", "img", "svg", "audio", "video",
        "input", "select", "textarea", "head",
    ]
    /// Beginnings of the classes that WordPress and its plug-ins give to what they add.
    private static let foreignClasses = [
        "sharedaddy", "sd-", "jp-relatedposts", "addtoany", "a2a_", "social", "share", "related",
        "post-navigation", "nav-links", "navigation", "breadcrumb", "screen-reader-text",
        "footnote", "comments", "entry-meta", "entry-footer", "edit-link", "page-links", "widget",
        "ad-", "advert", "newsletter", "pagination",
    ]
    /// The same for pictures and buttons, which have no text of a work but may link to one.
    private static let pictureClasses = [
        "wp-block-button", "wp-caption", "wp-block-image", "wp-block-embed",
    ]

    private var paragraphs: [String] = []
    private var current = ""

    /// The paragraphs of an element.
    static func paragraphs(of element: HTMLElement) -> [String] {
        var reader = HTMLText()
        reader.visit(element, isPreformatted: false)
        reader.endParagraph()
        return reader.paragraphs
    }

    /// Whether an element is no part of the work.
    static func isForeign(_ element: HTMLElement) -> Bool {
        if foreignNames.contains(element.name) { return true }
        if element.attributes["hidden"] != nil { return true }
        let style = (element.attributes["style"] ?? "").filter { !$0.isWhitespace }.lowercased()
        if style.contains("display:none") { return true }
        return isSurrounding(element) || has(element, pictureClasses)
    }

    /// Whether an element is what plug-ins set around a page's text.
    static func isSurrounding(_ element: HTMLElement) -> Bool { has(element, foreignClasses) }

    private static func has(_ element: HTMLElement, _ beginnings: [String]) -> Bool {
        element.classes.contains { name in beginnings.contains { name.hasPrefix($0) } }
    }

    private mutating func visit(_ element: HTMLElement, isPreformatted: Bool) {
        guard !Self.isForeign(element), !Self.isNoteMark(element) else { return }
        if element.name == "br" {
            current += "\n"
            return
        }
        let isBlock = Self.blocks.contains(element.name)
        if isBlock { endParagraph() }
        if element.name == "td" || element.name == "th" { current += " " }
        for child in element.children {
            switch child {
            case .text(let text): add(text, isPreformatted: isPreformatted || element.name == "pre")
            case .element(let inner):
                visit(inner, isPreformatted: isPreformatted || element.name == "pre")
            }
        }
        if isBlock { endParagraph() }
    }

    /// A raised number or sign, alone or as a link.
    private static func isNoteMark(_ element: HTMLElement) -> Bool {
        guard element.name == "sup" else { return false }
        let text = element.text.filter { !$0.isWhitespace && !"[]()".contains($0) }
        return text.allSatisfy { $0.isNumber || "*†‡§".contains($0) }
    }

    private mutating func add(_ text: String, isPreformatted: Bool) {
        for scalar in text.unicodeScalars {
            let isLineEnd = scalar == "\n" || scalar == "\r"
            if isPreformatted, isLineEnd {
                if scalar == "\n" { current += "\n" }
            } else if isLineEnd || scalar == "\t" || scalar == " " {
                current.unicodeScalars.append(" ")
            } else {
                current.unicodeScalars.append(scalar)
            }
        }
    }

    /// Ends a paragraph; an empty line inside (two breaks) makes two of it.
    private mutating func endParagraph() {
        var lines: [String] = []
        for line in current.split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split { $0 == " " || $0 == "\u{A0}" }.joined(separator: " ")
            if words.isEmpty {
                if !lines.isEmpty { paragraphs.append(lines.joined(separator: "\n")) }
                lines = []
            } else {
                lines.append(words)
            }
        }
        if !lines.isEmpty { paragraphs.append(lines.joined(separator: "\n")) }
        current = ""
    }
}
