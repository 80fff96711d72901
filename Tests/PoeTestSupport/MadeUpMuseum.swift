import Foundation

/// A site in the shape of the museum's, with works made up for the tests.
package struct MadeUpMuseum {
    /// The server.
    package let server: LoopbackServer
    /// Paths of the works' pages, stories first.
    package let works: [String]

    /// Starts a server with so many stories and poems; the list of poems has two pages.
    package init(stories: Int, poems: Int) throws {
        let server = try LoopbackServer()
        let storyPaths = (1...stories).map { "/the-tale-of-lamp-\($0)/" }
        let poemPaths = (1...poems).map { "/song-of-rain-\($0)/" }
        for (index, path) in storyPaths.enumerated() {
            server.set(path, .html(Self.story(index + 1), headers: ["ETag": "\"s\(index)\""]))
        }
        for (index, path) in poemPaths.enumerated() {
            let date = "Mon, 0\(index % 9 + 1) Jan 2024 10:00:00 GMT"
            server.set(path, .html(Self.poem(index + 1), headers: ["Last-Modified": date]))
        }
        server.set("/robots.txt", .page(Self.robots, type: "text/plain"))
        server.set("/stories/", .html(Self.list("Stories", storyPaths, base: server.base)))
        let half = poems / 2
        let next = "<a class=\"next page-numbers\" href=\"/poems/page/2/\">Next</a>"
        server.set(
            "/poems/",
            .html(
                Self.list("Poems", Array(poemPaths[..<half]), base: server.base, after: next)))
        server.set(
            "/poems/page/2/",
            .html(Self.list("Poems", Array(poemPaths[half...]), base: server.base)))
        self.server = server
        works = storyPaths + poemPaths
    }

    private static let robots = Data(
        "User-agent: *\nDisallow: /wp-admin/\nAllow: /wp-admin/admin-ajax.php\n".utf8)

    /// A whole page with a text in its place, and around it what such sites have.
    package static func page(_ title: String, _ content: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en-US"><head><meta charset="UTF-8">
        <title>\(title) &#8211; Poe Museum</title>
        <meta property="og:title" content="\(title) - Poe Museum"><style>p { color: red }</style>
        <link rel="alternate" href="/feed/"></head>
        <body class="page-template"><header><nav><ul><li><a href="/visit/">Visit</a></li>
        <li><a href="/shop/">Shop</a></li></ul></nav></header>
        <main><article><h1 class="entry-title">\(title)</h1>
        <div class="entry-content">
        \(content)
        <div class="sharedaddy sd-sharing-enabled"><h3>Share this:</h3><a href="/x/">Tweet</a></div>
        <script>var tracking = "not a word of the work";</script>
        </div></article></main>
        <footer><p>Museum, <a href="/contact/">Contact</a></p></footer></body></html>
        """
    }

    private static func list(
        _ title: String, _ paths: [String], base: String, after: String = ""
    ) -> String {
        let links = paths.enumerated().map { index, path in
            // As editors write them: with and without the host, and one twice.
            "<li><a href=\"\(index % 2 == 0 ? base : "")\(path)\">No. \(index + 1)</a></li>"
        }
        let more =
            "<li><a href=\"\(paths[0])#top\">again</a></li>"
            + "<li><a href=\"https://example.org/else/\">elsewhere</a></li>"
            + "<li><a href=\"/wp-content/uploads/list.pdf\">print</a></li>"
        return page(title, "<ul>" + links.joined(separator: "\n") + more + "</ul>" + after)
    }

    private static func story(_ number: Int) -> String {
        page(
            "The Tale of Lamp \(number)",
            """
            <p><em>First published in 18\(30 + number % 20)</em></p>
            <p>"It burns," said the keeper of lamp \(number) -- "and 'tis late." He went&nbsp;up
            the stair,<sup><a href="#n1">1</a></sup> and <i>nobody</i> followed...</p>
            <p>At the top there was no lamp &mdash; only the place where it had hung.</p>
            <figure><img src="x.jpg"><figcaption>A lamp.</figcaption></figure>
            """)
    }

    private static func poem(_ number: Int) -> String {
        page(
            "Song of Rain \(number)",
            """
            <p>The rain came down on roof \(number),<br />
            &nbsp;&nbsp;and all the gutters sang;</p>
            <p>I heard the word it said to me,<br />the bell that no one rang.</p>
            <p>(18\(30 + number % 20))</p>
            """)
    }
}
