"""A copy of a list's archive as files that any web server can serve: the same pages, made by the same functions.

What has no meaning without a program behind it (search, signing in, order by date) is left out of the pages. A thread
that has not changed since the last time is not written again; what was removed from the archive is removed here too.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection

from listserver.core.content import opened
from listserver.core.masking import LEFT_OUT
from listserver.core.outline import outline
from listserver.core.site import Site
from listserver.errors import Refused, UsageError
from listserver.store import reading
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.store.reading import Line
from listserver.web import archive, dates, sent, thread
from listserver.web.http import Request, Response
from listserver.web.months import all_months
from listserver.web.posts import author_name
from listserver.web.posts import file as attachment
from listserver.web.render import look, missing, stylesheet
from listserver.web.rows import thread_url
from listserver.web.visit import Copy, Viewer, Visit

FEEDS = ("atom.xml", "feed.json")
_KNOWN = ".listserver-copy.json"  # in the list's folder: what its threads were like when they were written


@dataclass(frozen=True, slots=True)
class Written:
    """How many threads a list has, and how many of them were written, or taken away."""

    threads: int
    written: int
    removed: int


def write(store: Store, site: Site, lst: List, out: Path, now: datetime, *, private: bool = False) -> Iterator[Written]:
    """Write the list's pages below the folder `out`, which is to be served at site.base_url; gives the state so far.

    private: also the archive of members. Raises Refused where that is not said, UsageError without a base_url.
    """
    if not site.base_url:
        raise UsageError("A copy needs the address at which it will be served: set web.base_url, or give --url.")
    if lst.settings.archive == "none":
        raise Refused(f"{lst.name} keeps no archive for readers (archive = none), so there is nothing to copy.")
    if lst.settings.archive != "public" and not private:
        raise Refused(
            f"The archive of {lst.name} is for its members. Whoever can fetch the copy reads all of it: "
            "say --private if it goes where only members come."
        )
    copied = _Copied(store, site, lst, out, now)
    yield from copied.threads()
    copied.list_pages()
    copied.site_pages()


class _Copied:
    """One run. Each thread is read in a transaction of its own, so that nobody waits for all of it."""

    def __init__(self, store: Store, site: Site, lst: List, out: Path, now: datetime) -> None:
        self._store, self._site, self._lst, self._out, self._now = store, site, lst, out, now
        self._root = urlsplit(site.base_url).path.rstrip("/")
        self._folder = out / lst.name
        found = store.read_now(lambda conn: reading.authors(conn, lst.id))
        names = {address: author_name(*first) for address, first in found.items()}
        there = {path.parent.name for path in out.glob(f"*/{_KNOWN}")} if out.is_dir() else set()
        self._months: set[datetime] = set()  # in which threads began: their pages lead there
        self._copy = Copy(frozenset({lst.name, *there}), names)

    def threads(self) -> Iterator[Written]:
        """All threads with their posts, those that changed."""
        look_now = f"{look()} {self._site.base_url}"
        known = self._known(look_now)
        found = self._store.read_now(lambda conn: reading.all_threads(conn, self._lst.id))
        self._folder.mkdir(parents=True, exist_ok=True)
        written = removed = 0
        for row in found:
            if known.get(row.identifier) != row.changed:
                self._store.read_now(partial(self._thread, row=row))
                written += 1
                if written % 50 == 0:
                    yield Written(len(found), written, removed)
        for gone in known.keys() - {row.identifier for row in found}:
            shutil.rmtree(self._folder / "t" / gone, ignore_errors=True)
            removed += 1
        self._months = {dates.month_start(row.first_at) for row in found}
        state = json.dumps({"look": look_now, "threads": {row.identifier: row.changed for row in found}})
        kept = self._folder / _KNOWN
        if not kept.exists() or kept.read_text() != state:
            kept.write_text(state)
        yield Written(len(found), written, removed)

    def list_pages(self) -> None:
        """Front, months, open questions, authors and feeds."""
        name = self._lst.name
        months = self._store.read_now(lambda conn: all_months(self._visit(conn, "/"), self._lst))
        paths = ["", "months/", "unanswered/", "sitemap.xml", *FEEDS, *(f"unanswered/{form}" for form in FEEDS)]
        paths += [
            f"{at:%Y/%m}{end}" for at in sorted({*months, *self._months}) for end in ("/", "/sitemap.xml", ".mbox.gz")
        ]
        shutil.rmtree(self._folder / "people", ignore_errors=True)
        paths += [f"people/{end}/{file}" for end in self._copy.authors.values() for file in ("", *FEEDS)]
        for path in paths:
            self._store.read_now(partial(self._page, path=f"/{name}/{path}"))
        self._mbox(self._folder / "archive.mbox.gz")

    def _mbox(self, file: Path) -> None:
        """All posts in one file, portion by portion, where threads changed after it was written."""
        if file.exists() and file.stat().st_mtime_ns >= (self._folder / _KNOWN).stat().st_mtime_ns:
            return
        more = sent.archive(self._lst).more
        assert more is not None
        whole = file.with_suffix(".new")
        with whole.open("wb") as out:
            while portion := self._store.read_now(more):
                out.write(portion)
        whole.replace(file)

    def site_pages(self) -> None:
        """The front that names all lists of the folder, the style, and the page for what is not there."""
        self._store.read_now(lambda conn: self._page(conn, "/"))
        self._store.read_now(lambda conn: self._page(conn, f"/{stylesheet()[0]}"))
        absent = self._store.read_now(lambda conn: missing(self._visit(conn, "/404.html")))
        (self._out / "404.html").write_bytes(absent.body)

    def _known(self, look_now: str) -> dict[str, int]:
        try:
            state = json.loads((self._folder / _KNOWN).read_text())
        except (OSError, ValueError):
            return {}
        return dict(state["threads"]) if state.get("look") == look_now else {}

    def _thread(self, conn: Connection, row: Any) -> None:
        name = self._lst.name
        lines = reading.of_thread(conn, row.id)
        for line in lines:
            self._post(conn, line)
        visit = self._visit(conn, "/")
        path = thread_url(visit, self._lst, row.identifier, row.subject).removeprefix(self._root)
        base = path.rstrip("/")
        shutil.rmtree(self._folder / "t" / row.identifier, ignore_errors=True)
        entries = [entry for entry in outline(lines) if entry.post.state == "shown" or not entry.leaf]
        for number in range(1, len(thread.page_starts(entries)) + 1 if entries else 1):
            self._page(conn, path, f"{base}/page-{number}/" if number > 1 else f"{base}/", page=str(number))
        if entries:
            for end in (*FEEDS, "mbox.gz"):
                self._page(conn, f"/{name}/t/{row.identifier}/{end}")

    def _post(self, conn: Connection, line: Line) -> None:
        path = f"/{self._lst.name}/p/{line.identifier}/"
        shutil.rmtree(self._folder / "p" / line.identifier, ignore_errors=True)
        if line.state != "shown" or not self._page(conn, path):
            return
        self._page(conn, f"{path}raw", f"{path}raw.txt")
        visit = self._visit(conn, path)
        for place, one in enumerate(opened(reading.contents(conn, [line.id])[line.id]).files, 1):
            target = unquote(attachment(visit, self._lst, line, place, one).url.removeprefix(self._root))
            if not self._page(conn, f"{path}files/{place}/{place}", target):
                self._write(target, f"{LEFT_OUT.strip()}\n".encode())  # a key or certificate (web.sent)

    def _page(self, conn: Connection, path: str, target: str = "", **query: str) -> bool:
        """Write one page to its file; False if there is no such page."""
        answer = self._answer(conn, path, query)
        if answer.status != 200:
            return False
        self._write(target or path, answer.body)
        return True

    def _write(self, path: str, octets: bytes) -> None:
        name = path.lstrip("/")
        file = self._out / (f"{name}index.html" if name.endswith("/") or not name else name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(octets)

    def _answer(self, conn: Connection, path: str, query: dict[str, str]) -> Response:
        return archive.respond(self._visit(conn, self._root + path, query))

    def _visit(self, conn: Connection, path: str, query: dict[str, str] | None = None) -> Visit:
        viewer = Viewer(roles=frozenset({(self._lst.id, "member")}))
        return Visit(conn, self._site, Request("GET", path, query or {}), viewer, self._now, self._copy)
