package import Foundation
import Synchronization

/// An HTTP server on loopback, for tests: pages by path, with the faults of real servers.
///
/// The system chooses the port. It counts who asks for what and how many ask at once.
package final class LoopbackServer: Sendable {
    /// What a path answers, one after the other; the last one stays.
    package enum Answer: Sendable {
        /// A page.
        case page(Data, type: String = "text/html; charset=UTF-8", headers: [String: String] = [:])
        /// A status with header fields and no text.
        case status(Int, headers: [String: String] = [:])
        /// A length that is promised, a part of it, and the end of the connection.
        case cut(Data)
        /// The end of the connection, before any byte.
        case hangUp
        /// Nothing, until the client goes away or the server stops.
        case silence
        /// A page that has no end.
        case endless
        /// A head that has no end.
        case endlessHead

        /// A page of text in UTF-8.
        package static func html(_ text: String, headers: [String: String] = [:]) -> Answer {
            .page(Data(text.utf8), headers: headers)
        }
    }

    /// A request as it came.
    package struct Request: Sendable {
        /// The path and query.
        package var path: String
        /// Header fields by their names in lower case.
        package var headers: [String: String]
        /// When it had come.
        package var instant: ContinuousClock.Instant
    }

    private struct State {
        var answers: [String: [Answer]] = [:]
        var requests: [Request] = []
        var open = 0
        var mostOpen = 0
        var isStopped = false
    }

    /// Whether libcurl has been told to use no proxy, which would not reach this server.
    private static let isWithoutProxy = unsafe setenv("no_proxy", "127.0.0.1", 1) == 0

    private let state = Mutex(State())
    private let listener: Int32
    /// The port that the system gave.
    package let port: UInt16

    /// Starts to listen.
    package init() throws {
        guard Self.isWithoutProxy else { throw POSIXError(.ENOMEM) }
        listener = socket(AF_INET, Self.stream, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (listener, length) = (self.listener, size)
        let isBound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, length) == 0
            }
        }
        guard isBound, listen(listener, 64) == 0 else {
            throw POSIXError(.EADDRNOTAVAIL)
        }
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe _ = getsockname(listener, $0, &size)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0, let self else {
                    if client >= 0 { close(client) }
                    return
                }
                Thread.detachNewThread { self.serve(client) }
            }
        }
    }

    deinit { stop() }

    /// Ends the server; silent answers end too.
    package func stop() {
        let wasStopped = state.withLock { state in
            defer { state.isStopped = true }
            return state.isStopped
        }
        guard !wasStopped else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// The server's address.
    package var base: String { "http://127.0.0.1:\(port)" }

    /// Says what a path answers from now on.
    package func set(_ path: String, _ answers: Answer...) {
        state.withLock { $0.answers[path] = answers }
    }

    /// What a path answers, if anything.
    package func answers(_ path: String) -> [Answer]? { state.withLock { $0.answers[path] } }

    /// All requests so far.
    package var requests: [Request] { state.withLock(\.requests) }

    /// How often a path was asked for.
    package func count(_ path: String) -> Int { requests.count { $0.path == path } }

    /// Forgets the requests so far.
    package func forgetRequests() { state.withLock { $0.requests = [] } }

    /// The most requests that were open at the same time.
    package var mostAtOnce: Int { state.withLock(\.mostOpen) }

    /// How many requests are open now.
    package var openNow: Int { state.withLock(\.open) }

    // MARK: A connection

    private func serve(_ client: Int32) {
        defer { close(client) }
        guard let request = read(client) else { return }
        let answer = state.withLock { state -> Answer in
            state.requests.append(request)
            state.open += 1
            state.mostOpen = max(state.mostOpen, state.open)
            guard var answers = state.answers[request.path], let first = answers.first else {
                return .status(404)
            }
            if answers.count > 1 {
                answers.removeFirst()
                state.answers[request.path] = answers
            }
            return first
        }
        give(answer, to: request, on: client)
    }

    /// Sends an answer's end.
    ///
    /// The request counts as answered before its last byte is on its way: the next one may come at once.
    private func finish(_ client: Int32, _ data: Data) {
        send(client, data.dropLast())
        state.withLock { $0.open -= 1 }
        send(client, data.suffix(1))
    }

    private func give(_ answer: Answer, to request: Request, on client: Int32) {
        switch answer {
        case .page(let body, let type, let headers):
            let isSame =
                headers["ETag"].map { $0 == request.headers["if-none-match"] }
                ?? headers["Last-Modified"].map { $0 == request.headers["if-modified-since"] }
            guard isSame != true else {
                finish(client, head(304, headers))
                return
            }
            var headers = headers
            headers["Content-Type"] = type
            headers["Content-Length"] = "\(body.count)"
            finish(client, head(200, headers) + body)
        case .status(let status, let headers):
            finish(client, head(status, headers.merging(["Content-Length": "0"]) { a, _ in a }))
        case .cut(let body):
            let headers = ["Content-Type": "text/html", "Content-Length": "\(body.count)"]
            finish(client, head(200, headers) + body.prefix(body.count / 2))
        case .hangUp: finish(client, Data())
        case .silence:
            while isWaiting(client) { usleep(10_000) }
            finish(client, Data())
        case .endless: sendForEver("a", after: head(200, ["Content-Type": "text/html"]), client)
        case .endlessHead: sendForEver("X-More: a\r\n", after: head(200, [:]).dropLast(2), client)
        }
    }

    private func sendForEver(_ text: String, after head: Data, _ client: Int32) {
        send(client, head)
        let part = Data(String(repeating: text, count: 8_192).utf8)
        while send(client, part), !state.withLock(\.isStopped) {}
        finish(client, Data())
    }

    /// Whether the client is still there and the server still runs.
    private func isWaiting(_ client: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(client, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK))
        return count != 0 && !state.withLock(\.isStopped)
    }

    private func head(_ status: Int, _ headers: [String: String]) -> Data {
        let fields = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }
        return Data(
            "HTTP/1.1 \(status) \(status == 200 ? "OK" : "Other")\r\nConnection: close\r\n\(fields.joined())\r\n"
                .utf8)
    }

    @discardableResult
    private func send(_ client: Int32, _ data: Data) -> Bool {
        var rest = [UInt8](data)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Foundation.send(client, $0.baseAddress, $0.count, Self.noSignal)
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func read(_ client: Int32) -> Request? {
        var text = ""
        var part = [UInt8](repeating: 0, count: 4_096)
        while !text.contains("\r\n\r\n") {
            let count = unsafe recv(client, &part, part.count, 0)
            guard count > 0, text.utf8.count < 65_536 else { return nil }
            // A greeting in TLS, which begins with 22, is no request; real servers say so too.
            if text.isEmpty, part[0] == 22 {
                send(client, head(400, [:]))
                return nil
            }
            text += String(decoding: part.prefix(count), as: UTF8.self)
        }
        let lines = text.components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count > 1 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...]
                .trimmingCharacters(in: .whitespaces)
        }
        return Request(path: String(words[1]), headers: headers, instant: .now)
    }

    #if canImport(Darwin)
        private static let stream = SOCK_STREAM
        private static let noSignal: Int32 = 0
    #else
        private static let stream = Int32(SOCK_STREAM.rawValue)
        private static let noSignal = Int32(MSG_NOSIGNAL)
    #endif
}
