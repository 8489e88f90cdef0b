"""The static copy of an archive, served by the plainest of web servers: pages, links, privacy, what is written anew."""

import gzip
import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit

import pytest

from listserver.actions import archive as filed
from listserver.actions import importing
from listserver.core.actor import OPERATOR
from listserver.core.site import Site
from listserver.core.thread import identifier
from listserver.errors import Refused, UsageError
from listserver.store import lists
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.web import archive, copy
from listserver.web.copy import Written
from listserver.web.http import Request
from listserver.web.visit import VISITOR, Visit
from tests.actions.filing import file, mail, new_list

SITE = Site("lists.example.org", "Lists", "admin@example.org", "en", "http://lists.example.org", b"k" * 32)
NOW = datetime(2026, 3, 22, 12, tzinfo=UTC)
WITH_FILE = (
    "--b\n\nLook at this.\n--b\nContent-Type: text/html; name=../x.html\n\n<script>alert(1)</script>\n"
    "--b\nContent-Type: application/pkcs7-signature; name=s.p7s\n\n0\x01 Max <max.berg@example.org>\n--b--"
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetched(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read()
    except HTTPError as failure:
        with failure:
            return failure.code, failure.read()


def links(text: str) -> set[str]:
    """What pages and feeds lead to, the part of a page included."""
    found = re.findall(r'(?:href|src|action)="([^"]+)"', text)
    return {unescape(link) for link in found if not link.startswith("mailto:") and 'rel="nofollow ugc"' not in link}


def crawl(base: str, limit: int = 5_000) -> dict[str, bytes]:
    """All pages that can be reached, by their path; every link in them must lead somewhere."""
    seen: dict[str, bytes] = {}
    waiting = ["/"]
    while waiting and len(seen) < limit:
        path = waiting.pop()
        if path in seen:
            continue
        status, body = fetched(base + path)
        assert status == 200, path
        seen[path] = body
        if not path.endswith((".gz", ".txt", ".bin", ".css", ".json")):
            text = body.decode()
            ours = re.sub(r'<a [^>]*rel="nofollow ugc"[^>]*>', "", text)
            for link in links(ours):
                whole = urlsplit(urljoin(SITE.base_url + path + ("" if path.endswith("/") else "/"), link))
                assert whole.netloc == "lists.example.org", (path, link)
                assert not whole.query, (path, link)
                waiting.append(whole.path)
    return seen


def copied(store: Store, lst: List, out: Path, **how: bool) -> Written:
    *_, last = copy.write(store, SITE, lst, out, NOW, **how)
    return last


@pytest.fixture
def talk(store: Store) -> List:
    lst = new_list(store, "talk", archive="public")
    more = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b"
    file(store, lst, mail("a", "Drift"), mail("b", "Re: Drift", names="a", day=1, author="Kim <kim@x.example>"))
    file(store, lst, mail("d", "???", day=3, body=WITH_FILE, more=more, author="max@x.example"))
    file(store, lst, *[mail(str(n), "Long", names="0" if n else "", day=5 + n / 100) for n in range(60)])
    lst = store.read_now(lambda conn: lists.get(conn, lst.id))
    return lst


def test_every_link_of_a_copy_leads_to_a_page_that_is_like_ours(store: Store, talk: List, tmp_path: Path) -> None:
    assert copied(store, talk, tmp_path) == Written(3, 3, 0)
    with served(tmp_path) as base:
        pages = crawl(base)
        assert fetched(f"{base}/talk/p/nothing/")[0] == 404
    thread = identifier("talk", "0@x")
    for path in ("/talk/", f"/talk/p/{identifier('talk', 'a@x')}/", f"/talk/t/{thread}/long/page-2/", "/talk/atom.xml"):
        assert path in pages
    whole = gzip.decompress(pages["/talk/archive.mbox.gz"])
    assert whole.count(b"\nMessage-ID: ") == 63 and not re.search(rb"(?:kim|max)@x", whole)
    assert "There is no such page" in (tmp_path / "404.html").read_text()
    path = f"/talk/p/{identifier('talk', 'b@x')}/"
    ours = store.read_now(lambda conn: archive.respond(Visit(conn, SITE, Request("GET", path), VISITOR, NOW)))
    main = re.compile(rb'<div class="body">.*?</div>', re.DOTALL)
    assert main.findall(pages[path]) == main.findall(ours.body) != []
    assert not any(b"<form" in body or b"sign-in" in body for body in pages.values())
    assert not any(re.search(rb"(?:kim|max)@x", body) for path, body in pages.items() if not path.endswith(".gz"))
    (name,) = (tmp_path / "talk/p" / identifier("talk", "d@x") / "files/1").iterdir()
    assert name.suffix == ".bin"  # nothing that a browser would run
    (name,) = (tmp_path / "talk/p" / identifier("talk", "d@x") / "files/2").iterdir()
    assert name.read_text() == "[left out here, as it holds mail addresses]\n"


def test_what_changed_is_written_again_and_what_is_gone_is_removed(store: Store, talk: List, tmp_path: Path) -> None:
    copied(store, talk, tmp_path)
    mbox = tmp_path / "talk/archive.mbox.gz"
    as_it_was = mbox.stat().st_mtime_ns
    assert copied(store, talk, tmp_path) == Written(3, 0, 0)
    assert mbox.stat().st_mtime_ns == as_it_was
    file(store, talk, mail("c", "Re: Drift", names="a", day=6))
    store.write_now(lambda conn: filed.delete(conn, OPERATOR, talk, 2, NOW))
    store.write_now(lambda conn: filed.delete(conn, OPERATOR, talk, 3, NOW))
    talk = store.read_now(lambda conn: lists.get(conn, talk.id))
    assert copied(store, talk, tmp_path).written == 2
    assert not (tmp_path / "talk/p" / identifier("talk", "b@x")).exists()
    with served(tmp_path) as base:
        pages = crawl(base)
    assert not any(b"Look at this" in body or b">Kim<" in body for body in pages.values())
    assert b"Look at this" not in gzip.decompress(pages["/talk/archive.mbox.gz"])


def test_several_lists_share_a_folder_below_a_path(store: Store, talk: List, tmp_path: Path) -> None:
    other = new_list(store, "other", archive="public")
    file(store, other, mail("z", "Elsewhere"))
    site = replace(SITE, base_url="http://lists.example.org/old")
    for lst in (talk, other):
        for _ in copy.write(store, site, lst, tmp_path / "old", NOW):
            pass
    front = (tmp_path / "old/index.html").read_text()
    assert 'href="/old/talk/"' in front
    assert 'href="/old/other/"' in front
    with served(tmp_path) as base:
        assert fetched(f"{base}/old/other/t/{identifier('other', 'z@x')}/elsewhere")[0] == 200


def test_W9_a_private_archive_is_copied_only_where_that_is_said(store: Store, tmp_path: Path) -> None:
    board = new_list(store, "board", archive="members")
    file(store, board, mail("s", "Secret"))
    with pytest.raises(Refused, match="say --private"):
        copied(store, board, tmp_path)
    assert not (tmp_path / "board").exists()
    assert copied(store, board, tmp_path, private=True).written == 1
    assert "noindex" in (tmp_path / "board/index.html").read_text()
    closed = new_list(store, "closed", archive="none")
    with pytest.raises(Refused, match="no archive"):
        copied(store, closed, tmp_path, private=True)
    with pytest.raises(UsageError, match="--url"):
        list(copy.write(store, replace(SITE, base_url=""), board, tmp_path, NOW, private=True))


def test_a_real_list_has_no_dead_link(shared: Path, sqlite_url: str, tmp_path: Path) -> None:
    source = tmp_path / "few.mbox"
    found = importing.mails(shared / "data" / "lists" / "r-sig-meta-analysis.mbox.xz")
    source.write_bytes(b"".join(b"From x@y Sun Mar  1 10:00:00 2020\n" + next(found).raw + b"\n" for _ in range(150)))
    with Store.open(sqlite_url) as store:
        lst = new_list(store, "talk", archive="public")
        for _ in importing.run(store, OPERATOR, lst, [source], NOW, workers=0):
            pass
        copied(store, store.read_now(lambda conn: lists.get(conn, lst.id)), tmp_path / "out")
    with served(tmp_path / "out") as base:
        assert len(crawl(base)) > 300
