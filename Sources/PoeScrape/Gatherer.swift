package import Foundation

/// What happens while works are gathered.
package struct GatherEvents {
    /// Something that a person should know, in one line.
    package var note: (String) -> Void
    /// Pages done, pages known of, and the title of what comes next.
    package var progress: (Int, Int, String) -> Void
    /// Whether to stop.
    package var isCancelled: () -> Bool

    /// Makes the set of callbacks.
    package init(
        note: @escaping (String) -> Void = { _ in },
        progress: @escaping (Int, Int, String) -> Void = { _, _, _ in },
        isCancelled: @escaping () -> Bool = { false }
    ) {
        self.note = note
        self.progress = progress
        self.isCancelled = isCancelled
    }
}

/// A site that texts come from.
package enum WebSource: Sendable, Equatable {
    /// A WordPress site: list pages, each with the kind of the works that it leads to.
    case museum(base: URL, lists: [(kind: WorkKind, path: String)])
    /// Project Gutenberg: numbers of its books.
    case gutenberg(base: URL, books: [Int])

    /// The site's address.
    var base: URL {
        switch self {
        case .museum(let base, _), .gutenberg(let base, _): base
        }
    }

    package static func == (a: WebSource, b: WebSource) -> Bool {
        switch (a, b) {
        case (.museum(let x, let p), .museum(let y, let q)):
            x == y && p.map(\.path) == q.map(\.path) && p.map(\.kind) == q.map(\.kind)
        case (.gutenberg(let x, let p), .gutenberg(let y, let q)): x == y && p == q
        default: false
        }
    }
}

/// What was gathered.
package struct Gathered: Sendable {
    /// The works, in the order in which the source names them.
    package var works: [GatheredWork] = []
    /// Requests sent in this run, retries and robots.txt among them.
    package var requests = 0
    /// Pages that were at hand and not asked for.
    package var cachedPages = 0
    /// Pages that the server confirmed as unchanged.
    package var unchangedPages = 0
    /// Pages that are not there or may not be read.
    package var skippedPages: [String] = []

    /// Nothing yet.
    package init() {}
}

/// Gathers works from a site, through a cache in a folder.
package struct Gatherer {
    private let folder: String
    private let options: FetchOptions
    private let skipMissing: Bool
    private let events: GatherEvents

    /// Makes a gatherer.
    ///
    /// - Parameters:
    ///   - cacheFolder: Where pages are kept; made if there is none.
    ///   - options: How to ask for pages.
    ///   - skipMissing: Whether to go without pages that could not be fetched.
    ///   - events: Where to tell what happens.
    package init(
        cacheFolder: String, options: FetchOptions = FetchOptions(), skipMissing: Bool = false,
        events: GatherEvents = GatherEvents()
    ) {
        folder = cacheFolder
        self.options = options
        self.skipMissing = skipMissing
        self.events = events
    }

    /// Gathers all works of a source, one at least; a page that is in the cache is not asked for
    /// again.
    package func gather(_ source: WebSource) throws(ScrapeError) -> Gathered {
        let cache = try PageCache(folder: folder, refresh: options.refresh)
        let fetcher = Fetcher(
            cache: cache, options: options, isCancelled: events.isCancelled, note: events.note)
        var run = GatherRun(fetcher: fetcher, events: events)
        do throws(ScrapeError) {
            switch source {
            case .museum(let base, let lists): try run.museum(base: base, lists: lists)
            case .gutenberg(let base, let books): try run.gutenberg(base: base, books: books)
            }
        } catch {
            switch error {
            // What the server said of a list it may take back: the next refresh has to ask again.
            case .missing, .refused, .noWorks: try cache.finishRound()
            default: break
            }
            throw error
        }
        guard run.failures.isEmpty || skipMissing else {
            throw .incomplete(missing: run.failures, kept: run.pagesDone)
        }
        try cache.finishRound()
        // Nothing gathered is no corpus: it must not take the place of an earlier one.
        guard !run.gathered.works.isEmpty else {
            throw .noWorks(place: source.base.absoluteString)
        }
        run.gathered.requests = fetcher.counts.requests
        run.gathered.cachedPages = fetcher.counts.cached
        run.gathered.unchangedPages = fetcher.counts.unchanged
        return run.gathered
    }
}

/// One run over a source.
struct GatherRun {
    private static let failuresInARow = 3

    let fetcher: Fetcher
    let events: GatherEvents
    var gathered = Gathered()
    /// Addresses that could not be fetched.
    private(set) var failures: [String] = []
    private(set) var pagesDone = 0
    private var latestFailures = 0

    init(fetcher: Fetcher, events: GatherEvents) {
        self.fetcher = fetcher
        self.events = events
    }

