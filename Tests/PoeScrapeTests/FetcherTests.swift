import Foundation
import PoeScrape
import PoeTestSupport
import Synchronization
import Testing

/// One test at a time: each starts a server of its own, and the machine may be small.
@Suite(.serialized) struct FetcherTests {
    private let server: LoopbackServer
    private let folder: TemporaryFolder

    init() throws {
        server = try LoopbackServer()
        folder = try TemporaryFolder()
    }

    private func fetcher(
        _ options: FetchOptions = .quick, isCancelled: @escaping () -> Bool = { false }
    ) throws -> Fetcher {
        Fetcher(
            cache: try PageCache(folder: folder.path, refresh: options.refresh), options: options,
            isCancelled: isCancelled, note: { _ in })
    }

    private func url(_ path: String) throws -> URL { try #require(URL(string: server.base + path)) }

    private func text(_ path: String, _ options: FetchOptions = .quick) throws -> String {
        String(decoding: try fetcher(options).page(try url(path)).body, as: UTF8.self)
    }

    @Test func pageIsFetchedOnceAndKept() throws {
        server.set("/a/", .html("<p>café</p>"))
        let options = FetchOptions.quick
        #expect(try text("/a/") == "<p>café</p>")
        #expect(try text("/a/") == "<p>café</p>")
        #expect(server.count("/a/") == 1)
        #expect(server.count("/robots.txt") == 1)
        #expect(server.requests.last?.headers["user-agent"] == options.userAgent)
        server.stop()
    }

    @Test func faultsThatPassAreTriedAgain() throws {
        let page = LoopbackServer.Answer.html("<p>at last</p>")
        let body = Data(repeating: 65, count: 10_000)
        server.set("/e/", .status(500), .status(503), page)
        server.set("/w/", .status(429, headers: ["Retry-After": "0"]), page)
        server.set("/c/", .cut(body), .hangUp, page)
        for path in ["/e/", "/w/", "/c/"] {
            #expect(try text(path) == "<p>at last</p>", "\(path)")
        }
        #expect(["/e/", "/w/", "/c/"].map(server.count) == [3, 2, 3])
        #expect(server.mostAtOnce == 1)
        server.stop()
    }

    @Test func silenceIsNotWaitedForForEver() throws {
        server.set("/s/", .silence, .html("<p>awake</p>"))
        var options = FetchOptions.quick
        options.timeout = 0.3
        #expect(try text("/s/", options) == "<p>awake</p>")
        server.stop()
    }

    @Test func insecureConnectionsAreToldAndNotTriedAgain() throws {
        let address = try #require(URL(string: "https://127.0.0.1:\(server.port)/a/"))
        var notes: [String] = []
        let fetcher = Fetcher(
            cache: try PageCache(folder: folder.path, refresh: false), options: .quick,
            isCancelled: { false }, note: { notes.append($0) })
        let error = #expect(throws: ScrapeError.self) { _ = try fetcher.page(address) }
        let start = "https://127.0.0.1:\(server.port)/robots.txt: no secure connection: "
        #expect(error?.description.hasPrefix(start) == true, "\(String(describing: error))")
        #expect(notes.isEmpty)
        server.stop()
    }

    @Test func faultsThatStayAreToldAndNotKept() throws {
        server.set("/e/", .status(502))
        var options = FetchOptions.quick
        options.retries = 2
        let address = try url("/e/")
        #expect(
            throws: ScrapeError.failed(
                url: address.absoluteString, reason: "the server answered 502", attempts: 3)
        ) { try fetcher(options).page(address) }
        #expect(server.count("/e/") == 3)
        server.set("/e/", .html("<p>better</p>"))
        #expect(try text("/e/") == "<p>better</p>")
        server.stop()
    }

    /// Redirects and second tries pause too; the longer wish counts.
    @Test(
        arguments: [
            ("Allow: /", .seconds(0.2)), ("Crawl-delay: 0.3", .seconds(0.3)),
            ("Crawl-delay: 0.1", .seconds(0.2)),
        ] as [(String, Duration)])
    func requestsArePartedByTheDelay(rule: String, delay: Duration) throws {
        let rules = Data("User-agent: *\n\(rule)\n".utf8)
        server.set("/robots.txt", .page(rules, type: "text/plain"))
        server.set("/a/", .status(302, headers: ["Location": "/b/"]))
        server.set("/b/", .status(503), .html("b"))
        var options = FetchOptions.quick
        options.delay = 0.2
        #expect(try text("/a/", options) == "b")
        #expect(server.requests.map(\.path) == ["/robots.txt", "/a/", "/b/", "/b/"])
        let instants = server.requests.map(\.instant)
        // Only how long it is at least: a slow machine takes longer.
        for (earlier, later) in zip(instants, instants.dropFirst()) {
            #expect(later - earlier >= delay)
        }
        server.stop()
    }

