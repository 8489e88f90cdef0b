"""Pages without style, without scripts, as text, on paper, and what they weigh on the wire."""

import gzip
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from listserver.core import content
from listserver.core.blocks import Kind
from listserver.core.masking import masked
from listserver.core.packing import unpack_json
from listserver.store import reading, tables
from listserver.store.engine import Store
from tests.conftest import need
from tests.sites import Archive

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("judges")]

KB = 1_000
_T, _L, _P = tables.threads.c, tables.lists.c, tables.posts.c


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window in which nothing runs."""
    context = chromium.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def thread_of(archive: Archive, least: int, most: int) -> tuple[str, int]:
    """The path of a thread with so many posts, and how many it has."""
    wanted = select(_L.name, _T.identifier, _T.posts).join(tables.lists, _L.id == _T.list_id)
    with Store.open(archive.database) as store:
        row = store.read_now(lambda conn: conn.execute(wanted.where(_T.posts.between(least, most))).first())
    assert row is not None
    return f"/{row.name}/t/{row.identifier}/", row.posts


def paragraphs(archive: Archive, path: str) -> list[str]:
    """What stands in the paragraphs that the authors of a thread wrote themselves, as it is stored; links left out."""
    identifier = path.split("/")[3]
    thread = select(_T.id).where(_T.identifier == identifier).scalar_subquery()
    with Store.open(archive.database) as store:
        ids = store.read_now(lambda conn: list(conn.execute(select(_P.id).where(_P.thread_id == thread)).scalars()))
        packed = store.read_now(lambda conn: reading.contents(conn, ids))
    return [
        " ".join(masked(block.text).split())
        for each in packed.values()
        for block in content.blocks(unpack_json(each))
        if block.kind is Kind.PARAGRAPH and not block.depth
    ]


def close(text: str) -> str:
    """Text without spaces: where lines break is a reader's affair."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("which", ["demo_archive", "real_archive"])
def test_lynx_shows_every_word_that_was_written(which: str, request: pytest.FixtureRequest) -> None:
    need(shutil.which("lynx"), "no lynx (Debian: apt install lynx)")
    archive: Archive = request.getfixturevalue(which)
    path, _ = thread_of(archive, 4, 9)
    command = ["lynx", "-dump", "-nolist", "-width=100", "-display_charset=utf-8", archive.url + path]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    missing = [each for each in paragraphs(archive, path) if close(each) not in close(text)]
    assert missing == []
    assert text.index("Skip to the content") < text.index("answers ")


@pytest.mark.parametrize("which", ["demo_archive", "real_archive"])
def test_a_screen_reader_is_told_every_word(which: str, page: Page, request: pytest.FixtureRequest) -> None:
    archive: Archive = request.getfixturevalue(which)
    path, posts = thread_of(archive, 4, 9)
    page.goto(archive.url + path)
    tree = page.locator("body").aria_snapshot()
    assert len(re.findall(r"^\s*- article ", tree, re.MULTILINE)) == posts
    assert len(re.findall(r"- heading .*\[level=1\]", tree)) == 1
    for landmark in (
        'navigation "You are here"',
        'navigation "Posts in this thread"',
        "search:",
        "main:",
        "contentinfo:",
    ):
        assert f"- {landmark}" in tree
    told = close(page.locator("main").inner_text())
    assert [each for each in paragraphs(archive, path) if close(each) not in told] == []


def test_without_style_and_scripts_a_thread_reads_from_top_to_bottom(page: Page, demo_archive: Archive) -> None:
    page.route("**/*.css", lambda route: route.abort())
    page.goto(demo_archive.url + demo_archive.pages["thread"])
    text = page.locator("body").inner_text()
    title, author = page.locator("h1").inner_text(), page.locator("article h2").first.inner_text()
    places = [text.index(piece) for piece in ("Skip to the content", title, author, "Reply to this thread")]
    assert places == sorted(places)
    page.locator("summary").first.click()  # a fold needs neither
    assert page.locator(".outline li").first.is_visible()


def test_on_paper_there_are_the_posts_and_no_fold_is_closed(page: Page, demo_archive: Archive) -> None:
    page.goto(demo_archive.url + demo_archive.pages["long"])
    page.emulate_media(media="print")
    for gone in (".top form", ".outline", ".post footer", ".reply", ".foot", ".skip"):
        assert not any(each.is_visible() for each in page.locator(gone).all()), gone
    folded = page.locator(".body .fold blockquote p")
    assert folded.count() and all(each.is_visible() for each in folded.all())


@pytest.mark.parametrize("kind", ["front", "thread"])
def test_a_page_is_two_requests(chromium: Browser, demo_archive: Archive, kind: str) -> None:
    window = chromium.new_page()
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    window.goto(demo_archive.url + demo_archive.pages[kind])
    here = window.url
    asked.clear()
    window.goto(here, wait_until="networkidle")
    window.close()
    assert [url.rpartition(".")[2] for url in asked[1:]] == ["css"]


def wire(archive: Archive, path: str) -> int:
    """What comes over the wire of a page, in octets."""
    request = urllib.request.Request(archive.url + path, headers={"accept-encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        return len(answer.read())


def style(archive: Archive) -> str:
    return re.findall(r'rel="stylesheet" href="([^"]+)"', archive.get("/").decode())[0]


@pytest.mark.parametrize("which", ["demo_archive", "real_archive"])
def test_pages_are_light(which: str, request: pytest.FixtureRequest) -> None:
    archive: Archive = request.getfixturevalue(which)
    css, front = wire(archive, style(archive)), wire(archive, archive.pages["front"])
    print(f"{which}: style {css:,} octets, list front {front:,}", end="")
    assert css <= 4 * KB
    assert front <= 12 * KB
    if which == "real_archive":
        path, posts = thread_of(archive, 15, 22)
        whole = wire(archive, path)
        print(f", thread of {posts} posts {whole:,} ({len(archive.get(path)):,} unpacked)", end="")
        assert whole + css <= 40 * KB
    print()


def test_what_is_sent_packed_is_the_page(demo_archive: Archive) -> None:
    packed = demo_archive.get(demo_archive.pages["front"], accept_encoding="gzip")
    assert gzip.decompress(packed) == demo_archive.get(demo_archive.pages["front"])
