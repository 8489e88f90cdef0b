"""What strangers send, in a real browser: nothing runs, nothing is fetched from elsewhere, no page is left.

Posts are DOMPurify's fixtures and a few of our own, as HTML, as text, in subjects, names and file names; and the odd
mails of eight mail parsers. Pages are seen as visitors see them, and once more with the content security policy
switched off: what is left of a mail is harmless by itself.
"""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Route

from listserver.store.engine import Store
from tests import sites
from tests.actions.filing import file
from tests.sites import Archive

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("judges")]

OWN = [  # each would run something, or fetch something from evil.example
    "<script>alert(1)</script>",
    '<img src="http://evil.example/p.gif" onerror="alert(1)"><img srcset="http://evil.example/p.gif 2x">',
    '<link rel="stylesheet" href="http://evil.example/s.css"><style>@import "http://evil.example/t.css";</style>',
    '<div style="background: url(http://evil.example/b.png); border-image: url(//evil.example/c.png) 1">x</div>',
    '<table background="http://evil.example/t.png"><td style="list-style:url(http://evil.example/l)">x</table>',
    '<meta http-equiv="refresh" content="0;url=http://evil.example/">',
    '<base href="http://evil.example/"><a href="javascript:alert(1)">x</a><a href="data:text/html,<script>1</script>">',
    '<iframe src="http://evil.example/"></iframe><object data="//evil.example/"></object><embed src="//evil.example">',
    '<video poster="http://evil.example/v.png" autoplay><source src="http://evil.example/v.mp4"></video>',
    '<svg onload="alert(1)"><use href="http://evil.example/u.svg#a"/></svg><math><maction xlink:href="javascript:1">',
    '<form action="http://evil.example/" id="f"><input autofocus onfocus="alert(1)"></form><button form="f">x</button>',
    "</pre></p></article></main><script>alert(1)</script><!-- --!><script>alert(2)</script>",
    '"><script>alert(1)</script>',
    "</script><script>alert(1)</script>",
    "<!--<script>]]><script>alert(1)</script>",
    "</title></textarea></style></noscript><img src=x onerror=alert(1)>",
]
# What a page of ours never has, wherever it comes from.
FOREIGN = r"""() => {
  const bad = [...document.querySelectorAll(
    'script:not([type="application/ld+json"]), iframe, frame, object, embed, base, video, audio, svg, math, style, ' +
    'template'
  )].map(each => each.outerHTML)
  for (const each of document.querySelectorAll('*')) {
    for (const {name, value} of each.attributes) {
      const url = /^(href|src|action|formaction|cite|data|poster|background|srcset|xlink:href|ping)$/.test(name)
      const safe = /^(https?:|mailto:|data:image\/(png|jpeg|gif|webp);|\/|#|\?|$)/i.test(value.trim())
      if (/^on/.test(name) || (url && !safe) || (/^meta$/i.test(each.tagName) && name === 'http-equiv')) {
        bad.push(`${each.tagName} ${name}=${value}`)
      }
    }
  }
  for (const form of document.forms) if (new URL(form.action).origin !== location.origin) bad.push(form.outerHTML)
  return bad.map(each => each.slice(0, 200))
}"""


def fixtures(shared: Path) -> list[str]:
    return [str(case["payload"]) for case in json.loads((shared / "data/html/dompurify/expect.json").read_text())]


def hostile(payload: str, number: int, *, html: bool) -> bytes:
    """A mail that holds it wherever it can. Mails are one thread."""
    mail = EmailMessage(policy=SMTP)
    line = " ".join(payload.replace("\0", "").split()).encode("utf-8", "replace").decode()[:300]
    mail["From"] = f"{json.dumps(line, ensure_ascii=False)} <evil{number}@evil.example>"
    mail["Subject"] = line or "nothing"
    mail["Message-ID"] = f"<{'h' if html else 't'}{number}@evil.example>"
    mail["References"] = "<first@evil.example>"
    mail["Date"] = "Sun, 01 Mar 2026 12:00:00 +0000"
    text = payload.encode("utf-8", "replace").decode()
    mail.set_content(text, subtype="html" if html else "plain", cte="base64")
    mail.add_attachment(text.encode(), "text", "html", filename=line or "x")
    return mail.as_bytes()


@pytest.fixture(scope="module")
def evil_archive(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Archive]:
    """Hostile posts in one list, odd ones in another."""
    folder = tmp_path_factory.mktemp("evil")
    database = sites.new(folder)
    payloads = OWN + fixtures(shared)
    evil = [hostile(each, at, html=html) for html in (True, False) for at, each in enumerate(payloads)]
    odd = [path.read_bytes() for path in sorted((shared / "data/mime").rglob("*.eml"))]
    with Store.open(database) as store:
        for name, mails in (("evil", evil), ("odd", odd)):
            file(store, sites.public(store, name), *mails, batch=50)
    with sites.served(folder, database) as archive:
        yield archive