    /// A page, or `nil` if there is none to be had, which has been noted.
    private mutating func page(_ url: URL) throws(ScrapeError) -> Page? {
        do throws(ScrapeError) {
            let page = try fetcher.page(url)
            latestFailures = 0
            pagesDone += 1
            return page
        } catch {
            switch error {
            case .missing(let url, let status):
                skip(url, "\(url): not there (status \(status)); left out")
            case .refused(let url):
                skip(url, "\(url): robots.txt does not let programs read it; left out")
            case .denied:
                // Its neighbours may be open: this is no sign that the server is down.
                failures.append(url.absoluteString)
                events.note(error.description)
            case .failed, .tooLarge: try fail(url, error)
            default: throw error
            }
            return nil
        }
    }

    /// Notes that a page could not be fetched; the third in a row ends the run.
    private mutating func fail(_ url: URL, _ error: ScrapeError) throws(ScrapeError) {
        failures.append(url.absoluteString)
        latestFailures += 1
        // Nobody is served by asking a server that is down for a hundred pages.
        guard latestFailures < Self.failuresInARow else { throw error }
        events.note(error.description)
    }

    private mutating func skip(_ url: String, _ text: String) {
        latestFailures = 0
        gathered.skippedPages.append(url)
        events.note(text)
    }

    // MARK: The museum

    mutating func museum(
        base: URL, lists: [(kind: WorkKind, path: String)]
    ) throws(ScrapeError) {
        var links: [(WorkKind, WorkPage.Link)] = []
        var seen: Set<String> = []
        for (kind, path) in lists {
            guard let url = URL(string: path, relativeTo: base)?.absoluteURL else {
                throw .badAddress(path)
            }
            seen.insert(url.absoluteString)
            for link in try list(at: url) where seen.insert(link.url.absoluteString).inserted {
                links.append((kind, link))
            }
        }
        guard !links.isEmpty else { throw .noWorks(place: base.absoluteString) }
        for (index, (kind, link)) in links.enumerated() {
            events.progress(index, links.count, link.text)
            guard let page = try page(link.url) else { continue }
            let source = link.url.absoluteString
            guard
                let work = WorkPage(page)?.work(kind: kind, linkText: link.text, source: source)
            else {
                skip(
                    source, "\(source): no text in an element of the class entry-content; left out")
                continue
            }
            gathered.works.append(work)
        }
        events.progress(links.count, links.count, "")
    }

    /// The links of a list page and of those that go on from it.
    private mutating func list(at start: URL) throws(ScrapeError) -> [WorkPage.Link] {
        var links: [WorkPage.Link] = []
        var seen: Set<String> = []
        var next: URL? = start
        while let url = next, seen.insert(url.absoluteString).inserted, seen.count <= 100 {
            events.progress(0, 1, url.path())
            // Without a list nothing is right: its failure is the run's.
            let page = try fetcher.page(url)
            guard let list = WorkPage(page) else { throw .noWorks(place: url.absoluteString) }
            links += list.workLinks()
            next = list.nextList()
        }
        return links
    }

    // MARK: Gutenberg

    mutating func gutenberg(base: URL, books: [Int]) throws(ScrapeError) {
        var volumes: [[GatheredWork]] = []
        for (index, book) in books.enumerated() {
            events.progress(index, books.count, "book \(book)")
            guard let (page, source) = try volume(base: base, book: book) else { continue }
            let charset = TextDecoding.declared(contentType: page.contentType)
            let text = TextDecoding.text(page.body, declared: charset)
            let works = GutenbergVolume(text, source: source).works()
            if works.isEmpty { skip(source, "\(source): no works found in it; left out") }
            volumes.append(works)
        }
        gathered.works = GutenbergVolume.withoutRepetitions(volumes)
        events.progress(books.count, books.count, "")
    }

    /// The plain text of a book, at the first of its usual addresses that has it.
    private mutating func volume(
        base: URL, book: Int
    ) throws(ScrapeError) -> (Page, String)? {
        let paths = [
            "cache/epub/\(book)/pg\(book).txt", "files/\(book)/\(book)-0.txt",
            "files/\(book)/\(book).txt", "ebooks/\(book).txt.utf-8",
        ]
        let folder = base.absoluteString.hasSuffix("/") ? base.absoluteString : "\(base)/"
        var isRefused = false
        var denial: ScrapeError?
        for path in paths {
            guard let url = URL(string: folder + path) else { throw .badAddress(folder) }
            do throws(ScrapeError) {
                let page = try fetcher.page(url)
                pagesDone += 1
                latestFailures = 0
                return (page, url.absoluteString)
            } catch {
                switch error {
                case .missing: continue
                case .refused: isRefused = true
                case .denied: denial = error
                case .failed, .tooLarge:
                    try fail(url, error)
                    return nil
                default: throw error
                }
            }
        }
        let place = folder + "ebooks/\(book)"
        if let denial {
            failures.append(place)
            events.note(denial.description)
            return nil
        }
        let addresses =
            isRefused
            ? "an address that robots.txt lets programs read" : "any of its usual addresses"
        skip(place, "\(place): no plain text at \(addresses); left out")
        return nil
    }
}
