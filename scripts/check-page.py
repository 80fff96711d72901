#!/usr/bin/env python3
"""Opens a gallery in headless Chromium, from the disk and over HTTP, and tries what people do.

    check-page.py FOLDER [--screenshots FOLDER] [--chromium PATH]

Needs Chromium (Debian: chromium) and the package playwright (PyPI). With the package axe-core-python
(PyPI) it also runs the accessibility checker axe-core. Exit status 1 if anything is amiss."""

import argparse
import contextlib
import functools
import http.server
import pathlib
import shutil
import sys
import threading

from playwright.sync_api import sync_playwright

SIZES = {"phone": (375, 760), "tablet": (820, 1180), "laptop": (1280, 800), "wide": (1920, 1080)}
complaints = []


def expect(condition, what):
    print(("ok      " if condition else "FAILED  ") + what)
    if not condition:
        complaints.append(what)


@contextlib.contextmanager
def server(folder):
    """Serves the folder's parent on a free port of this machine: galleries work from any path."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass
    handler = functools.partial(Quiet, directory=str(folder.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}/{folder.name}/index.html"
        httpd.shutdown()


class Visit:
    """A page with everything it said and asked for."""

    def __init__(self, browser, url, **options):
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text)
                     if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(url)
        self.page.wait_for_selector("#tokens [role=option]", state="attached")

    def finish(self):
        if self.page.is_enabled("#skip"):
            self.page.click("#skip")

    def close(self):
        self.context.close()


def walk(browser, url, name):
    """The page as someone with a pointer uses it."""
    visit = Visit(browser, url)
    page = visit.page
    expect(page.locator("#tokens").get_attribute("aria-hidden") == "true",
           f"{name}: the typing text is hidden from screen readers")
    spoken = page.inner_text("#spoken")
    page.click("#play")
    count = page.locator(".unborn").count()
    page.wait_for_timeout(200)
    expect(page.locator(".unborn").count() == count, f"{name}: pause holds the typing")
    page.click("#play")
    page.wait_for_function("n => document.querySelectorAll('.unborn').length < n", arg=count)
    visit.finish()
    expect(page.locator(".unborn").count() == 0, f"{name}: skip shows all")
    expect(page.evaluate("""() => {
      const copy = document.getElementById('tokens').cloneNode(true);
      copy.querySelectorAll('sup').forEach((node) => node.remove());
      return document.getElementById('prompt').textContent + copy.textContent
        === document.getElementById('spoken').textContent; }"""),
           f"{name}: what is shown is what is spoken")
    page.locator("#tokens [role=option]:visible").nth(5).click()
    expect(page.locator("#alternatives tbody tr").count() >= 2, f"{name}: a click shows alternatives")
    for toggle, style in (("borders", "show-borders"), ("surprise", "show-surprise")):
        page.check(f"#{toggle}")
        expect(style in page.get_attribute("#sheet", "class"), f"{name}: {toggle} can be shown")
    page.locator("#phrases label").nth(2).click()
    page.wait_for_function("old => document.getElementById('spoken').textContent !== old", arg=spoken)
    address = page.url
    expect("phrase=3" in address, f"{name}: the address names the sample")
    spoken = page.inner_text("#spoken")
    again = Visit(browser, address)
    expect(again.page.inner_text("#spoken") == spoken, f"{name}: the address leads back to it")
    again.close()
    page.focus(".skip")
    page.keyboard.press("Enter")
    expect(page.evaluate("document.activeElement.id") == "reading" and page.url == address
           and page.inner_text("#spoken") == spoken, f"{name}: the skip link leads to the text")
    elsewhere = [u for u in visit.asked if not u.startswith((url.rsplit("/", 1)[0], "data:"))]
    expect(not elsewhere, f"{name}: no request to another place {elsewhere[:3]}")
    expect(not visit.said, f"{name}: nothing on the console {visit.said[:3]}")
    visit.close()


def keyboard(browser, url):
    """Every control by the Tab key, and the tokens by arrow keys."""
    visit = Visit(browser, url)
    page = visit.page
    visit.finish()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        place = page.evaluate("""() => { const e = document.activeElement;
          return e === document.body ? '' : e.id || e.name || e.textContent.trim().slice(0, 20); }""")
        reached.append(place)
    wanted = ["phrases", "model", "temperatures", "tokens", "play", "speed", "borders", "surprise",
              "copy-text", "copy-command", "copy-link", "command", "card"]
    missing = [name for name in wanted if name not in reached
               and not (name == "card" and page.locator("#card-box[open]").count() == 0)]
    expect(not missing, f"keyboard: every control is reached {missing}")
    page.focus("#tokens")
    before = page.get_attribute("#tokens", "aria-activedescendant")
    page.keyboard.press("ArrowRight")
    after = page.get_attribute("#tokens", "aria-activedescendant")
    expect(before != after and page.locator("#alternatives tbody tr").count() >= 2,
           "keyboard: arrow keys move over tokens")
    page.keyboard.press("End")
    last = page.locator("#tokens [role=option]").count() - 1
    expect(page.get_attribute("#tokens", "aria-activedescendant") == f"token-{last}",
           "keyboard: End goes to the last token")
    page.focus("#temperatures input:checked")
    old = page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_function("old => location.href !== old", arg=old)
    expect(page.evaluate("document.activeElement.name") == "temperatures",
           "keyboard: focus stays on a choice that was made")
    page.keyboard.press("ArrowRight")
    visit.close()


def still(browser, url):
    """Under reduced motion the text is there at once; the address and the copies work."""
    visit = Visit(browser, url, reduced_motion="reduce")
    page = visit.page
    page.wait_for_function("document.querySelectorAll('.unborn').length === 0")
    expect(page.is_disabled("#skip"), "reduced motion: shown at once")
    if url.startswith("http"):
        visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
        for name, start in (("text", None), ("command", "poe-run "), ("link", "http")):
            page.click(f"#copy-{name}")
            page.wait_for_function("n => document.getElementById('said').textContent.toLowerCase().startsWith(n)", arg=name)
            text = page.evaluate("navigator.clipboard.readText()")
            expect(text.startswith(start) if start else text == page.evaluate(
                "document.getElementById('spoken').textContent"), f"copy {name}")
    visit.close()


def mishaps(browser, url):
    """A network that fails for a while: what is shown stays, and the rest comes when it is back."""
    visit = Visit(browser, url)
    page = visit.page
    visit.finish()
    spoken = page.inner_text("#spoken")
    models = page.locator("#model option").count()
    if models < 2:
        print("note: a gallery of one model; no check of a network that fails")
        visit.close()
        return
    page.route("**/model-*.js", lambda route: route.abort())
    page.select_option("#model", index=models - 1)
    page.wait_for_selector("#failure:not([hidden])")
    buttons = ["play", "skip", "copy-text", "copy-command", "copy-link"]
    expect(page.inner_text("#spoken") == spoken and all(page.is_disabled(f"#{name}") for name in buttons),
           "mishaps: no button acts on another text than was chosen")
    page.unroute("**/model-*.js")
    page.locator("#phrases label").nth(1).click()
    page.wait_for_function("old => document.getElementById('spoken').textContent !== old", arg=spoken)
    expect(page.is_hidden("#failure") and page.is_enabled("#copy-text"),
           "mishaps: what failed is asked for again")
    visit.close()


def accessibility(browser, url):
    try:
        from axe_core_python.sync_playwright import Axe
    except ImportError:
        print("note: axe-core-python is not installed; no accessibility check")
        return
    for scheme in ("light", "dark"):
        visit = Visit(browser, url, color_scheme=scheme, reduced_motion="reduce")
        page = visit.page
        page.wait_for_function("document.querySelectorAll('.unborn').length === 0")
        page.check("#surprise")
        page.locator("#tokens [role=option]:visible").nth(3).click()
        found = Axe().run(page)["violations"]
        for violation in found:
            print(f"        {violation['impact']}: {violation['id']}: {violation['help']}; "
                  f"{[n['target'] for n in violation['nodes']][:3]}")
        serious = [v["id"] for v in found if v["impact"] in ("serious", "critical")]
        expect(not serious, f"accessibility, {scheme}: nothing serious {serious}")
        visit.close()


def layout(browser, url, screenshots):
    for name, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            visit = Visit(browser, url, color_scheme=scheme, reduced_motion="reduce",
                          viewport={"width": width, "height": height})
            page = visit.page
            page.wait_for_function("document.querySelectorAll('.unborn').length === 0")
            page.locator("#tokens [role=option]:visible").nth(8).click()
            expect(page.evaluate("document.documentElement.scrollWidth <= innerWidth"),
                   f"layout {name} {scheme}: no sideways scrolling")
            if screenshots:
                if scheme == "dark":
                    page.check("#surprise")
                page.screenshot(path=str(screenshots / f"{name}-{scheme}.png"), full_page=True)
            visit.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, server(folder) as address:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        walk(browser, folder.as_uri() + "/index.html", "from the disk")
        walk(browser, address, "over HTTP")
        keyboard(browser, address)
        still(browser, address)
        mishaps(browser, address)
        accessibility(browser, address)
        layout(browser, address, options.screenshots)
        browser.close()
    sys.exit(1 if complaints else 0)


main()
