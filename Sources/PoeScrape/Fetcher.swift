package import Foundation

/// How pages are asked for.
package struct FetchOptions: Sendable {
    /// Seconds between the end of a request and the next one; a longer wish of robots.txt counts.
    package var delay = 1.0
    /// Seconds without a byte after which an answer counts as lost.
    package var timeout = 30.0
    /// How often a request that failed in a way that may pass is made again.
    package var retries = 4
    /// Seconds before the first of these; each further one waits twice as long.
    package var retryWait = 2.0
    /// Bytes that a page may have.
    package var maximumBytes = 20_000_000
    /// Whether to ask the server about pages that are there already.
    package var refresh = false
    /// What the program calls itself; its first letters, hyphens and underscores are its name for
    /// robots.txt.
    package var userAgent = "poe-scrape/0.1 (gathers a corpus for a small language model)"

    /// The defaults.
    package init() {}
}

/// A page at hand.
package struct Page: Sendable {
    /// The address it has after redirects.
    package var url: URL
    /// Its bytes.
    package var body: [UInt8]
    /// `Content-Type`, as the server gave it.
    package var contentType: String?

    /// Makes a page.
    package init(url: URL, body: [UInt8], contentType: String?) {
        self.url = url
        self.body = body
        self.contentType = contentType
    }
}