Look = Callable[[str], list[str]]


@pytest.fixture(params=["as visitors see it", "without its policy"])
def look(chromium: Browser, evil_archive: Archive, request: pytest.FixtureRequest) -> Iterator[Look]:
    """Opens a page, and says what ran, was asked for or is there that must not be."""
    context = chromium.new_context(bypass_csp=request.param != "as visitors see it")
    yield watching(context, evil_archive.url)
    context.close()


def watching(context: BrowserContext, home: str) -> Look:
    page = context.new_page()
    seen: list[str] = []
    debugger = context.new_cdp_session(page)
    # A script of a page has the page's address, inline or not; those of the tool that drives the browser have none.
    debugger.on("Debugger.scriptParsed", lambda event: event["url"] and seen.append(f"script in {event['url']}"))
    debugger.send("Debugger.enable")
    page.on("dialog", lambda dialog: (seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("popup", lambda popup: seen.append(f"popup {popup.url}"))
    page.on("request", lambda asked: asked.url.startswith((f"{home}/", "data:image/")) or seen.append(asked.url))
    page.on("console", lambda message: seen.append(f"console {message.text}"))
    page.route(lambda url: not url.startswith(home), lambda route: route.abort())

    def look(path: str) -> list[str]:
        seen.clear()
        page.goto(home + path)
        found = list(seen)  # before our own script runs
        left = [] if page.url.startswith(home) else [f"left for {page.url}"]
        try:
            left += page.evaluate(FOREIGN)
        except Error as gone:  # the page leads away
            left.append(str(gone))
        return [f"{path}: {each}" for each in (*found, *left)]

    return look


def test_the_watch_sees_what_runs(chromium: Browser, evil_archive: Archive) -> None:
    for payload in OWN[:11]:
        assert shown(chromium, evil_archive, payload), payload


def shown(chromium: Browser, archive: Archive, html: str) -> list[str]:
    """What there is to say of HTML that is shown as a page without any policy."""
    with chromium.new_context() as context:

        def fulfill(route: Route) -> None:
            route.fulfill(content_type="text/html; charset=utf-8", body=f"<!DOCTYPE html><body>{html}")

        look = watching(context, archive.url)
        context.pages[0].route("**/control", fulfill)
        return look("/control")


def posts(archive: Archive, name: str) -> list[str]:
    with Store.open(archive.database) as store:
        return store.read_now(lambda conn: sites.posts(conn, name))


def whole_thread(archive: Archive) -> list[str]:
    path = sites.threads(archive, 1)[0]
    last = int(re.findall(r"page 1 of (\d+)", archive.get(path).decode())[0])
    return [f"{path}?page={number}" for number in range(1, last + 1)]


def test_a_thread_of_hostile_posts_does_nothing(evil_archive: Archive, look: Look) -> None:
    pages = whole_thread(evil_archive)
    assert len(pages) > 5
    lists = ["/evil/", "/evil/2026/03/", "/evil/unanswered/", "/evil/search?q=alert", "/evil/search?q=<script>alert(1)"]
    assert [each for path in pages + lists for each in look(path)] == []


def test_hostile_html_as_it_was_sent_does_nothing(evil_archive: Archive, look: Look) -> None:
    paths = posts(evil_archive, "evil")
    assert [each for path in paths[: len(paths) // 2 : 8] for each in look(f"{path}html")] == []
    assert [each for path in paths[:: len(paths) // 20] for each in look(path)] == []


def test_odd_mail_does_nothing(evil_archive: Archive, look: Look) -> None:
    paths = posts(evil_archive, "odd")
    assert len(paths) > 350
    assert [each for path in paths[::16] for kind in ("", "html") for each in look(path + kind)] == []


@pytest.mark.soak
def test_no_page_of_a_hostile_or_odd_mail_does_anything(evil_archive: Archive, look: Look) -> None:
    paths = posts(evil_archive, "evil") + posts(evil_archive, "odd")
    assert [each for path in paths for kind in ("", "html", "raw") for each in look(path + kind)] == []


def test_what_feeds_carry_does_nothing(evil_archive: Archive, chromium: Browser) -> None:
    thread = sites.threads(evil_archive, 1)[0]
    items = json.loads(evil_archive.get(f"{thread}feed.json"))["items"]
    assert len(items) == 30
    assert shown(chromium, evil_archive, "".join(f"<h1>{item['content_html']}</h1>" for item in items)) == []


def test_files_and_raw_mail_are_never_pages(evil_archive: Archive) -> None:
    for path in posts(evil_archive, "evil")[:40]:
        page = evil_archive.get(path).decode()
        for url in [f"{path}raw", *re.findall(rf'href="({path}files/[^"]+)"', page)]:
            with urllib.request.urlopen(evil_archive.url + url) as answer:
                kind = answer.headers["content-type"].partition(";")[0]
                assert kind in ("text/plain", "application/octet-stream"), url
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
