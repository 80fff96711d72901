import Foundation
import PoeScrape

/// A folder that goes when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/poe-scrape-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// All files below, by their paths, with their bytes.
    func contents() throws -> [String: Data] {
        var result: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
            let url = URL(filePath: path + "/" + name)
            if let data = try? Data(contentsOf: url) { result[name] = data }
        }
        return result
    }

    func write(_ text: String, to name: String) throws {
        let url = URL(filePath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }
}

extension FetchOptions {
    /// No pauses: what is tested is what is asked, not when.
    static var quick: FetchOptions {
        var options = FetchOptions()
        options.delay = 0
        options.retryWait = 0.01
        // A busy machine may leave a server waiting: no test but that of slow answers waits for this.
        options.timeout = 200
        return options
    }
}
