import Foundation
import PoeScrape
import PoeTestSupport
import Testing

@Suite struct PageTests {
    private func page(_ html: String) throws -> WorkPage {
        let url = try #require(URL(string: "https://example.org/poems/"))
        return try #require(WorkPage(Page(url: url, body: Array(html.utf8), contentType: nil)))
    }

    private func work(_ html: String, kind: WorkKind? = .tale, link: String = "") throws
        -> GatheredWork?
    {
        try page(html).work(kind: kind, linkText: link, source: "here")
    }

    @Test func textIsTakenAndItsSurroundingsAreNot() throws {
        let html = MadeUpMuseum.page(
            "The Well",
            """
            <p>First published in 1841.</p><p>One<br>line wraps.</p>
            <div><p>Two &amp; <b>bold</b>, H<sub>2</sub>O, 1<sup>st</sup>.<sup>[2]</sup></p></div>
            <aside>Buy tickets</aside><p style="display: none">hidden</p><h2>II</h2>
            <blockquote>Carved: <br/>HERE</blockquote><form><p>Subscribe</p></form>
            """)
        let work = try #require(try work(html))
        #expect(work.title == "The Well")
        #expect(work.year == 1841)
        #expect(work.kind == .tale)
        #expect(
            work.paragraphs
                == ["One\nline wraps.", "Two & bold, H2O, 1st.", "II", "Carved:\nHERE"])
        #expect(work.text.hasPrefix("The Well\n\nOne\n"))
        #expect(work.text.hasSuffix("HERE\n"))
    }

    @Test func brokenMarkupIsMended() throws {
        let html = "<div class='post entry-content'><p>One<p>Two <i>three<p>Four</div>"
        let work = try #require(try work(html, link: "The Gate (1840)"))
        #expect(work.paragraphs == ["One", "Two three", "Four"])
        #expect(work.title == "The Gate")
        #expect(work.year == 1840)
    }

    @Test func longLinesBrokenInProseAreParagraphs() throws {
        let long = String(repeating: "and so on ", count: 20)
        let html = "<div class=entry-content><p>\(long)<br>\(long)</p></div>"
        #expect(try work(html)?.paragraphs.count == 2)
        #expect(try work(html, kind: .poem)?.paragraphs.count == 1)
    }

    @Test func titleAndAuthorAreNotRepeated() throws {
        let html = MadeUpMuseum.page(
            "The Well", "<h2>THE WELL</h2><p>by Edgar Allan Poe</p><p>Deep.</p>")
        #expect(try work(html)?.paragraphs == ["Deep."])
    }

    @Test(
        arguments: [
            ("First published in Graham’s Magazine, April 1841.", 1841), ("(1845)", 1845),
            ("Published: 1849", 1849), ("Written 1829, first printed 1875", nil),
            ("He was born in 1809.", nil), ("published long ago", nil), ("It was 1840.", nil),
        ] as [(String, Int?)])
    func printingYear(text: String, year: Int?) {
        #expect(WorkPage.printingYear(text) == year)
    }

    @Test func titlesLoseTheSitesName() {
        #expect(WorkPage.withoutSite("The Well – Poe Museum") == "The Well")
        #expect(WorkPage.withoutSite(" The  Well | The Poe Museum, Richmond") == "The Well")
        #expect(WorkPage.withoutSite("Silence – A Fable") == "Silence – A Fable")
    }

    @Test func deepNestingIsSurvived() throws {
        let html =
            "<div class='entry-content'>" + String(repeating: "<div><b>", count: 20_000)
            + "deep" + "</div><p>after</p>"
        _ = try page(html).work(kind: nil, linkText: "", source: "")
    }

    @Test func pageWithoutTextIsNoWork() throws {
        #expect(try work("<html><body><p>no such element</p></body></html>") == nil)
        #expect(try work("<main><article><p>no such element</p></article></main>") == nil)
        #expect(try work(MadeUpMuseum.page("Empty", "<p> &nbsp; </p>")) == nil)
    }

    @Test func listLeadsToPagesOfTheSite() throws {
        let html = MadeUpMuseum.page(
            "Poems",
            """
            <a href="https://example.org/one/">One</a> <a href="/two/#x">Two</a>
            <a href="/two/">again</a> <a href="/a/b/">deeper</a> <a href="/three/?p=1">query</a>
            <a href="https://elsewhere.org/four/">four</a> <a href="mailto:x@example.org">mail</a>
            <a href="/list.pdf">pdf</a> <a href="http://example.org/five/"> Five <b>V</b></a>
            <nav><a href="/menu/">menu</a></nav>
            """)
        let links = try page(html).workLinks()
        #expect(
            links.map(\.url.absoluteString) == [
                "https://example.org/one/", "https://example.org/two/",
                "https://example.org/five/",
            ])
        #expect(links[2].text == "Five V")
    }
}
