import ArgumentParser
import Foundation
import PoeScrape

/// A list page: what kind of works it leads to, and where it is.
struct ListPage: ExpressibleByArgument {
    var kind: WorkKind
    var path: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let kind = WorkKind(name: String(parts[0])) else { return nil }
        (self.kind, path) = (kind, String(parts[1]))
    }
}

/// An address of a site.
struct Address: ExpressibleByArgument {
    var url: URL

    init?(argument: String) {
        guard let url = URL(string: argument), ["http", "https"].contains(url.scheme ?? ""),
            url.host() != nil
        else { return nil }
        self.url = url
    }
}

/// Options about the site.
struct SiteOptions: ParsableArguments {
    /// Gutenberg's books with Poe's works: five volumes, and the poems.
    static let books = [2147, 2148, 2149, 2150, 2151, 10_031]

    @Option(
        help: ArgumentHelp(
            "The site's address, such as a mirror's (default: the source's own).",
            valueName: "url"))
    var baseURL: Address?

    @Option(
        help: ArgumentHelp(
            "museum: a list page and the kind of its works (default: tale=/stories/ and "
                + "poem=/poems/).", valueName: "kind=path"))
    var list: [ListPage] = []

    @Option(
        help: ArgumentHelp(
            "gutenberg: a book's number (default: 2147 to 2151 and 10031).", valueName: "number"))
    var book: [Int] = []

    /// Whether any of them was given.
    var isSet: Bool { baseURL != nil || !list.isEmpty || !book.isEmpty }

    /// What to gather from.
    func webSource(_ name: SourceName) throws(ScrapeError) -> WebSource {
        switch name {
        case .museum:
            let pages =
                list.isEmpty
                ? [(kind: WorkKind.tale, path: "/stories/"), (kind: .poem, path: "/poems/")]
                : list.map { (kind: $0.kind, path: $0.path) }
            return .museum(base: try base("https://poemuseum.org"), lists: pages)
        case .gutenberg:
            return .gutenberg(
                base: try base("https://www.gutenberg.org"), books: book.isEmpty ? Self.books : book
            )
        }
    }

    private func base(_ own: String) throws(ScrapeError) -> URL {
        if let baseURL { return baseURL.url }
        guard let url = URL(string: own) else { throw .badAddress(own) }
        return url
    }
}

/// Options about requests.
struct RequestOptions: ParsableArguments {
    private static let defaults = FetchOptions()

    @Option(help: ArgumentHelp("Pause between two requests.", valueName: "seconds"))
    var delay: Double = Self.defaults.delay

    @Option(help: ArgumentHelp("Longest silence of the server.", valueName: "seconds"))
    var timeout: Double = Self.defaults.timeout

    @Option(help: ArgumentHelp("How often a failed request is made again.", valueName: "n"))
    var retries: Int = Self.defaults.retries

    @Option(
        help: ArgumentHelp(
            "Pause before the first of these; doubled for each further one.", valueName: "seconds"))
    var retryWait: Double = Self.defaults.retryWait

    @Option(help: ArgumentHelp("Largest page that is taken.", valueName: "n"))
    var maxBytes: Int = Self.defaults.maximumBytes

    @Option(
        help: ArgumentHelp(
            "What the program calls itself, NAME/VERSION (CONTACT).", valueName: "text"))
    var userAgent: String?

    func validate() throws {
        for (name, value) in [("--delay", delay), ("--retry-wait", retryWait)]
        where !(0...3_600).contains(value) {
            throw ValidationError("\(name) is \(value); expected 0 to 3600 seconds")
        }
        guard (0.1...3_600).contains(timeout) else {
            throw ValidationError("--timeout is \(timeout); expected 0.1 to 3600 seconds")
        }
        guard (0...100).contains(retries) else {
            throw ValidationError("--retries is \(retries); expected 0 to 100")
        }
        guard (1...1_000_000_000).contains(maxBytes) else {
            throw ValidationError("--max-bytes is \(maxBytes); expected 1 to 1000000000")
        }
        let printable = userAgent?.unicodeScalars.allSatisfy { (0x20..<0x7F).contains($0.value) }
        guard printable ?? true, userAgent?.isEmpty != true else {
            throw ValidationError("--user-agent has to be printable ASCII on one line")
        }
    }
}