/// Gets pages politely: robots.txt, one request at a time, a delay, retries, a cache.
package final class Fetcher {
    /// What was done.
    package struct Counts: Equatable {
        /// Requests sent, those for robots.txt, redirects and retries among them.
        package var requests = 0
        /// Pages that were at hand.
        package var cached = 0
        /// Pages that the server said are still the same.
        package var unchanged = 0
    }

    /// Longest pause that a server may ask for, in seconds.
    static let longestWait = 300.0
    /// Seconds for which a robots.txt may be kept (RFC 9309, 2.4).
    private static let rulesLast = 86_400.0

    /// What was done so far.
    package private(set) var counts = Counts()
    private let options: FetchOptions
    private let cache: PageCache
    private let client: HTTPClient
    private let isCancelled: () -> Bool
    private let note: (String) -> Void
    /// What came of asking for each origin's robots.txt; one that failed is not asked for again.
    private var robots: [String: Result<RobotsRules, ScrapeError>] = [:]
    private var lastRequest: ContinuousClock.Instant?

    /// Makes a fetcher.
    package init(
        cache: PageCache, options: FetchOptions, isCancelled: @escaping () -> Bool,
        note: @escaping (String) -> Void
    ) {
        self.cache = cache
        self.options = options
        self.isCancelled = isCancelled
        self.note = note
        client = HTTPClient(
            userAgent: options.userAgent, timeout: options.timeout,
            maximumBytes: options.maximumBytes)
    }

    /// The page at an address, from the cache or from the server.
    package func page(_ url: URL) throws(ScrapeError) -> Page {
        if isCancelled() { throw .interrupted }
        return try load(url) { next throws(ScrapeError) in try self.checkRobots(next) }
    }

    /// - Parameter check: Whether an address may be asked for; called before each new one.
    private func load(
        _ url: URL, isRobots: Bool = false, check: (URL) throws(ScrapeError) -> Void
    ) throws(ScrapeError) -> Page {
        let address = url.absoluteString
        let maximumAge = isRobots ? Self.rulesLast : .infinity
        if let (record, body) = cache.fresh(address, maximumAge: maximumAge),
            Self.isKept(record.status, isRobots: isRobots)
        {
            counts.cached += 1
            return try page(record, body)
        }
        try check(url)
        let earlier = cache.stored(address)
        var (target, hops) = (url, 0)
        while true {
            let response = try answer(target, earlier: hops == 0 ? earlier?.0 : nil)
            switch response.status {
            case 304:
                guard let (record, body) = earlier else {
                    throw .failed(url: address, reason: "answered 304 unasked", attempts: 1)
                }
                counts.unchanged += 1
                try cache.confirm(record)
                return try page(record, body)
            case 301, 302, 303, 307, 308:
                hops += 1
                target = try redirect(from: target, response, hops: hops)
                try check(target)
            default:
                guard Self.isKept(response.status, isRobots: isRobots) else {
                    throw .denied(url: target.absoluteString, status: response.status)
                }
                try cache.store(response, url: address, finalURL: target.absoluteString)
                guard let (record, body) = cache.stored(address) else {
                    throw .damaged(path: address)
                }
                return try page(record, body)
            }
        }
    }

    /// Whether an answer takes a page's place in the cache: the page, or word that there is none.
    ///
    /// Any other refusal, such as a firewall's 403, says nothing of the page. For robots.txt it
    /// says that there are no rules (RFC 9309, 2.3.1.3).
    private static func isKept(_ status: Int, isRobots: Bool) -> Bool {
        status == 200 || status == 404 || status == 410
            || (isRobots && (400..<500).contains(status))
    }

    private func page(
        _ record: PageCache.Record, _ body: [UInt8]
    ) throws(ScrapeError) -> Page {
        guard record.status == 200, let url = URL(string: record.finalURL) else {
            throw .missing(url: record.url, status: record.status)
        }
        return Page(url: url, body: body, contentType: record.contentType)
    }

    /// Where a redirect leads; only within the site, so that its rules and its consent go along.
    private func redirect(
        from url: URL, _ response: HTTPResponse, hops: Int
    ) throws(ScrapeError) -> URL {
        guard hops <= 5 else {
            throw .failed(url: url.absoluteString, reason: "redirects go on and on", attempts: 1)
        }
        guard let location = response.headers["location"],
            let target = URL(string: location, relativeTo: url)?.absoluteURL,
            ["http", "https"].contains(target.scheme ?? "")
        else {
            throw .failed(
                url: url.absoluteString, reason: "redirects to no address", attempts: 1)
        }
        guard Self.site(target) == Self.site(url) else {
            throw .failed(
                url: url.absoluteString,
                reason: "redirects to another site, \(target.host() ?? location)", attempts: 1)
        }
        return target
    }

    private static func site(_ url: URL) -> String {
        let host = (url.host() ?? "").lowercased()
        return (host.hasPrefix("www.") ? String(host.dropFirst(4)) : host)
            + (url.port.map { ":\($0)" } ?? "")
    }

    // MARK: robots.txt

    private func checkRobots(_ url: URL) throws(ScrapeError) {
        let origin = "\(url.scheme ?? "")://\(url.host() ?? "")" + (url.port.map { ":\($0)" } ?? "")
        let rules = try rules(origin)
        let query = url.query(percentEncoded: true).map { "?" + $0 } ?? ""
        let path = url.path(percentEncoded: true)
        guard rules.allows((path.isEmpty ? "/" : path) + query) else {
            throw .refused(url: url.absoluteString)
        }
        // A site may ask for long pauses; a minute is the most that can be meant for a few pages.
        delay = max(options.delay, min(rules.crawlDelay ?? 0, 60))
    }

    private lazy var delay = options.delay

    private func rules(_ origin: String) throws(ScrapeError) -> RobotsRules {
        if let known = robots[origin] { return try known.get() }
        do throws(ScrapeError) {
            let rules = try readRobots(origin)
            robots[origin] = .success(rules)
            return rules
        } catch {
            robots[origin] = .failure(error)
            throw error
        }
    }

    private func readRobots(_ origin: String) throws(ScrapeError) -> RobotsRules {
        guard let url = URL(string: origin + "/robots.txt") else { throw .badAddress(origin) }
        do throws(ScrapeError) {
            let page = try load(url, isRobots: true) { _ throws(ScrapeError) in }
            return RobotsRules(
                String(decoding: page.body.prefix(512_000), as: UTF8.self),
                agent: options.userAgent)
        } catch {
            // No such file, no rules. A server that cannot say is not asked for more.
            guard case .missing = error else { throw error }
            return .none
        }
    }

    // MARK: One request

    /// The server's answer; what may pass is tried again.
    ///
    /// It is 200, 304, a redirect, or a refusal that asking again at once would not change.
    private func answer(
        _ url: URL, earlier: PageCache.Record?
    ) throws(ScrapeError) -> HTTPResponse {
        var headers = ["Accept": "text/html, text/plain;q=0.9, */*;q=0.1"]
        headers["If-None-Match"] = earlier?.etag
        headers["If-Modified-Since"] = earlier?.lastModified
        var attempt = 0
        while true {
            attempt += 1
            try pauseBetweenRequests()
            let (reason, wish) = try attemptOnce(url, headers)
            guard let reason else { return wish.response }
            guard attempt <= options.retries else {
                throw .failed(url: url.absoluteString, reason: reason, attempts: attempt)
            }
            if let seconds = wish.retryAfter, seconds > Self.longestWait {
                throw .askedToWait(url: url.absoluteString, seconds: Int(seconds.rounded(.up)))
            }
            let backOff = options.retryWait * Double(1 << min(attempt - 1, 6))
            let pause = max(wish.retryAfter ?? 0, min(backOff, Self.longestWait))
            note("\(url.absoluteString): \(reason); trying again in \(Self.seconds(pause))")
            try sleep(seconds: pause)
        }
    }

    private struct Wish {
        var response = HTTPResponse(status: 0, headers: [:], body: [])
        var retryAfter: Double?
    }

    /// - Returns: Why to try again, if so, and the answer.
    private func attemptOnce(
        _ url: URL, _ headers: [String: String]
    ) throws(ScrapeError) -> (String?, Wish) {
        counts.requests += 1
        defer { lastRequest = .now }
        let response: HTTPResponse
        do throws(HTTPFailure) {
            response = try client.get(url, headers: headers, isCancelled: isCancelled)
        } catch {
            switch error {
            case .cancelled: throw .interrupted
            case .tooLarge: throw .tooLarge(url: url.absoluteString, limit: options.maximumBytes)
            case .insecure(let reason):
                throw .insecure(url: url.absoluteString, reason: reason)
            case .transport(let reason): return (reason, Wish())
            }
        }
        let status = response.status
        let mayPass = [408, 425, 429].contains(status) || status >= 500
        let isOdd = status < 200 || (201..<300).contains(status)
        guard mayPass || isOdd else { return (nil, Wish(response: response)) }
        let wish = response.headers["retry-after"].flatMap(Self.retryAfter)
        return ("the server answered \(status)", Wish(response: response, retryAfter: wish))
    }

    /// Seconds of a `Retry-After`, which may be a number or a date; at most 1e9, thirty years.
    package static func retryAfter(_ value: String) -> Double? {
        // What a server writes need not fit into an integer.
        if let seconds = Double(value), seconds.isFinite { return min(max(0, seconds), 1e9) }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: value).map { min(max(0, $0.timeIntervalSinceNow), 1e9) }
    }

    private func pauseBetweenRequests() throws(ScrapeError) {
        guard let lastRequest else { return }
        let elapsed = (ContinuousClock.now - lastRequest) / .seconds(1)
        try sleep(seconds: delay - elapsed)
    }

    /// Waits, and looks many times a second whether to stop.
    private func sleep(seconds: Double) throws(ScrapeError) {
        let end = ContinuousClock.now + .seconds(max(0, seconds))
        while true {
            if isCancelled() { throw .interrupted }
            let left = (end - .now) / .seconds(1)
            guard left > 0 else { return }
            Thread.sleep(forTimeInterval: min(left, 0.05))
        }
    }

    private static func seconds(_ value: Double) -> String {
        value < 10 ? "\((value * 10).rounded() / 10) s" : "\(Int(value.rounded())) s"
    }
}
