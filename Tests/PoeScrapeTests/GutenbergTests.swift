import Foundation
import PoeScrape
import PoeTestSupport
import Testing

@Suite struct GutenbergTests {
    /// A volume in the usual shape, made up.
    static let volume = """
        The Project Gutenberg eBook of Lamps and Rain, Volume 1

        This ebook is for the use of anyone anywhere.

        *** START OF THE PROJECT GUTENBERG EBOOK LAMPS AND RAIN ***

        LAMPS AND RAIN

        by Nobody

        VOLUME I

        Contents

         PREFACE
         LIFE OF POE
         THE KEEPER OF LAMPS
         THE TELL-TALE HEART. . . . . 12
         NOTES
         THE BELLS
         TO HELEN
         HOW THE RAIN, WHICH WAS LATE,
         TO HELEN
         THE VILLAGE STREET
         A SECTION WITHOUT TEXT

        PREFACE

        An editor says something here that nobody wrote who is printed below.

        LIFE
        OF POE

        He lived.

        THE KEEPER OF LAMPS

        [Illustration: a lamp]

        It was the custom of the house to leave one window open to the rain, and
        nobody in the town could say who had begun it,{1} or why the old woman who
        set a chair beside it had gone on.

        "So it was," he said.

        {1} A note by the editor.

        THE TELL-TALE HEART.(*1)

        A made-up text under a title that is known.

        NOTES

        Many notes.

        THE BELLS

           One bell, then two,
           and a third all through
           the afternoon and the night of the year.

           1849.

        1831. TO HELEN

           One lamp.

        HOW THE RAIN,

        WHICH WAS LATE,

        It came.

        TO HELEN *

           Another lamp.

        THE VILLAGE STREET

        Not his.

        A SECTION WITHOUT TEXT

        *** END OF THE PROJECT GUTENBERG EBOOK LAMPS AND RAIN ***

        Section 1. General Terms of Use.
        """

