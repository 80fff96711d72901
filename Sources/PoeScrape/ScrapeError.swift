package import PoeCore

/// Why pages or texts could not become a corpus; one sentence each, with what to do.
package enum ScrapeError: ClassifiedError, Equatable {
    /// Ctrl-C, or whatever else the caller takes for a wish to stop.
    case interrupted
    /// The text is no address of a site.
    case badAddress(String)
    /// The site's robots.txt does not let programs read a page that is needed.
    case refused(url: String)
    /// The server could not be asked, or did not answer well, however often it was tried.
    case failed(url: String, reason: String, attempts: Int)
    /// No secure connection comes about; asking again would not help.
    case insecure(url: String, reason: String)
    /// The server asks for a longer pause than is sensible to wait.
    case askedToWait(url: String, seconds: Int)
    /// The page is larger than allowed.
    case tooLarge(url: String, limit: Int)
    /// The server has no such page.
    case missing(url: String, status: Int)
    /// The server refuses the page, which says nothing of whether there is one.
    case denied(url: String, status: Int)
    /// A list page names no works, or a site or folder has none.
    case noWorks(place: String)
    /// Some pages could not be fetched.
    case incomplete(missing: [String], kept: Int)
    /// A file or folder cannot be read.
    case unreadable(path: String, reason: String)
    /// A file cannot be written.
    case unwritable(path: String, reason: String)
    /// Another process works in the same folder.
    case locked(folder: String)
    /// A file that is in the way was not written by this program, or was changed since.
    case foreign(path: String)
    /// A file of the cache or of the record is damaged.
    case damaged(path: String)

    package var description: String {
        switch self {
        case .interrupted: "interrupted"
        case .badAddress(let text):
            "\(text): not an address; expected something like https://example.org"
        case .refused(let url):
            "\(url): the site's robots.txt does not let programs read this page; save the pages "
                + "with a browser and use --from-dir"
        case .failed(let url, let reason, let attempts):
            "\(url): \(reason), tried \(attempts == 1 ? "once" : "\(attempts) times"); run the "
                + "same command again later, it goes on where it stopped"
        case .insecure(let url, let reason):
            "\(url): no secure connection: \(reason); see whether the system has certificates (the "
                + "package ca-certificates, or a file that SSL_CERT_FILE names) and the right date"
        case .askedToWait(let url, let seconds):
            "\(url): the server asks to wait \(seconds) seconds; run the same command again after "
                + "that, it goes on where it stopped"
        case .tooLarge(let url, let limit):
            "\(url): larger than \(limit) bytes; allow more with --max-bytes"
        case .missing(let url, let status):
            "\(url): the server has no such page (status \(status)); see --base-url, --list and "
                + "--from-dir for other ways to the texts"
        case .denied(let url, let status):
            "\(url): the server refuses this page to programs (status \(status)); try again another day, "
                + "or save the pages with a browser and use --from-dir"
        case .noWorks(let place):
            "\(place): no works found in it; expected works' pages, or links to them, in an "
                + "element of the class entry-content, or text files; see --base-url, --list, --book and "
                + "--from-dir for other ways to the texts"
        case .incomplete(let missing, let kept):
            "\(missing.count) of \(missing.count + kept) pages could not be fetched, the first is "
                + "\(missing.first ?? ""); run the same command again to try these alone, or add "
                + "--skip-missing to go without"
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
        case .locked(let folder):
            "\(folder): another poe-scrape is at work in this folder; wait for it, or use another "
                + "folder with -o"
        case .foreign(let path):
            "\(path): is in the way: poe-scrape did not write it, or it was changed since; move it "
                + "away, or use another folder with -o"
        case .damaged(let path):
            "\(path): damaged; remove it, then run the same command again"
        }
    }

    package var failureKind: FailureKind {
        switch self {
        case .badAddress: .usage
        case .refused, .denied, .failed, .insecure, .askedToWait, .incomplete, .interrupted,
            .tooLarge:
            .inputOutput
        case .missing, .noWorks, .unreadable: .noInput
        case .unwritable, .locked, .foreign: .cannotCreate
        case .damaged: .malformed
        }
    }
}
