internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Answers kept on disk, so that nothing is asked for twice.
///
/// The folder holds `pages/`, with a record and a body for each address, `state.json`, and `lock`,
/// which one process holds. Every file takes its place whole, a body before the record that names
/// it: killed at any moment, the cache has each page or does not have it.
package final class PageCache {
    /// What is known of an address.
    struct Record: Codable, Equatable {
        /// The address.
        var url: String
        /// Where redirects led.
        var finalURL: String
        /// The status: 200, or one that says for good that there is nothing.
        var status: Int
        /// `ETag`, `Last-Modified` and `Content-Type`, as the server gave them.
        var etag: String?
        var lastModified: String?
        var contentType: String?
        /// The round in which the server last confirmed it.
        var round: Int
        /// SHA-256 of the body; also part of the body file's name.
        var sha256: String
    }

    private struct State: Codable {
        var round = 0
        /// Whether the round asks again for what is there, and is not over.
        var isRefreshing = false
    }

    private let folder: String
    private let lock: Int32
    private let isRefreshing: Bool
    private var state: State

    /// Opens the cache in a folder, and makes it if there is none.
    ///
    /// - Parameter refresh: Whether to ask again for pages that are there. A refresh that was
    ///   broken off goes on.
    package init(folder: String, refresh: Bool) throws(ScrapeError) {
        self.folder = folder
        isRefreshing = refresh
        state = State()
        do {
            try FileManager.default.createDirectory(
                atPath: folder + "/pages", withIntermediateDirectories: true)
        } catch {
            throw .unwritable(path: folder, reason: systemReason(error))
        }
        lock = unsafe open(folder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard lock >= 0 else {
            throw .unwritable(
                path: folder + "/lock", reason: unsafe String(cString: strerror(errno)))
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .locked(folder: folder)
        }
        state = Self.decode(State.self, folder + "/state.json") ?? State()
        if refresh, !state.isRefreshing {
            state = State(round: state.round + 1, isRefreshing: true)
            try write(state, "state.json")
        }
    }

    deinit {
        // A process that is being started may hold a copy of the descriptor for a moment: closing this one
        // alone would leave the folder locked for as long.
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// The page, if nothing need be asked.
    ///
    /// - Parameter maximumAge: Seconds after which the server is asked all the same.
    func fresh(_ url: String, maximumAge: Double = .infinity) -> (Record, [UInt8])? {
        guard let found = stored(url), age(url) <= maximumAge else { return nil }
        return isRefreshing && found.0.round != state.round ? nil : found
    }

    /// Seconds since the server last answered for an address: only then is its record written.
    private func age(_ url: String) -> Double {
        let path = folder + "/pages/\(Digest.hex(Array(url.utf8))).json"
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let date = attributes?[.modificationDate] as? Date else { return .infinity }
        return -date.timeIntervalSinceNow
    }

    /// The page, if it is there at all and whole.
    func stored(_ url: String) -> (Record, [UInt8])? {
        let key = Digest.hex(Array(url.utf8))
        guard let record = Self.decode(Record.self, folder + "/pages/\(key).json"),
            record.url == url,
            let body = try? Data(contentsOf: URL(filePath: bodyPath(key, record.sha256)))
        else { return nil }
        let bytes = [UInt8](body)
        return Digest.hex(bytes) == record.sha256 ? (record, bytes) : nil
    }

    /// Keeps a page.
    func store(_ response: HTTPResponse, url: String, finalURL: String) throws(ScrapeError) {
        let key = Digest.hex(Array(url.utf8))
        let earlier = Self.decode(Record.self, folder + "/pages/\(key).json")
        let body = response.status == 200 ? response.body : []
        let record = Record(
            url: url, finalURL: finalURL, status: response.status,
            etag: response.headers["etag"], lastModified: response.headers["last-modified"],
            contentType: response.headers["content-type"], round: state.round,
            sha256: Digest.hex(body))
        do {
            try Data(body).write(to: URL(filePath: bodyPath(key, record.sha256)), options: .atomic)
        } catch {
            throw .unwritable(path: folder, reason: systemReason(error))
        }
        try write(record, "pages/\(key).json")
        if let earlier, earlier.sha256 != record.sha256 {
            unsafe _ = unlink(bodyPath(key, earlier.sha256))
        }
    }

    /// Notes that the server confirmed a page.
    func confirm(_ record: Record) throws(ScrapeError) {
        var record = record
        record.round = state.round
        try write(record, "pages/\(Digest.hex(Array(record.url.utf8))).json")
    }

    /// Notes that everything was asked for, also what could not be had: the next refresh begins
    /// anew.
    func finishRound() throws(ScrapeError) {
        guard isRefreshing else { return }
        state.isRefreshing = false
        try write(state, "state.json")
    }

    private func bodyPath(_ key: String, _ sha256: String) -> String {
        folder + "/pages/\(key)-\(sha256.prefix(16)).body"
    }

    private func write(_ value: some Encodable, _ name: String) throws(ScrapeError) {
        let path = folder + "/" + name
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        do {
            try encoder.encode(value).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw .unwritable(path: path, reason: systemReason(error))
        }
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ path: String) -> Value? {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        return try? JSONDecoder().decode(type, from: data)
    }
}

/// What the system says of a failure with a file, to stand within a sentence.
func systemReason(_ error: any Error) -> String {
    let underlying = (error as? CocoaError)?.underlying as? POSIXError
    guard let code = underlying?.code else { return "\(error.localizedDescription)" }
    let text = unsafe String(cString: strerror(code.rawValue))
    return text.prefix(1).lowercased() + text.dropFirst()
}
