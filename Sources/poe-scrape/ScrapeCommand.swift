import ArgumentParser
import Foundation
import PoeCommand
import PoeCore
import PoeScrape

/// Where texts come from.
enum SourceName: String, ExpressibleByArgument, CaseIterable {
    /// The Poe Museum's site.
    case museum
    /// Project Gutenberg's plain texts.
    case gutenberg
}

/// `poe-scrape`: gathers a corpus from the web or from files.
struct ScrapeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poe-scrape",
        abstract: "Gather the works of Edgar Allan Poe, or clean your own files, into a corpus.",
        discussion: """
            Writes DIR/poe/*.txt, DIR/manifest.json and DIR/split.json, which poe-train reads: \
            poe-train DIR/poe --split DIR/split.json. Pages are kept in DIR/.poe-scrape: a run that \
            was stopped goes on where it was, and nothing is fetched twice.

            Exit status: 0, 64 usage, 65 malformed file, 66 no input, 70 internal fault, \
            73 cannot create, 74 input or output, 130 interrupted.
            """,
        version: "poe-scrape \(Version.text)")

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The corpus's folder.", valueName: "dir"),
        completion: .directory)
    var output: String

    @Option(help: "Where the texts come from: museum or gutenberg.")
    var source: SourceName = .museum

    @Option(
        help: ArgumentHelp(
            "Clean a folder's saved pages (.html) and texts (.txt) instead.", valueName: "dir"),
        completion: .directory)
    var fromDir: String?

    @Flag(help: "Print works, characters, words and distinct characters.")
    var stats = false

    @Flag(help: "Ask the server whether pages that are there have changed.")
    var refresh = false

    @Flag(help: "Go without pages that could not be fetched.")
    var skipMissing = false

    @Flag(name: .shortAndLong, help: "No progress and no summary on standard error.")
    var quiet = false

    @OptionGroup(title: "Site") var site: SiteOptions
    @OptionGroup(title: "Requests") var requests: RequestOptions

    func validate() throws {
        if fromDir != nil, refresh || site.isSet {
            throw ValidationError("--from-dir reads files; options about a site do not go with it")
        }
        if source == .gutenberg, !site.list.isEmpty {
            throw ValidationError("--list is for --source museum; for gutenberg there is --book")
        }
        if source == .museum, !site.book.isEmpty {
            throw ValidationError("--book is for --source gutenberg; for museum there is --list")
        }
    }

    func run() throws {
        let recordFolder = output + "/.poe-scrape"
        let progress = ScrapeProgress(isQuiet: quiet)
        var gathered = Gathered()
        do throws(ScrapeError) {
            if let fromDir {
                gathered.works = try SavedPages.works(folder: fromDir, note: progress.note)
            } else {
                gathered = try gather(recordFolder, progress)
            }
            try CorpusWriter(folder: output, recordFolder: recordFolder).write(gathered.works)
        } catch {
            progress.clear()
            guard case .interrupted = error else { throw error }
            Output.note(
                "interrupted; the pages so far are kept in \(recordFolder): run the same command "
                    + "again to go on")
            throw Interrupted()
        }
        progress.clear()
        if !quiet { report(gathered) }
        if stats { try Output.write(table(gathered.works)) }
    }

    private func gather(
        _ folder: String, _ progress: ScrapeProgress
    ) throws(ScrapeError) -> Gathered {
        var options = FetchOptions()
        options.delay = requests.delay
        options.timeout = requests.timeout
        options.retries = requests.retries
        options.retryWait = requests.retryWait
        options.maximumBytes = requests.maxBytes
        options.refresh = refresh
        if let agent = requests.userAgent { options.userAgent = agent }
        let gatherer = Gatherer(
            cacheFolder: folder, options: options, skipMissing: skipMissing,
            events: GatherEvents(
                note: progress.note, progress: progress.update,
                isCancelled: { Interrupt.isRequested }))
        return try gatherer.gather(site.webSource(source))
    }

    private func report(_ gathered: Gathered) {
        var parts = ["\(gathered.works.count) works in \(output)/poe"]
        if fromDir == nil {
            parts.append("\(Format.count(gathered.requests)) requests")
            parts.append("\(Format.count(gathered.cachedPages)) pages at hand")
        }
        if gathered.unchangedPages > 0 { parts.append("\(gathered.unchangedPages) unchanged") }
        if !gathered.skippedPages.isEmpty {
            parts.append("\(gathered.skippedPages.count) left out")
        }
        Output.note(parts.joined(separator: ", "))
    }

    private func table(_ works: [GatheredWork]) -> String {
        var lines = ["kind   works  characters    words  distinct characters"]
        let kinds = WorkKind.allCases.map { ($0.rawValue + "s", Optional($0)) } + [("all", nil)]
        for (name, kind) in kinds {
            let counts = CorpusStatistics(works, kind: kind)
            let fields = [
                padded(Format.count(counts.works), 6), padded(Format.count(counts.characters), 12),
                padded(Format.count(counts.words), 9),
                padded(Format.count(counts.distinctCharacters), 21),
            ]
            lines.append(name + String(repeating: " ", count: 6 - name.count) + fields.joined())
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
