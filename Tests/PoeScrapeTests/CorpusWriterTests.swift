import Foundation
import PoeScrape
import Testing

@Suite struct CorpusWriterTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func work(
        _ title: String, _ text: String, kind: WorkKind = .tale, year: Int? = nil
    ) -> GatheredWork {
        GatheredWork(
            title: title, kind: kind, year: year, rawParagraphs: [text], source: "made up")
    }

    private func write(_ works: [GatheredWork]) throws {
        try CorpusWriter(folder: folder.path, recordFolder: folder.path + "/.poe-scrape")
            .write(works)
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOf: URL(filePath: folder.path + "/" + name), encoding: .utf8)
    }

    @Test func layoutIsTheCorpus() throws {
        try write([
            work("The Well — “Æther”", "Deep.\nDown", kind: .poem, year: 1841), work("B", "b"),
        ])
        #expect(try text("poe/poem-the-well-aether.txt") == "The Well—“Æther”\n\nDeep.\nDown\n")
        let data = Data(try text("manifest.json").utf8)
        let manifest = try #require(
            try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
        #expect(
            manifest.map { $0["file"] as? String } == [
                "poem-the-well-aether.txt", "tale-b.txt",
            ])
        let first = try #require(manifest.first)
        #expect(first["title"] as? String == "The Well—“Æther”")
        #expect(first["kind"] as? String == "poem")
        #expect(first["year"] as? Int == 1841)
        #expect(first["characters"] as? Int == 29)
        // printf 'The Well—“Æther”\n\nDeep.\nDown\n' | sha256sum
        #expect(
            first["sha256"] as? String
                == "7a23cc2cedfc715c3c38ad9eb625dd2820627dd970cfa489a0ad05e85c328f81")
        #expect(manifest[1]["year"] == nil)
    }

    @Test func sameWorksGiveTheSameBytes() throws {
        let works = (1...20).map { work("Work \($0)", "text \($0)") }
        try write(works)
        let first = try folder.contents()
        try write(works)
        #expect(try folder.contents() == first)
        try write(works.shuffled())
        #expect(try folder.contents() == first)
        #expect(first.keys.count { $0.hasSuffix(".txt") } == 20)
    }

    @Test func titlesThatMeetAreToldApart() {
        let names = CorpusWriter.files([
            work("To Helen", "a", year: 1848), work("To Helen", "b", year: 1831),
            work("Song", "c"), work("Song", "d", year: 1827), work("Song", "c"),
            work("——", "e"), work("song", "f", kind: .poem),
        ]).map(\.name)
        #expect(
            names == [
                "poem-song.txt", "tale-song-2.txt", "tale-song.txt", "tale-to-helen-1831.txt",
                "tale-to-helen-1848.txt", "tale-untitled.txt",
            ])
    }

    @Test func foreignFilesAreNeverTouched() throws {
        try folder.write("mine", to: "poe/tale-b.txt")
        try folder.write("notes", to: "poe/notes.md")
        let path = folder.path + "/poe/tale-b.txt"
        #expect(throws: ScrapeError.foreign(path: path)) {
            try write([work("A", "a"), work("B", "b")])
        }
        #expect(try folder.contents().filter { !$0.key.hasPrefix(".") }.count == 2)
        #expect(try text("poe/tale-b.txt") == "mine")
        try FileManager.default.removeItem(atPath: path)
        try write([work("A", "a"), work("B", "b")])
        #expect(try text("poe/notes.md") == "notes")
    }

    @Test func changedFilesAreNotOverwrittenAndOldOnesGo() throws {
        try write([work("A", "a"), work("B", "b"), work("C", "c")])
        try folder.write("changed by hand", to: "poe/tale-c.txt")
        try write([work("A", "a2")])
        #expect(try text("poe/tale-a.txt") == "A\n\na2\n")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/poe/tale-b.txt"))
        #expect(try text("poe/tale-c.txt") == "changed by hand")
        #expect(throws: ScrapeError.self) { try write([work("C", "c3")]) }
    }

    @Test func splitIsStable() throws {
        let works =
            (1...300).map { work("Work \($0)", "text \($0)") } + [
                work("Morella", "m"), work("The Raven", "r", kind: .poem),
            ]
        let all = CorpusWriter.validationNames(CorpusWriter.files(works))
        #expect((15...60).contains(all.count))
        #expect(all.contains("tale-morella.txt"))
        #expect(!all.contains("poem-the-raven.txt"))
        // What else is there does not matter.
        let some = CorpusWriter.validationNames(CorpusWriter.files(Array(works.dropFirst(150))))
        #expect(
            some
                == all.filter { name in
                    CorpusWriter.files(Array(works.dropFirst(150))).contains { $0.name == name }
                })
    }

    @Test func splitLeavesNoSideEmpty() {
        for titles in [["Morella", "Lenore"], ["The Raven", "Ligeia"]] {
            let files = CorpusWriter.files(titles.map { work($0, "x \($0)") })
            #expect(CorpusWriter.validationNames(files).count == 1)
        }
        #expect(CorpusWriter.validationNames(CorpusWriter.files([work("Ligeia", "x")])).isEmpty)
    }

    @Test func statisticsCount() {
        let counts = CorpusStatistics([work("Ab", "c d"), work("E", "ä", kind: .poem)])
        #expect(counts.works == 2)
        #expect(counts.characters == 8 + 5)
        #expect(counts.words == 5)
        #expect(counts.distinctCharacters == 8)
        #expect(CorpusStatistics([work("Ab", "c d")], kind: .poem).works == 0)
    }
}