    @Test func longWaitIsLeftToThePerson() throws {
        server.set("/w/", .status(429, headers: ["Retry-After": "4000"]))
        let address = try url("/w/")
        #expect(throws: ScrapeError.askedToWait(url: address.absoluteString, seconds: 4_000)) {
            try fetcher().page(address)
        }
        #expect(server.count("/w/") == 1)
        server.stop()
    }

    @Test func waitMayBeLongerThanAnInteger() throws {
        server.set("/w/", .status(503, headers: ["Retry-After": "99999999999999999999"]))
        let address = try url("/w/")
        #expect(
            throws: ScrapeError.askedToWait(url: address.absoluteString, seconds: 1_000_000_000)
        ) { try fetcher().page(address) }
        server.stop()
    }

    @Test func retryAfterMayBeADate() throws {
        #expect(Fetcher.retryAfter("12") == 12)
        #expect(Fetcher.retryAfter("Fri, 01 Jan 2010 00:00:00 GMT") == 0)
        #expect(try #require(Fetcher.retryAfter("Fri, 01 Jan 2100 00:00:00 GMT")) > 1e6)
        #expect(Fetcher.retryAfter("soon") == nil)
    }

    @Test func missingPageIsNotAskedForTwice() throws {
        let address = try url("/gone/")
        let expected = ScrapeError.missing(url: address.absoluteString, status: 404)
        #expect(throws: expected) { try fetcher().page(address) }
        #expect(throws: expected) { try fetcher().page(address) }
        #expect(server.count("/gone/") == 1)
        server.stop()
    }

    /// A firewall that steps in during a refresh takes no page away.
    @Test func refusalsSayNothingOfThePage() throws {
        server.set("/a/", .html("kept"))
        #expect(try text("/a/") == "kept")
        var options = FetchOptions.quick
        options.refresh = true
        let address = try url("/a/")
        for status in [401, 403, 451] {
            server.set("/a/", .status(status))
            #expect(
                throws: ScrapeError.denied(url: address.absoluteString, status: status)
            ) { try fetcher(options).page(address) }
        }
        #expect(try text("/a/") == "kept")
        #expect(server.count("/a/") == 4)
        server.set("/a/", .status(410))
        #expect(throws: ScrapeError.missing(url: address.absoluteString, status: 410)) {
            try fetcher(options).page(address)
        }
        server.stop()
    }

    @Test func hugePagesAreRefused() throws {
        server.set("/promised/", .html(String(repeating: "a", count: 5_000)))
        server.set("/endless/", .endless)
        server.set("/head/", .endlessHead)
        server.set("/packed/", try packed())
        var options = FetchOptions.quick
        options.maximumBytes = 4_000
        for path in ["/promised/", "/endless/", "/head/", "/packed/"] {
            let address = try url(path)
            #expect(throws: ScrapeError.tooLarge(url: address.absoluteString, limit: 4_000)) {
                try fetcher(options).page(address)
            }
            #expect(server.count(path) == 1)
            // The rest is not read in silence.
            for _ in 0..<500 where server.openNow > 0 { Thread.sleep(forTimeInterval: 0.01) }
            #expect(server.openNow == 0, "\(path)")
        }
        server.stop()
    }

    @Test func packedPagesAreUnpacked() throws {
        server.set("/packed/", try packed())
        let expected = "<p>\(String(repeating: "a", count: 5_000))</p>"
        #expect(try text("/packed/") == expected)
        #expect(server.requests.last?.headers["accept-encoding"]?.contains("gzip") == true)
        server.stop()
    }

    /// A page of 5,007 bytes, 5,000 of them one letter, sent as 49 by gzip.
    private func packed() throws -> LoopbackServer.Answer {
        let bytes = try #require(
            Data(
                base64Encoded:
                    "H4sIAAAAAAACA+3BMREAAAgEoEgW+LOLDew/mcINyPYAAAAAAO9S2wciwyhZjxMAAA=="))
        return .page(bytes, headers: ["Content-Encoding": "gzip"])
    }

    @Test func robotsIsObeyed() throws {
        let rules = "User-agent: *\nDisallow: /secret/\n"
        server.set("/robots.txt", .page(Data(rules.utf8), type: "text/plain"))
        server.set("/open/", .status(302, headers: ["Location": "/secret/"]))
        let (open, secret) = (try url("/open/"), try url("/secret/"))
        for address in [secret, open] {
            #expect(throws: ScrapeError.refused(url: secret.absoluteString)) {
                try fetcher().page(address)
            }
        }
        #expect(server.count("/secret/") == 0)
        server.stop()
    }

    @Test func serverThatCannotSayItsRulesIsLeftAlone() throws {
        server.set("/robots.txt", .status(503))
        server.set("/a/", .html("a"))
        let address = try url("/a/")
        #expect(throws: ScrapeError.self) { try fetcher().page(address) }
        #expect(server.count("/a/") == 0)
        server.stop()
    }

    @Test func rulesThatFailAreNotAskedForAgain() throws {
        server.set("/robots.txt", .status(503))
        var options = FetchOptions.quick
        options.retries = 0
        let fetcher = try fetcher(options)
        let addresses = [try url("/a/"), try url("/b/")]
        for address in addresses {
            #expect(throws: ScrapeError.self) { try fetcher.page(address) }
        }
        #expect(server.count("/robots.txt") == 1)
        server.stop()
    }

    @Test func refusedRulesAreNone() throws {
        server.set("/robots.txt", .status(403))
        for path in ["/a/", "/b/"] {
            server.set(path, .html(path))
            #expect(try text(path) == path)
        }
        #expect(server.count("/robots.txt") == 1)
        server.stop()
    }

    @Test func rulesOfYesterdayAreAskedForBeforeAPage() throws {
        for path in ["/a/", "/b/", "/c/"] { server.set(path, .html(path)) }
        _ = try text("/a/")
        let twoDaysAgo = Date(timeIntervalSinceNow: -172_800)
        for name in try folder.contents().keys where name.hasSuffix(".json") {
            try FileManager.default.setAttributes(
                [.modificationDate: twoDaysAgo], ofItemAtPath: folder.path + "/" + name)
        }
        #expect(try text("/a/") == "/a/")
        #expect(server.count("/robots.txt") == 1)
        let rules = "User-agent: *\nDisallow: /c/\n"
        server.set("/robots.txt", .page(Data(rules.utf8), type: "text/plain"))
        #expect(try text("/b/") == "/b/")
        let forbidden = try url("/c/")
        #expect(throws: ScrapeError.refused(url: forbidden.absoluteString)) {
            try fetcher().page(forbidden)
        }
        #expect(server.count("/robots.txt") == 2)
        #expect(server.count("/a/") == 1)
        server.stop()
    }

    @Test func redirectsAreFollowedWithinTheSite() throws {
        server.set("/old/", .status(301, headers: ["Location": "\(server.base)/new/"]))
        server.set("/new/", .html("<p>here</p>"))
        server.set("/round/", .status(302, headers: ["Location": "/round/"]))
        server.set("/away/", .status(302, headers: ["Location": "https://example.org/"]))
        let page = try fetcher().page(try url("/old/"))
        #expect(page.url == (try url("/new/")))
        #expect(throws: ScrapeError.self) { try fetcher().page(try url("/round/")) }
        #expect(throws: ScrapeError.self) { try fetcher().page(try url("/away/")) }
        #expect(server.count("/round/") == 6)
        server.stop()
    }

    @Test func refreshAsksOnlyWhetherPagesChanged() throws {
        server.set("/tag/", .html("one", headers: ["ETag": "\"1\""]))
        server.set(
            "/date/", .html("two", headers: ["Last-Modified": "Mon, 01 Jan 2024 10:00:00 GMT"]))
        _ = try text("/tag/")
        _ = try text("/date/")
        server.set(
            "/date/", .html("new", headers: ["Last-Modified": "Tue, 02 Jan 2024 10:00:00 GMT"]))
        var options = FetchOptions.quick
        options.refresh = true
        do {
            let cache = try PageCache(folder: folder.path, refresh: true)
            let fetcher = Fetcher(
                cache: cache, options: options, isCancelled: { false }, note: { _ in })
            #expect(
                String(decoding: try fetcher.page(try url("/tag/")).body, as: UTF8.self) == "one")
            #expect(fetcher.counts.unchanged == 1)
        }
        // The refresh was broken off here; it goes on with what it has not asked about.
        #expect(try text("/tag/", options) == "one")
        #expect(try text("/date/", options) == "new")
        #expect(server.count("/tag/") == 2)
        #expect(server.count("/date/") == 2)
        #expect(
            server.requests.last?.headers["if-modified-since"] == "Mon, 01 Jan 2024 10:00:00 GMT")
        server.stop()
    }

    @Test func damagedCacheIsFetchedAnew() throws {
        server.set("/a/", .html("whole"))
        _ = try text("/a/")
        for name in try folder.contents().keys where name.hasSuffix(".body") {
            try folder.write("tor", to: name)
        }
        #expect(try text("/a/") == "whole")
        #expect(server.count("/a/") == 2)
        server.stop()
    }

    @Test func stopIsHeardWhileTheServerIsSilent() throws {
        server.set("/robots.txt", .status(404))
        server.set("/s/", .silence)
        let address = try url("/s/")
        let server = server
        let fetcher = try fetcher { server.count("/s/") > 0 }
        #expect(throws: ScrapeError.interrupted) { try fetcher.page(address) }
        server.stop()
    }

    @Test func cacheHasOneOwner() throws {
        let first = try PageCache(folder: folder.path, refresh: false)
        #expect(throws: ScrapeError.locked(folder: folder.path)) {
            try PageCache(folder: folder.path, refresh: false)
        }
        withExtendedLifetime(first) {}
    }

    @Test func nobodyListens() throws {
        let address = try url("/a/")
        server.stop()
        var options = FetchOptions.quick
        options.retries = 1
        #expect(throws: ScrapeError.self) { try fetcher(options).page(address) }
    }
}
