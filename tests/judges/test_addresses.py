"""Nobody's address stands on any page that a visitor can open (standards W8): every kind of page, feeds, JSON-LD,
raw mail, mbox files, with the addresses of real people looked for in each, also under encodings of mail and URLs."""

import base64
import binascii
import gzip
import html
import re
from binascii import a2b_qp
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from listserver.core.message import read
from listserver.core.packing import unpack
from listserver.store import tables
from listserver.store.engine import Store
from tests import sites
from tests.sites import Archive

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("judges")]

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def people(archive: Archive) -> set[str]:
    """Every address in the heads and texts of all posts, and of all members; not those of our own lists."""
    wanted = select(tables.raw.c.enc, tables.raw.c.bytes)
    found: set[str] = set()
    with Store.open(archive.database) as store:
        for row in store.read_now(lambda conn: conn.execute(wanted).all()):
            post = read(unpack(row.enc, row.bytes))
            head = post.raw.replace(b"\r", b"").partition(b"\n\n")[0].decode("utf-8", "replace")
            found.update(one.lower() for one in ADDRESS.findall(f"{head}\n{post.text}"))
        found |= set(store.read_now(lambda conn: list(conn.execute(select(tables.addresses.c.key)).scalars())))
    return {one for one in found if not one.endswith(f"@{sites.DOMAIN}")}


def readings(octets: bytes) -> Iterator[str]:
    """All that somebody can read in a page: as it is, unpacked, and with each encoding undone."""
    if octets[:2] == b"\x1f\x8b":
        octets = gzip.decompress(octets)
    text = octets.decode("utf-8", "replace")
    yield text
    yield unquote(html.unescape(text))
    yield a2b_qp(octets).decode("utf-8", "replace")
    for block in re.findall(rb"(?:^[A-Za-z0-9+/=]{20,}\r?\n)+", octets, re.MULTILINE):
        try:
            yield base64.b64decode(block).decode("utf-8", "replace")
        except binascii.Error:
            continue


def paths(archive: Archive, most: int) -> Iterator[str]:
    yield from archive.pages.values()
    for kind in ("front", "unanswered"):
        yield from (f"{archive.pages[kind]}{name}" for name in ("atom.xml", "feed.json"))
    yield from (f"{archive.pages['front']}{name}" for name in ("sitemap.xml", "opensearch.xml"))
    yield "/opensearch.xml"
    yield f"{archive.pages['month'][:-1]}.mbox.gz"
    yield f"{archive.pages['month']}sitemap.xml"
    yield from (
        f"/api/v1{path}" for path in ("/lists", "/search?q=the", f"/lists{archive.pages['front']}posts?limit=100")
    )
    for thread in sites.threads(archive, most):
        yield thread
        yield f"/api/v1/lists{thread.replace('/t/', '/threads/')}posts"
        yield from (f"{thread}{name}" for name in ("atom.xml", "feed.json", "mbox.gz"))
        name, _, identifier = thread.strip("/").split("/")
        for kind in ("", "raw", "html"):
            yield f"/{name}/p/{identifier}/{kind}"
        page = archive.get(thread).decode()
        found = set(re.findall(r'href="(/[^"]+/(?:people/[^"]+|files/[^"]+))"', page))
        yield from found
        yield from (f"{one}{name}" for one in found if "/people/" in one for name in ("atom.xml", "feed.json"))
    yield from (f"{archive.pages['front']}search?q={words}" for words in ("gmail.com", "wrote", "%40", "mailto"))


def told(archive: Archive, most: int) -> list[str]:
    """Which address stands on which page."""
    known = people(archive)
    assert len(known) > 20
    found = []
    for path in paths(archive, most):
        seen = {one.lower() for text in readings(archive.get(path)) for one in ADDRESS.findall(text)}
        found += [f"{path}: {one}" for one in sorted(seen & known)]
    return found


@pytest.mark.parametrize(
    "octets",
    [
        b"a@b.example",
        b"a%40b.example",
        b"a&#64;b.example",
        b"a=40b.exam=\nple",
        base64.encodebytes(b"the address of a friend: a@b.example"),
        gzip.compress(b"a@b.example", mtime=0),
    ],
    ids=["plain", "in a URL", "in HTML", "quoted-printable", "base64", "gzip"],
)
def test_an_address_is_found_however_it_is_written(octets: bytes) -> None:
    assert any("a@b.example" in text for text in readings(octets))


@pytest.mark.parametrize("which", ["demo_archive", "real_archive"])
def test_W8_no_page_tells_an_address(which: str, request: pytest.FixtureRequest) -> None:
    assert told(request.getfixturevalue(which), 60) == []


@pytest.mark.soak
def test_W8_no_page_of_16000_posts_tells_an_address(whole_archive: Archive) -> None:
    assert told(whole_archive, 1_500) == []
