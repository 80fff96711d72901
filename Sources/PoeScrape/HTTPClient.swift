internal import Foundation
internal import Synchronization

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// What a server answered.
struct HTTPResponse: Sendable {
    /// The status code.
    var status: Int
    /// Header fields by their names in lower case.
    var headers: [String: String]
    /// The body, decompressed.
    var body: [UInt8]
}

/// Why there is no answer.
enum HTTPFailure: Error, Equatable {
    /// The caller's `isCancelled` said so.
    case cancelled
    /// The body is longer than the limit.
    case tooLarge
    /// The server cannot prove who it is, or speaks no TLS; the text is the HTTP stack's own.
    case insecure(String)
    /// No connection, a cut one, or no bytes for too long; the text says which.
    case transport(String)
}

/// Asks for one page at a time, over the system's HTTP stack; redirects are the caller's to follow.
///
/// Not thread-safe: one thread owns it and waits for each answer.
final class HTTPClient {
    /// Seconds without a byte after which an answer counts as lost.
    let timeout: Double
    /// Bytes that a body may have.
    let maximumBytes: Int
    private let userAgent: String
    private var session: URLSession
    private var receiver: Receiver

    init(userAgent: String, timeout: Double, maximumBytes: Int) {
        self.timeout = timeout
        self.maximumBytes = maximumBytes
        self.userAgent = userAgent
        (session, receiver) = Self.open(userAgent: userAgent, maximumBytes: maximumBytes)
    }

    private static func open(userAgent: String, maximumBytes: Int) -> (URLSession, Receiver) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.urlCache = nil
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.httpCookieAcceptPolicy = .never
        configuration.httpShouldSetCookies = false
        configuration.httpMaximumConnectionsPerHost = 1
        configuration.httpAdditionalHeaders = ["User-Agent": userAgent]
        // The deadlines are kept here, where they are exact and can be broken off.
        configuration.timeoutIntervalForRequest = 86_400
        let receiver = Receiver(maximumBytes: maximumBytes)
        let session = URLSession(
            configuration: configuration, delegate: receiver, delegateQueue: nil)
        return (session, receiver)
    }

    deinit { session.invalidateAndCancel() }

    /// Gets a page; looks at `isCancelled` many times a second.
    func get(
        _ url: URL, headers: [String: String], isCancelled: () -> Bool
    ) throws(HTTPFailure) -> HTTPResponse {
        var request = URLRequest(url: url)
        request.timeoutInterval = 86_400
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        receiver.begin()
        let task = session.dataTask(with: request)
        task.resume()
        let start = ContinuousClock.now
        while !receiver.waitForEnd(milliseconds: 50) {
            if isCancelled() {
                abandon(task)
                throw .cancelled
            }
            if receiver.isTooLarge {
                abandon(task)
                throw .tooLarge
            }
            let now = ContinuousClock.now
            // A server that drips bytes for ever is no better than one that says nothing.
            guard now - receiver.lastSign < .seconds(timeout), now - start < .seconds(20 * timeout)
            else {
                abandon(task)
                throw .transport("no answer within \(Int(timeout.rounded(.up))) seconds")
            }
        }
        return try receiver.result()
    }

    /// Ends a request before its answer has ended.
    private func abandon(_ task: URLSessionDataTask) {
        // libcurl may read on for as long as there is something to read, and hears of nothing
        // meanwhile; `cancel` waits for it, and nobody here waits for `cancel`.
        Thread.detachNewThread { task.cancel() }
        guard !receiver.waitForEnd(milliseconds: 1_000) else { return }
        // What still comes of this task must not be taken for the next one's.
        let old = session
        Thread.detachNewThread { old.invalidateAndCancel() }
        (session, receiver) = Self.open(userAgent: userAgent, maximumBytes: maximumBytes)
    }
}

/// Collects one answer on the session's own queue.
private final class Receiver: NSObject, URLSessionDataDelegate, Sendable {
    private struct State {
        var response: HTTPURLResponse?
        var body: [UInt8] = []
        var failure: HTTPFailure?
        var lastSign = ContinuousClock.now
        var isTooLarge = false
    }

    private let maximumBytes: Int
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    func begin() { state.withLock { $0 = State() } }

    /// When the server last gave a sign of life.
    var lastSign: ContinuousClock.Instant { state.withLock { $0.lastSign } }

    func waitForEnd(milliseconds: Int) -> Bool {
        ended.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
    }

    /// Whether more came than is taken; the rest is dropped.
    var isTooLarge: Bool { state.withLock(\.isTooLarge) }

    func result() throws(HTTPFailure) -> HTTPResponse {
        let state = state.withLock { $0 }
        if state.isTooLarge { throw .tooLarge }
        if let failure = state.failure { throw failure }
        guard let response = state.response else { throw .transport("no answer") }
        var headers: [String: String] = [:]
        for (name, value) in response.allHeaderFields {
            headers["\(name)".lowercased()] = "\(value)"
        }
        let isPlain = headers["content-encoding"] == nil
        if isPlain, let length = headers["content-length"].flatMap({ Int($0) }),
            length != state.body.count, !(300..<400).contains(response.statusCode)
        {
            throw .transport("the connection was cut")
        }
        return HTTPResponse(status: response.statusCode, headers: headers, body: state.body)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        let isTooLarge = response.expectedContentLength > Int64(maximumBytes)
        state.withLock {
            $0.response = response as? HTTPURLResponse
            $0.lastSign = .now
            $0.isTooLarge = isTooLarge
        }
        completionHandler(isTooLarge ? .cancel : .allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        state.withLock { state in
            state.lastSign = .now
            state.isTooLarge = state.isTooLarge || state.body.count + data.count > maximumBytes
            if !state.isTooLarge { state.body += data }
        }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        state.withLock { $0.response = response }
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
        state.withLock { state in
            if let response = task.response as? HTTPURLResponse { state.response = response }
            if let error { state.failure = Self.failure(error) }
        }
        ended.signal()
    }

    private static func failure(_ error: any Error) -> HTTPFailure {
        let words = error.localizedDescription
        switch (error as? URLError)?.code {
        case .cannotFindHost?, .dnsLookupFailed?: return .transport("the host is not known")
        case .cannotConnectToHost?: return .transport("no connection to the host")
        case .networkConnectionLost?: return .transport("the connection was cut")
        case .timedOut?: return .transport("no answer in time")
        case .secureConnectionFailed?, .serverCertificateUntrusted?,
            .serverCertificateHasBadDate?, .serverCertificateNotYetValid?,
            .serverCertificateHasUnknownRoot?:
            return .insecure(words)
        default:
            // Off Apple's systems all of these have one code, and only the text tells them apart.
            let isAboutTLS = ["SSL", "TLS", "certificate"].contains { words.contains($0) }
            return isAboutTLS ? .insecure(words) : .transport("the connection failed or was cut")
        }
    }
}
