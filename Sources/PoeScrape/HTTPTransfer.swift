internal import CCurl
internal import Foundation

/// One request and what has come of its answer.
///
/// It stays at its place in memory: libcurl holds its address.
@safe final class HTTPTransfer {
    /// libcurl's handle of it.
    let handle: UnsafeMutableRawPointer
    /// When the server last gave a sign of life.
    private(set) var lastSign = ContinuousClock.now
    /// Header fields by their names in lower case; what a field says twice, with a comma between.
    private(set) var headers: [String: String] = [:]
    /// The body so far, decompressed.
    private(set) var body: [UInt8] = []
    /// Whether more came than is taken, which ends the transfer.
    private(set) var isTooLarge = false

    private let maximumBytes: Int
    private var headerBytes = 0
    private var fields: UnsafeMutablePointer<curl_slist>?
    /// Room for libcurl's own words about what went wrong.
    private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// - Returns: Nothing where libcurl has no memory for it.
    init?(_ url: URL, headers: [String: String], userAgent: String, maximumBytes: Int) {
        guard let handle = unsafe curl_easy_init() else { return nil }
        unsafe self.handle = handle
        self.maximumBytes = maximumBytes
        unsafe words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        for (name, value) in headers {
            unsafe fields = curl_slist_append(fields, "\(name): \(value)")
        }
        setUp(url, userAgent)
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(fields)
        unsafe words.deallocate()
    }

    private func setUp(_ url: URL, _ userAgent: String) {
        unsafe ccurl_set_text(handle, CURLOPT_URL, url.absoluteString)
        unsafe ccurl_set_text(handle, CURLOPT_USERAGENT, userAgent)
        unsafe ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, fields)
        // Every encoding that this libcurl can undo.
        unsafe ccurl_set_text(handle, CURLOPT_ACCEPT_ENCODING, "")
        unsafe ccurl_set_size(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(maximumBytes))
        unsafe ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, words)
        unsafe ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        // Certificates of an authority of one's own, by the name that OpenSSL gave the variable.
        if let file = ProcessInfo.processInfo.environment["SSL_CERT_FILE"], !file.isEmpty {
            unsafe ccurl_set_text(handle, CURLOPT_CAINFO, file)
        }
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        unsafe ccurl_set_receiver(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            unsafe HTTPTransfer.receive(bytes, size * count, context) {
                unsafe $0.receive(header: $1)
            }
        }
        unsafe ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        unsafe ccurl_set_receiver(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            unsafe HTTPTransfer.receive(bytes, size * count, context) {
                unsafe $0.receive(body: $1)
            }
        }
    }

    /// The status code; 0 before there is one.
    var status: Int { unsafe ccurl_status(handle) }

    /// What libcurl says about a transfer that failed.
    func reason(_ result: CURLcode) -> String {
        let special = unsafe String(cString: words)
        return special.isEmpty ? unsafe String(cString: curl_easy_strerror(result)) : special
    }

    // MARK: What comes

    /// - Returns: The number of bytes, or another one to end the transfer.
    private static func receive(
        _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
        _ take: (HTTPTransfer, UnsafeRawBufferPointer) -> Void
    ) -> Int {
        guard count > 0, let context = unsafe context else { return count }
        let transfer = unsafe Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        transfer.lastSign = .now
        unsafe take(transfer, UnsafeRawBufferPointer(start: bytes, count: count))
        return transfer.isTooLarge ? 0 : count
    }

    private func receive(body bytes: UnsafeRawBufferPointer) {
        isTooLarge = body.count + bytes.count > maximumBytes
        if !isTooLarge { unsafe body.append(contentsOf: bytes) }
    }

    /// Takes one line of the answer's head.
    private func receive(header bytes: UnsafeRawBufferPointer) {
        headerBytes += bytes.count
        isTooLarge = headerBytes > maximumBytes
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        // Every answer begins with a line of its own, also a provisional one.
        if line.hasPrefix("HTTP/") { headers = [:] }
        guard let colon = line.firstIndex(of: ":") else { return }
        let name = line[..<colon].lowercased()
        let value = line[line.index(after: colon)...]
            .trimmingCharacters(in: .whitespacesAndNewlines)
        headers[name] = headers[name].map { "\($0), \(value)" } ?? value
    }
}