    @Test func volumeIsCutByItsContents() {
        let text = Self.volume.replacing("\n", with: "\r\n")
        let works = GutenbergVolume(text, source: "x").works()
        #expect(
            works.map(\.title) == [
                "The Keeper of Lamps", "The Tell-Tale Heart", "The Bells", "To Helen",
                "How the Rain, Which Was Late,", "To Helen",
            ])
        #expect(works.map(\.kind) == [.tale, .tale, .poem, .poem, .tale, .poem])
        #expect(works.map(\.year) == [nil, 1843, 1849, 1831, nil, 1831])
        #expect(
            works[0].paragraphs == [
                "It was the custom of the house to leave one window open to the rain, and nobody in "
                    + "the town could say who had begun it, or why the old woman who set a chair "
                    + "beside it had gone on.",
                "“So it was,” he said.",
            ])
        #expect(works[1].paragraphs == ["A made-up text under a title that is known."])
        #expect(works[2].paragraphs.count == 1)
        #expect(works[2].paragraphs[0].split(separator: "\n").count == 3)
        #expect(works[5].paragraphs == ["Another lamp."])
    }

    @Test func licenceIsDropped() {
        let works = GutenbergVolume(Self.volume, source: "x").works()
        let text = works.map(\.text).joined()
        for word in ["Gutenberg", "anyone anywhere", "General Terms", "editor", "Contents"] {
            #expect(!text.contains(word), "\(word)")
        }
    }

    @Test func olderMarksOfTheLicence() {
        let lines = [
            "legal", "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*", "a", "b",
            "End of Project Gutenberg's Lamps", "more",
        ]
        #expect(GutenbergVolume.withoutLicence(lines) == ["a", "b"])
        #expect(GutenbergVolume.withoutLicence(["a", "b"]) == ["a", "b"])
    }

    @Test func withoutContentsKnownTitlesCount() {
        let text = "LIGEIA\n\nText of one.\n\nSOMETHING LOUD\n\nMORELLA\n\nText of two.\n"
        let works = GutenbergVolume(text, source: "x").works()
        #expect(works.map(\.title) == ["Ligeia", "Morella"])
        #expect(works[0].paragraphs == ["Text of one.", "SOMETHING LOUD"])
    }

    /// Dots that lead to a page go, at a cost that does not explode with their number.
    @Test func rowsOfDotsAreReadInOnePass() {
        let text = """
            Contents

             THE KEEPER OF LAMPS........ 3
             THE WELL . . . xiv
             RAIN, VOL. 2
             \(String(repeating: ".", count: 5_000))!

            THE KEEPER OF LAMPS

            It burned.

            THE WELL

            It was deep.

            RAIN, VOL. 2

            It came.
            """
        let works = GutenbergVolume(text, source: "x").works()
        #expect(works.map(\.title) == ["The Keeper of Lamps", "The Well", "Rain, Vol. 2"])
        #expect(works.flatMap(\.paragraphs) == ["It burned.", "It was deep.", "It came."])
    }

    @Test func repetitionsAcrossVolumesAreDropped() {
        func work(_ title: String, _ text: String) -> GatheredWork {
            GatheredWork(title: title, kind: .poem, year: nil, rawParagraphs: [text], source: "")
        }
        let first = [work("To Helen", "a"), work("To Helen", "b"), work("Song", "c")]
        let second = [work("TO HELEN", "a2"), work("Song", "c2"), work("Rain", "d")]
        let kept = GutenbergVolume.withoutRepetitions([first, second])
        #expect(kept.flatMap(\.paragraphs) == ["a", "b", "c", "d"])
    }

    @Test func booksAreFoundAtTheirUsualAddresses() throws {
        let server = try LoopbackServer()
        let bytes = Data(Self.volume.utf8)
        server.set("/files/7/7-0.txt", .page(bytes, type: "text/plain"))
        let base = try #require(URL(string: server.base))
        let folder = try TemporaryFolder()
        let gathered = try Gatherer(cacheFolder: folder.path, options: .quick)
            .gather(.gutenberg(base: base, books: [7, 8]))
        #expect(gathered.works.count == 6)
        #expect(gathered.skippedPages == ["\(server.base)/ebooks/8"])
        #expect(gathered.works[0].source == "\(server.base)/files/7/7-0.txt")
        server.stop()
    }

    @Test func noWorksIsAnErrorAndRefusalsAreTold() throws {
        let server = try LoopbackServer()
        let base = try #require(URL(string: server.base))
        let folder = try TemporaryFolder()
        var notes: [String] = []
        let gatherer = Gatherer(
            cacheFolder: folder.path, options: .quick,
            events: GatherEvents(note: { notes.append($0) }))
        #expect(throws: ScrapeError.noWorks(place: server.base)) {
            try gatherer.gather(.gutenberg(base: base, books: [7]))
        }
        #expect(server.count("/ebooks/7.txt.utf-8") == 1)
        #expect(notes.count == 1)
        #expect(notes.last?.contains("at any of its usual addresses") == true, "\(notes)")

        let other = try TemporaryFolder()
        let rules = Data("User-agent: *\nDisallow: /\n".utf8)
        server.set("/robots.txt", .page(rules, type: "text/plain"))
        server.forgetRequests()
        let refused = Gatherer(
            cacheFolder: other.path, options: .quick,
            events: GatherEvents(note: { notes.append($0) }))
        #expect(throws: ScrapeError.noWorks(place: server.base)) {
            try refused.gather(.gutenberg(base: base, books: [7]))
        }
        #expect(server.requests.map(\.path) == ["/robots.txt"])
        #expect(notes.last?.contains("that robots.txt lets programs read") == true, "\(notes)")
        server.stop()
    }

    /// A refusal at one address is none at the others, and none of the server's being down.
    @Test func aBookThatIsRefusedIsTriedElsewhere() throws {
        let server = try LoopbackServer()
        let base = try #require(URL(string: server.base))
        let folder = try TemporaryFolder()
        for book in 1...4 {
            server.set("/cache/epub/\(book)/pg\(book).txt", .status(403))
            server.set("/files/\(book)/\(book)-0.txt", .status(403))
        }
        let gatherer = Gatherer(cacheFolder: folder.path, options: .quick)
        #expect(throws: ScrapeError.self) {
            try gatherer.gather(.gutenberg(base: base, books: [1, 2, 3, 4]))
        }
        // robots.txt, and four addresses of four books: three refused in a row are no end.
        #expect(server.requests.count == 17)
        server.stop()
    }

    @Test func serverThatIsDownIsNotAskedForEveryBook() throws {
        let server = try LoopbackServer()
        let base = try #require(URL(string: server.base))
        let folder = try TemporaryFolder()
        for book in 1...5 { server.set("/cache/epub/\(book)/pg\(book).txt", .status(503)) }
        var options = FetchOptions.quick
        options.retries = 0
        let gatherer = Gatherer(cacheFolder: folder.path, options: options)
        #expect(
            throws: ScrapeError.failed(
                url: "\(server.base)/cache/epub/3/pg3.txt", reason: "the server answered 503",
                attempts: 1)
        ) { try gatherer.gather(.gutenberg(base: base, books: [1, 2, 3, 4, 5])) }
        // robots.txt, and three books.
        #expect(server.requests.count == 4)
        server.stop()
    }
}
