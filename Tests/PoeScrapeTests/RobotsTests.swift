import PoeScrape
import Testing

@Suite struct RobotsTests {
    private func allows(_ text: String, _ path: String, agent: String = "poe-scrape") -> Bool {
        RobotsRules(text, agent: agent).allows(path)
    }

    @Test func longestPatternDecides() {
        let text = "User-agent: *\nDisallow: /a/\nAllow: /a/b\n"
        #expect(!allows(text, "/a/"))
        #expect(!allows(text, "/a/c"))
        #expect(allows(text, "/a/bc"))
        #expect(allows(text, "/b"))
        #expect(allows("User-agent: *\nDisallow: /x\nAllow: /x\n", "/x"))
    }

    @Test func ownGroupReplacesTheCommonOne() {
        let text = """
            User-agent: other
            User-agent: Poe-Scrape/2.0
            Disallow: /private # not this

            User-agent: *
            Disallow: /
            Crawl-delay: 7
            """
        #expect(allows(text, "/open"))
        #expect(!allows(text, "/private/x"))
        #expect(!allows(text, "/open", agent: "someone"))
        #expect(RobotsRules(text, agent: "someone").crawlDelay == 7)
        #expect(RobotsRules(text, agent: "poe-scrape").crawlDelay == nil)
    }

    @Test func byteOrderMarkHidesNothing() {
        #expect(!allows("\u{FEFF}User-agent: *\nDisallow: /x\n", "/x"))
    }

    @Test func otherRecordsEndNoGroup() {
        let text = "User-agent: *\nSitemap: /map.xml\nUser-agent: other\nDisallow: /x\n"
        #expect(!allows(text, "/x"))
        #expect(!allows(text, "/x", agent: "other"))
        #expect(!allows("User-agent: *\nSitemap: /map.xml\nDisallow: /x\n", "/x"))
    }

    @Test func productsAreCompared() {
        let text = "User-agent: Lamp-Reader/3\nDisallow: /x\n\nUser-agent: *\nDisallow: /y\n"
        for agent in ["lamp-reader", "Lamp-Reader/1.0 (me)", "Lamp-Reader (me)", " lamp-reader 2"] {
            #expect(!allows(text, "/x", agent: agent), "\(agent)")
            #expect(allows(text, "/y", agent: agent), "\(agent)")
        }
        // Who has no product's name is no one's own.
        #expect(allows(text, "/x", agent: "7"))
        #expect(!allows(text, "/y", agent: "7"))
    }

    @Test func starsAndEnds() {
        let text = "User-agent: *\r\nDisallow: /*.php$\r\nDisallow: /a*b*c\r\n"
        #expect(!allows(text, "/x/y.php"))
        #expect(allows(text, "/x/y.php?a"))
        #expect(!allows(text, "/axxbyyc-more"))
        #expect(allows(text, "/axxc"))
    }

    @Test func escapesCompareAsBytes() {
        let text = "User-agent: *\nDisallow: /caf%c3%a9\n"
        #expect(!allows(text, "/café"))
        #expect(!allows(text, "/caf%C3%A9/x"))
    }

    @Test func nothingSaidIsAllowed() {
        #expect(allows("", "/"))
        #expect(allows("User-agent: *\nDisallow:\n", "/x"))
        #expect(allows("<html>not found</html>", "/x"))
    }

    /// A pattern of many stars must not cost more than its length times the path's.
    @Test func hostilePatternEnds() {
        let pattern = String(repeating: "/*a", count: 2_000) + "$"
        let path = String(repeating: "/a", count: 5_000) + "b"
        #expect(allows("User-agent: *\nDisallow: \(pattern)\n", path))
    }
}
