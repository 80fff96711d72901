internal import CCurl
internal import Foundation

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
    /// The server cannot prove who it is, or speaks no TLS; the text is libcurl's own.
    case insecure(String)
    /// No connection, a cut one, or no bytes for too long; the text says which.
    case transport(String)
}

/// Asks for one page at a time, through libcurl; redirects are the caller's to follow.
///
/// Not thread-safe. Everything happens on the thread that waits for the answer, and a request that
/// is given up has ended when `get` returns.
@safe final class HTTPClient {
    /// Seconds without a byte after which an answer counts as lost.
    let timeout: Double
    /// Bytes that a body may have.
    let maximumBytes: Int
    private let userAgent: String
    /// libcurl's set of transfers: it keeps connections from one request to the next.
    private let transfers: UnsafeMutableRawPointer?

    /// libcurl's own state, set up before anything else of it is called.
    private static let isSetUp = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(userAgent: String, timeout: Double, maximumBytes: Int) {
        self.timeout = timeout
        self.maximumBytes = maximumBytes
        self.userAgent = userAgent
        unsafe transfers = Self.isSetUp ? curl_multi_init() : nil
    }

    deinit { unsafe _ = curl_multi_cleanup(transfers) }

    /// Gets a page; looks at `isCancelled` many times a second.
    func get(
        _ url: URL, headers: [String: String], isCancelled: () -> Bool
    ) throws(HTTPFailure) -> HTTPResponse {
        guard let transfers = unsafe transfers,
            let transfer = HTTPTransfer(
                url, headers: headers, userAgent: userAgent, maximumBytes: maximumBytes)
        else { throw .transport("libcurl cannot be set up") }
        unsafe curl_multi_add_handle(transfers, transfer.handle)
        defer { unsafe _ = curl_multi_remove_handle(transfers, transfer.handle) }
        let start = ContinuousClock.now
        while unsafe isUnderWay(transfers) {
            if isCancelled() { throw .cancelled }
            let now = ContinuousClock.now
            // A server that drips bytes for ever is no better than one that says nothing.
            guard now - transfer.lastSign < .seconds(timeout), now - start < .seconds(20 * timeout)
            else { throw .transport("no answer within \(Int(timeout.rounded(.up))) seconds") }
            unsafe curl_multi_poll(transfers, nil, 0, 50, nil)
        }
        try check(unsafe ccurl_result(transfers), transfer)
        return HTTPResponse(
            status: transfer.status, headers: transfer.headers, body: transfer.body)
    }

    /// Sends and receives what can be at once.
    ///
    /// A server that is fast enough keeps libcurl in this call, but not beyond the limit in bytes.
    private func isUnderWay(_ transfers: UnsafeMutableRawPointer) -> Bool {
        var count: Int32 = 0
        return unsafe curl_multi_perform(transfers, &count) == CURLM_OK && count > 0
    }

    private func check(_ result: CURLcode, _ transfer: HTTPTransfer) throws(HTTPFailure) {
        if transfer.isTooLarge { throw .tooLarge }
        switch result {
        case CURLE_OK: return
        case CURLE_FILESIZE_EXCEEDED: throw .tooLarge
        case CURLE_COULDNT_RESOLVE_HOST: throw .transport("the host is not known")
        case CURLE_COULDNT_CONNECT: throw .transport("no connection to the host")
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            throw .transport("the connection was cut")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_INVALIDCERTSTATUS:
            throw .insecure(transfer.reason(result))
        default: throw .transport(transfer.reason(result))
        }
    }
}
