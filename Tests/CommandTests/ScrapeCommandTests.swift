import Foundation
import PoeCorpus
import PoeSplit
import PoeTestSupport
import Testing

/// `poe-scrape` against a server on loopback, one test at a time.
@Suite(.serialized) struct ScrapeCommandTests {
    private let folder: Folder
    private let program = Program("poe-scrape")

    init() throws { folder = try Folder() }

    private func scrape(
        _ server: LoopbackServer, _ more: String..., to name: String = "corpus",
        whileRunning: (Program.Running) throws -> Void = { _ in }
    ) throws -> Program.Outcome {
        try program.run(
            [
                "-o", folder.path + "/" + name, "--base-url", server.base, "--delay", "0",
                "--retry-wait", "0.01",
            ] + more, whileRunning: whileRunning)
    }

    /// The corpus's files, without the cache and the record.
    private func files(_ name: String = "corpus") throws -> [String: Data] {
        let root = folder.path + "/" + name
        var result: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root)
        where !path.hasPrefix(".") {
            result[path] = try? Data(contentsOf: URL(filePath: root + "/" + path))
        }
        return result
    }

    private func waitUntil(_ condition: () -> Bool) {
        for _ in 0..<6_000 where !condition() { Thread.sleep(forTimeInterval: 0.01) }
        #expect(condition())
    }

    @Test func corpusIsGathered() throws {
        let site = try MadeUpMuseum(stories: 6, poems: 5)
        let run = try scrape(site.server, "--stats")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.hasSuffix("15 requests, 0 pages at hand\n"), "\(run.errors)")
        #expect(run.text.contains("\ntales      6  "), "\(run.text)")
        #expect(run.text.contains("\npoems      5  "), "\(run.text)")
        #expect(site.server.mostAtOnce == 1)
        for path in site.works { #expect(site.server.count(path) == 1, "\(path)") }
        for path in ["/visit/", "/shop/", "/contact/", "/x/", "/else/", "/feed/"] {
            #expect(site.server.count(path) == 0, "\(path)")
        }
        let text = try String(
            contentsOf: folder.url("corpus/poe/tale-the-tale-of-lamp-3.txt"), encoding: .utf8)
        #expect(
            text == """
                The Tale of Lamp 3

                “It burns,” said the keeper of lamp 3—“and ’tis late.” He went up the stair, and \
                nobody followed…

                At the top there was no lamp—only the place where it had hung.

                """)
        let poem = try String(
            contentsOf: folder.url("corpus/poe/poem-song-of-rain-2.txt"), encoding: .utf8)
        #expect(
            poem == """
                Song of Rain 2

                The rain came down on roof 2,
                and all the gutters sang;

                I heard the word it said to me,
                the bell that no one rang.

                """)
        // What training reads.
        let corpus = try Corpus(paths: [folder.path + "/corpus/poe"])
        let split = try corpus.split(contentsOf: folder.path + "/corpus/split.json")
        #expect(split.train.works.count + split.validation.works.count == 11)
        #expect(!split.validation.works.isEmpty)
        site.server.stop()
    }

    @Test func samePagesGiveTheSameBytesAndAreNotAskedForAgain() throws {
        let site = try MadeUpMuseum(stories: 3, poems: 4)
        #expect(try scrape(site.server).status == 0)
        let first = try files()
        #expect(first.count { $0.key.hasSuffix(".txt") } == 7)
        site.server.forgetRequests()
        let again = try scrape(site.server)
        #expect(again.errors.contains("0 requests, 10 pages at hand"), "\(again.errors)")
        #expect(site.server.requests.isEmpty)
        #expect(try files() == first)
        let refreshed = try scrape(site.server, "--refresh")
        #expect(refreshed.errors.contains("7 unchanged"), "\(refreshed.errors)")
        #expect(try files() == first)
        #expect(try scrape(site.server, to: "other").status == 0)
        #expect(try files("other") == first)
        site.server.stop()
    }

    /// Killed again and again in the middle: nothing is lost, nothing is fetched twice.
    @Test func killedRunsGoOn() throws {
        let site = try MadeUpMuseum(stories: 8, poems: 8)
        let server = site.server
        #expect(try scrape(server, to: "whole").status == 0)
        server.forgetRequests()
        // The page at which a run is killed is never answered to it; all others are.
        var allowance: [String: Int] = [:]
        for (stop, path) in site.works.enumerated() where stop % 4 == 2 {
            let page = try #require(server.answers(path)).last ?? .status(404)
            server.set(path, .silence)
            let run = try scrape(server) { running in
                waitUntil { server.count(path) == 1 }
                kill(running.process.processIdentifier, SIGKILL)
            }
            #expect(run.isSignalled && run.status == SIGKILL)
            #expect(try files().isEmpty)
            server.set(path, page)
            allowance[path] = 2
        }
        let last = try scrape(server)
        #expect(last.status == 0, "\(last.errors)")
        for path in site.works + ["/robots.txt", "/stories/", "/poems/", "/poems/page/2/"] {
            #expect(server.count(path) == allowance[path, default: 1], "\(path)")
        }
        #expect(try files() == files("whole"))
        server.stop()
    }

    @Test func interruptLeavesAStateToGoOnFrom() throws {
        let site = try MadeUpMuseum(stories: 4, poems: 2)
        let path = site.works[2]
        let page = try #require(site.server.answers(path)?.last)
        site.server.set(path, .silence)
        let run = try scrape(site.server) { running in
            waitUntil { site.server.count(path) == 1 }
            kill(running.process.processIdentifier, SIGINT)
        }
        #expect(run.status == 130)
        #expect(run.errors.contains("interrupted; the pages so far are kept in"), "\(run.errors)")
        site.server.set(path, page)
        #expect(try scrape(site.server).status == 0)
        #expect(site.server.count(site.works[0]) == 1)
        #expect(try files().count { $0.key.hasSuffix(".txt") } == 6)
        site.server.stop()
    }

    @Test func pagesThatFailHoldTheCorpusBack() throws {
        let site = try MadeUpMuseum(stories: 4, poems: 4)
        let (gone, broken) = (site.works[1], site.works[5])
        let page = try #require(site.server.answers(broken)?.last)
        site.server.set(gone, .status(404))
        site.server.set(broken, .status(500))
        let run = try scrape(site.server, "--retries", "1")
        #expect(run.status == 74)
        #expect(run.errors.contains("\(gone): not there (status 404); left out"))
        #expect(run.errors.contains("1 of 7 pages could not be fetched"), "\(run.errors)")
        #expect(run.errors.contains("--skip-missing"))
        #expect(try files().isEmpty)
        #expect(site.server.count(broken) == 2)

        let without = try scrape(site.server, "--retries", "0", "--skip-missing")
        #expect(without.status == 0, "\(without.errors)")
        #expect(try files().count { $0.key.hasSuffix(".txt") } == 6)

        site.server.set(broken, page)
        #expect(try scrape(site.server).status == 0)
        #expect(try files().count { $0.key.hasSuffix(".txt") } == 7)
        #expect(site.server.count(gone) == 1)
        site.server.stop()
    }

    @Test func refreshWithoutABrokenPageComesToAnEnd() throws {
        let site = try MadeUpMuseum(stories: 3, poems: 2)
        #expect(try scrape(site.server).status == 0)
        site.server.set(site.works[1], .status(500))
        for _ in 1...2 {
            site.server.forgetRequests()
            let run = try scrape(site.server, "--refresh", "--skip-missing", "--retries", "0")
            #expect(run.status == 0, "\(run.errors)")
            for path in site.works { #expect(site.server.count(path) == 1, "\(path)") }
        }
        site.server.stop()
    }

    @Test func runThatFindsNothingLeavesTheCorpus() throws {
        let site = try MadeUpMuseum(stories: 2, poems: 2)
        #expect(try scrape(site.server).status == 0)
        let first = try files()
        let pages = try site.works.map { path in
            try #require(site.server.answers(path)?.last)
        }
        for path in site.works { site.server.set(path, .html("<p>another layout</p>")) }
        let run = try scrape(site.server, "--refresh")
        #expect(run.status == 66)
        #expect(run.errors.contains("\(site.server.base): no works found"), "\(run.errors)")
        #expect(try files() == first)

        let list = try #require(site.server.answers("/stories/")?.last)
        site.server.set("/stories/", .status(404))
        #expect(try scrape(site.server, "--refresh").status == 66)
        #expect(try files() == first)

        // The site is mended, and the next refresh sees it.
        site.server.set("/stories/", list)
        for (path, page) in zip(site.works, pages) { site.server.set(path, page) }
        let mended = try scrape(site.server, "--refresh")
        #expect(mended.status == 0, "\(mended.errors)")
        #expect(mended.errors.contains("4 works in"), "\(mended.errors)")
        #expect(try files() == first)
        site.server.stop()
    }

    @Test func serverThatIsDownIsNotAskedForEveryPage() throws {
        let site = try MadeUpMuseum(stories: 9, poems: 2)
        for path in site.works { site.server.set(path, .status(503)) }
        let run = try scrape(site.server, "--retries", "0")
        #expect(run.status == 74)
        #expect(site.works.reduce(0) { $0 + site.server.count($1) } == 3)
        site.server.stop()
    }

    @Test func bytesOfAnotherEncodingAreUnderstood() throws {
        let site = try MadeUpMuseum(stories: 1, poems: 2)
        let page = MadeUpMuseum.page("Caf\u{E9}", "<p>\u{93}So\u{94} \u{97} it was.</p>")
        let bytes = Data(page.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        site.server.set(site.works[0], .page(bytes, type: "text/html; charset=utf-8"))
        #expect(try scrape(site.server).status == 0)
        let text = try String(contentsOf: folder.url("corpus/poe/tale-cafe.txt"), encoding: .utf8)
        #expect(text == "Café\n\n“So”—it was.\n")
        site.server.stop()
    }

    @Test func robotsRefusalSaysWhatToDo() throws {
        let site = try MadeUpMuseum(stories: 2, poems: 2)
        let rules = Data("User-agent: *\nDisallow: /stories/\n".utf8)
        site.server.set("/robots.txt", .page(rules, type: "text/plain"))
        let run = try scrape(site.server)
        #expect(run.status == 74)
        #expect(run.errors.contains("robots.txt does not let programs read this page"))
        #expect(run.errors.contains("--from-dir"))
        site.server.stop()
    }

    @Test func ownFilesBecomeACorpus() throws {
        try FileManager.default.createDirectory(
            atPath: folder.path + "/mine", withIntermediateDirectories: true)
        try folder.write("A Day\n\n\"It rained,\" she said.\n", to: "mine/day.txt")
        let saved = MadeUpMuseum.page("The Well", "<p>Deep...</p>")
        try folder.write(saved, to: "mine/well.html")
        let output = folder.path + "/corpus"
        let run = try program.run(["--from-dir", folder.path + "/mine", "-o", output])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.isEmpty)
        let texts = try files().filter { $0.key.hasPrefix("poe/") }
            .mapValues { String(decoding: $0, as: UTF8.self) }
        #expect(
            texts == [
                "poe/tale-a-day.txt": "A Day\n\n“It rained,” she said.\n",
                "poe/tale-the-well.txt": "The Well\n\nDeep…\n",
            ])
        try folder.write("mine", to: "corpus/poe/tale-a-day.txt")
        let second = try program.run(["--from-dir", folder.path + "/mine", "-o", output])
        #expect(second.status == 73)
        #expect(second.errors.contains("poe-scrape did not write it"), "\(second.errors)")
    }

    @Test(
        arguments: [
            ([], "Missing expected argument '--output"),
            (["-o", "x", "--from-dir", "nowhere"], "nowhere: cannot be read"),
            (["-o", "x", "--delay=-1"], "expected 0 to 3600"),
            (["-o", "x", "--base-url", "ftp://example.org"], "--base-url"),
            (["-o", "x", "--from-dir", "y", "--refresh"], "do not go with it"),
            (["-o", "x", "--source", "gutenberg", "--list", "poem=/p/"], "there is --book"),
            (["-o", "x", "--list", "novel=/p/"], "--list"),
        ] as [([String], String)])
    func mistakesAreToldInASentence(arguments: [String], message: String) throws {
        let run = try program.run(arguments)
        #expect(run.status == (message.hasPrefix("nowhere") ? 66 : 64))
        #expect(run.errors.contains(message), "\(run.errors)")
    }
}
