internal import CXML

/// A part of a page: an element or text.
enum HTMLNode: Sendable {
    /// An element with what it holds.
    case element(HTMLElement)
    /// Text as the page's author typed it, entities resolved.
    case text(String)
}

/// An element of a page.
struct HTMLElement: Sendable {
    /// The name, in lower case.
    var name: String
    /// Attributes by name.
    var attributes: [String: String] = [:]
    /// What it holds, in order.
    var children: [HTMLNode] = []

    /// The words of its `class`.
    var classes: [String] {
        (attributes["class"] ?? "").lowercased().split(whereSeparator: \.isWhitespace)
            .map(String.init)
    }

    /// Itself and all elements inside that fit, in the page's order; nothing is looked for inside
    /// one that fits.
    func all(_ fits: (HTMLElement) -> Bool) -> [HTMLElement] {
        if fits(self) { return [self] }
        return children.flatMap { child in
            if case .element(let element) = child { return element.all(fits) }
            return []
        }
    }

    /// The first that fits, in the page's order.
    func first(_ fits: (HTMLElement) -> Bool) -> HTMLElement? {
        if fits(self) { return self }
        for case .element(let element) in children {
            if let found = element.first(fits) { return found }
        }
        return nil
    }

    /// All text inside, blanks as they are.
    var text: String {
        children.map { child in
            switch child {
            case .text(let text): text
            case .element(let element): element.name == "br" ? "\n" : element.text
            }
        }.joined()
    }
}

/// Reads HTML with libxml2's parser, which mends what is broken.
enum HTMLParser {
    /// Deepest nesting that is kept; what is deeper is left out.
    private static let maximumDepth = 400

    /// The root element of a page, if there is one.
    static func parse(_ html: String) -> HTMLElement? {
        xmlInitParser()
        var html = html
        return html.withUTF8 { bytes -> HTMLElement? in
            guard bytes.count > 0, bytes.count < Int(Int32.max) else { return nil }
            let options =
                HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue
                | HTML_PARSE_NOWARNING.rawValue | HTML_PARSE_NONET.rawValue
            let document = unsafe bytes.withMemoryRebound(to: CChar.self) { region in
                // The text has been decoded: what the page says of its encoding no longer holds.
                unsafe htmlReadMemory(
                    region.baseAddress, Int32(region.count), nil, "UTF-8", Int32(options))
            }
            guard let document = unsafe document else { return nil }
            defer { unsafe xmlFreeDoc(document) }
            guard let root = unsafe xmlDocGetRootElement(document) else { return nil }
            return unsafe element(root, depth: 0)
        }
    }

    private static func element(_ node: xmlNodePtr, depth: Int) -> HTMLElement {
        var result = HTMLElement(name: unsafe string(node.pointee.name).lowercased())
        var attribute = unsafe node.pointee.properties
        while let current = unsafe attribute {
            var value = ""
            var part = unsafe current.pointee.children
            while let text = unsafe part {
                value += unsafe string(text.pointee.content)
                unsafe part = text.pointee.next
            }
            result.attributes[unsafe string(current.pointee.name).lowercased()] = value
            unsafe attribute = current.pointee.next
        }
        guard depth < maximumDepth else { return result }
        var child = unsafe node.pointee.children
        while let current = unsafe child {
            switch unsafe current.pointee.type {
            case XML_ELEMENT_NODE:
                result.children.append(.element(unsafe element(current, depth: depth + 1)))
            case XML_TEXT_NODE, XML_CDATA_SECTION_NODE:
                result.children.append(.text(unsafe string(current.pointee.content)))
            default: break
            }
            unsafe child = current.pointee.next
        }
        return result
    }

    private static func string(_ text: UnsafePointer<xmlChar>?) -> String {
        guard let text = unsafe text else { return "" }
        return unsafe String(cString: text)
    }
}