@Suite struct SavedPagesTests {
    @Test func pagesAndTextsBecomeWorks() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "<title>The Well</title><div class='entry-content'><p>Deep.</p></div>", to: "1.html")
        try folder.write("\u{FEFF}MY BOOK\r\n\r\nIt -- was.\r\n", to: "2.txt")
        try folder.write("No title here but a line.\nAnd another.\n", to: "poem-last-one.txt")
        try folder.write("<nav><p>nothing of a work</p></nav>", to: "4.htm")
        try folder.write("{}", to: "data.json")
        try folder.write("hidden", to: ".hidden.txt")
        var notes: [String] = []
        let works = try SavedPages.works(folder: folder.path) { notes.append($0) }
        #expect(works.map(\.title) == ["The Well", "MY BOOK", "Last One"])
        #expect(works.map(\.kind) == [.tale, .tale, .poem])
        #expect(works[1].paragraphs == ["It—was."])
        #expect(works[2].paragraphs == ["No title here but a line.\nAnd another."])
        #expect(notes.count == 1)
    }

    /// Pages of other sites: the most exact of the usual elements has the text.
    @Test(
        arguments: [
            "<main>no<article><p>Deep.</p></article></main>",
            "<header>no</header><main><nav>no</nav><p>Deep.</p></main>",
            "<nav>no</nav><p>Deep.</p><footer>no</footer>",
            "<article>no<div class='entry-content'>Deep.</div></article>",
        ])
    func pagesOfOtherSitesAreRead(body: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("<title>The Well</title><body>\(body)</body>", to: "1.html")
        let works = try SavedPages.works(folder: folder.path)
        #expect(works.map(\.title) == ["The Well"])
        #expect(works.map(\.paragraphs) == [["Deep."]])
    }

    @Test func cleanedTextsStayAsTheyAre() throws {
        let (first, second, third) =
            (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
        try first.write(
            "The Well\n\n\"So,\" he said--\nand went.\n\n\n* * *\n", to: "tale-well.txt")
        try first.write(GutenbergTests.volume, to: "b.txt")
        for (source, target) in [(first.path, second), (second.path + "/poe", third)] {
            try CorpusWriter(folder: target.path, recordFolder: target.path + "/.record")
                .write(try SavedPages.works(folder: source))
        }
        let texts = { (folder: TemporaryFolder) in
            try folder.contents().filter { $0.key.hasPrefix("poe/") }
        }
        #expect(try texts(second) == texts(third))
        #expect(try texts(second).keys.contains("poe/tale-well.txt"))
    }

    @Test func emptyFolderSaysSo() throws {
        let folder = try TemporaryFolder()
        #expect(throws: ScrapeError.noWorks(place: folder.path)) {
            try SavedPages.works(folder: folder.path)
        }
        #expect(throws: ScrapeError.self) { try SavedPages.works(folder: folder.path + "/none") }
    }
}
