"""How fast the archive's pages are, beside public-inbox on the same mails: `python -m bench.archive [MBOX …]`.

For each kind of page: weight on the wire, SQL statements, latency over one connection (median, p99), and pages a second
over 8 connections. public-inbox (Debian: apt install public-inbox) serves the same mails in the same run. --until N
fills a second archive with the same posts under new Message-IDs, and measures its pages too. --keep FOLDER keeps what
was made, for the next run. Readers at full speed while others post: `python -m bench.reading`.
"""

import argparse
import asyncio
import gzip
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Connection, event, func, select

from bench.importing import LISTS, PEER, ROOT
from bench.importing import _again as again
from bench.importing import _prepared as prepared
from listserver.actions import archive as filing
from listserver.actions import importing
from listserver.core import mbox
from listserver.core.actor import OPERATOR
from listserver.core.site import Site
from listserver.store import fast, lists, migrations
from listserver.store.engine import Store
from listserver.store.tables import lists as lists_table
from listserver.store.tables import posts, threads
from listserver.web import archive
from listserver.web.http import Request, Response, fields
from listserver.web.render import stylesheet
from listserver.web.visit import VISITOR, Visit
from tests.interop.peers import free_port
from tests.running import Serve

FILES = ("usrp-users.mbox.xz", "twisted-python.mbox.xz", "r-sig-meta-analysis.mbox.xz")
LONG = 200  # posts in the long thread
SAMPLE = 40  # pages of a kind
REQUESTS = 120  # of a kind over one connection
SECONDS = 2.0  # over many
CONNECTIONS = 8
BARS = {"thread of 200": 0.25}  # times public-inbox; others 1
SITE = Site("lists.example.org", "Lists", "admin@example.org", "en", "http://127.0.0.1", b"k" * 32)
GZIP = {"accept-encoding": "gzip"}


@dataclass
class Kind:
    """Pages of a kind: their paths, those of public-inbox for the same, and what was measured."""

    name: str
    ours: list[str]
    theirs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Speed:
    """Latency in seconds over one connection, pages a second over many, octets of the largest page."""

    median: float
    p99: float
    rate: float
    weight: int


# --- what is asked for ------------------------------------------------------------------------------------------------
def kinds(conn: Connection, name: str) -> list[Kind]:
    """Pages of a list, drawn by chance but the same at each run."""
    lst = lists.find(conn, name)
    assert lst is not None
    rng = random.Random(7)
    columns = (posts.c.identifier, posts.c.message_id, posts.c.subject, posts.c.author_address, posts.c.sent_at)
    numbers = rng.sample(range(1, lst.last_number + 1), min(4 * SAMPLE, lst.last_number))
    wanted = select(*columns).where(posts.c.list_id == lst.id, posts.c.number.in_(numbers), posts.c.state == "shown")
    rows = [row for row in conn.execute(wanted) if row.author_address][:SAMPLE]
    roots = select(threads.c.identifier, threads.c.posts, posts.c.message_id).join(
        posts, posts.c.id == threads.c.root_id
    )
    roots = roots.where(threads.c.list_id == lst.id, posts.c.state == "shown")
    short = list(conn.execute(roots.where(threads.c.posts == 5).order_by(threads.c.id).limit(SAMPLE)))
    most = select(lists_table.c.name, threads.c.identifier, posts.c.message_id).join(
        posts, posts.c.id == threads.c.root_id
    )
    most = most.join(lists_table, lists_table.c.id == threads.c.list_id).order_by(threads.c.posts.desc()).limit(1)
    (long,) = conn.execute(most)
    asked = [" ".join(words[:3]) for row in rows if len(words := _words(row.subject)) > 1][:SAMPLE]
    months = sorted({f"/{name}/{row.sent_at:%Y/%m}/" for row in rows})

    def peer(rows: list[Any], end: str) -> list[str]:
        return [f"/{name}/{quote(row.message_id, safe='@')}/{end}" for row in rows]

    return [
        Kind("site front", ["/"], ["/"]),
        Kind("list front", [f"/{name}/"], [f"/{name}/"]),
        Kind("thread of 5", [f"/{name}/t/{row.identifier}" for row in short], peer(short, "t/")),
        Kind("thread of 200", [f"/{long.name}/t/{long.identifier}"], [f"/{long.name}/{long.message_id}/t/"]),
        Kind("post", [f"/{name}/p/{row.identifier}/" for row in rows], peer(rows, "")),
        Kind(
            "search",
            [f"/{name}/search?{urlencode({'q': words})}" for words in asked],
            [f"/{name}/?{urlencode({'q': words})}" for words in asked],
        ),
        Kind("search, best", [f"/{name}/search?{urlencode({'q': words, 'sort': 'best'})}" for words in asked]),
        Kind("post as plain text", [f"/{name}/p/{row.identifier}/raw" for row in rows], peer(rows, "raw")),
        Kind("feed", [f"/{name}/atom.xml"], [f"/{name}/new.atom"]),
        Kind("month", months),
        Kind("author", [f"/{name}/people/{row.identifier}/" for row in rows]),
        Kind("unanswered", [f"/{name}/unanswered/"]),
    ]


def _words(subject: str) -> list[str]:
    return [word for word in subject.split() if word.isalpha() and len(word) > 3]


def answer(store: Store, url: str, headers: dict[str, str]) -> Response:
    """A page, called as a function."""
    path, _, query = url.partition("?")
    request = Request("GET", path, fields(query), headers=headers)
    now = datetime.now(UTC)
    return store.read_now(
        lambda conn: archive.packed(request, archive.respond(Visit(conn, SITE, request, VISITOR, now)))
    )


def counted(store: Store, found: list[Kind]) -> dict[str, tuple[int, int]]:
    """Of each kind the most SQL statements of a page, and of one that has not changed; follows redirects in place."""
    seen: list[str] = []
    fast.watchers.append(seen.append)
    for engine in store.engines:
        event.listen(engine, "before_cursor_execute", lambda _conn, _cursor, sql, *_: seen.append(sql))
    costs: dict[str, tuple[int, int]] = {}
    for kind in found:
        most = same = 0
        for at, url in enumerate(kind.ours):
            page = answer(store, url, GZIP)
            while page.status in (301, 302):
                url = kind.ours[at] = page.headers["location"].partition("#")[0]
                page = answer(store, url, GZIP)
            seen.clear()
            page = answer(store, url, GZIP)
            assert page.status == 200, (url, page.status)
            most = max(most, len([sql for sql in seen if not sql.startswith("BEGIN")]))
            seen.clear()
            if tag := page.headers.get("etag"):
                assert answer(store, url, {"if-none-match": tag}).status == 304
                same = max(same, len([sql for sql in seen if not sql.startswith("BEGIN")]))
        costs[kind.name] = most, same
    fast.watchers.remove(seen.append)
    return costs


# --- the client -------------------------------------------------------------------------------------------------------
class Client:
    """One connection that is kept; as little as HTTP/1.1 needs, so that the server is what is measured."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> int:
        """Octets of the body, as they came over the wire. Raises RuntimeError unless it is 200."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n"
        self._writer.write(head.encode())
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        if lines[0].split()[1] != "200":
            raise RuntimeError(f"{path}: {lines[0]}")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        size = await self._body(headers)
        if headers.get("connection") == "close":
            self.close()
        return size

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _body(self, headers: dict[str, str]) -> int:
        assert self._reader is not None
        if "content-length" in headers:
            return len(await self._reader.readexactly(int(headers["content-length"])))
        if headers.get("transfer-encoding") != "chunked":
            return len(await self._reader.read(-1))
        total = 0
        while size := int((await self._reader.readuntil(b"\r\n")).strip(), 16):
            total += len(await self._reader.readexactly(size + 2)) - 2
        await self._reader.readexactly(2)
        return total


async def measure(port: int, paths: list[str]) -> Speed:
    """Ask for these pages in turn, over one connection and over many."""
    client = Client(port)
    weights = [await client.get(path) for path in paths]  # and so everything is warm
    times: list[float] = []
    until = time.perf_counter() + 3 * SECONDS
    while len(times) < REQUESTS and time.perf_counter() < until:
        began = time.perf_counter()
        await client.get(paths[len(times) % len(paths)])
        times.append(time.perf_counter() - began)
    client.close()
    times.sort()
    return Speed(statistics.median(times), times[int(len(times) * 0.99)], await rate(port, paths), max(weights))


async def rate(port: int, paths: list[str]) -> float:
    """Pages a second over CONNECTIONS connections."""
    began = time.perf_counter()

    async def reader(at: int) -> int:
        client = Client(port)
        done = 0
        while time.perf_counter() - began < SECONDS:
            await client.get(paths[(at + done) % len(paths)])
            done += 1
        client.close()
        return done

    done = await asyncio.gather(*(reader(at) for at in range(CONNECTIONS)))
    return sum(done) / (time.perf_counter() - began)


# --- the two archives -------------------------------------------------------------------------------------------------
def fill(url: str, files: list[Path]) -> None:
    """Import these mboxes, a list each; lists that are there are left as they are."""
    migrations.upgrade(url)
    with Store.open(url) as store:
        for file in files:
            if store.read_now(lambda conn, file=file: lists.find(conn, _name(file))) is None:
                lst = new_list(store, _name(file))
                for _ in importing.run(store, OPERATOR, lst, [file], datetime.now(UTC)):
                    pass


def new_list(store: Store, name: str) -> lists.List:
    """A list whose archive is public."""
    list_id = store.write_now(lambda conn: lists.add(conn, name, {"archive": "public"}, datetime.now(UTC)))
    return store.read_now(lambda conn: lists.get(conn, list_id))


def long_thread(source: Path, target: Path) -> Path:
    """An mbox of LONG real mails that answer each other: a thread such as these lists do not have."""
    head = re.compile(
        rb"^(?:message-id|in-reply-to|references|subject):.*\n(?:[ \t].*\n)*", re.IGNORECASE | re.MULTILINE
    )
    with target.open("wb") as file:
        for number, found in zip(range(LONG), importing.mails(source), strict=False):
            before, gap, body = found.raw.partition(b"\n\n")
            answered = f"In-Reply-To: <long.{number // 3}@bench.example>\n" if number else ""
            new = f"Subject: A long thread\nMessage-ID: <long.{number}@bench.example>\n{answered}"
            file.write(b"From x@y Sun Mar  1 10:00:00 2020\n")
            file.write(mbox.quote(new.encode() + head.sub(b"", before + b"\n").rstrip(b"\n") + gap + body))
    return target


def repeat(url: str, files: list[Path], until: int) -> None:
    """The same posts under new Message-IDs, again and again; each file gets the same share."""
    migrations.upgrade(url)
    now = datetime.now(UTC)
    with Store.open(url) as store:
        for file in files:
            lst, filed = new_list(store, _name(file)), 0
            for batch in again([prepared(found, lst.id, now) for found in importing.mails(file)]):
                store.write_now(lambda conn, batch=batch, lst=lst: filing.file_all(conn, lst, batch))
                filed += len(batch)
                if filed >= until / len(files):
                    break


def _name(file: Path) -> str:
    return file.name.partition(".")[0]


def fill_peer(folder: Path, files: list[Path]) -> None:
    """public-inbox's inboxes of these mboxes, and its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peer.pl").write_text(PEER)
    config = ["[publicinbox]\n\twwwlisting = all\n"]
    for file in files:
        name = _name(file)
        if not (folder / name).exists():
            with (folder / "mbox").open("wb") as plain:
                for found in importing.mails(file):
                    plain.write(b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + mbox.quote(found.raw))
            command = ["perl", str(folder / "peer.pl"), str(folder / name), str(folder / "mbox")]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        config.append(f'[publicinbox "{name}"]\n\tinboxdir = {folder / name}\n\taddress = {name}@lists.example.org\n')
        config.append(f"\turl = http://127.0.0.1/{name}\n")
    (folder / "mbox").unlink(missing_ok=True)
    (folder / "config").write_text("".join(config))


@contextmanager
def peer(folder: Path) -> Iterator[int]:
    """public-inbox's server as it comes; gives its port."""
    port = free_port()
    command = ["public-inbox-httpd", "-l", f"127.0.0.1:{port}"]
    environment = os.environ | {"PI_CONFIG": str(folder / "config")}
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        time.sleep(2)
        yield port
    finally:
        server.terminate()
        server.wait(20)


# --- what is printed --------------------------------------------------------------------------------------------------
def compare(url: str, folder: Path, peers: Path | None) -> None:
    """Measure each kind of page here and there in turn, and print a line for each."""
    with Store.open(url) as store:
        found = store.read_now(lambda conn: kinds(conn, "usrp-users"))
        total = store.read_now(lambda conn: conn.execute(select(func.count()).select_from(posts)).scalar_one())
        costs = counted(store, found)
    css = len(gzip.compress(stylesheet()[1], archive.LEVEL))
    print(f"{total:,} posts on SQLite; CSS {css / 1000:.1f} kB once; 2 requests a page (the page and the CSS)")
    print(f"{'':20}{'kB':>6} {'SQL':>3} {'304':>3} {'median':>8} {'p99':>8} {'pages/s':>8}   public-inbox: ratio")
    with ExitStack() as stack:
        limits = {"WEB__SEARCHES_PER_MINUTE": "0", "WEB__BASE_URL": "http://127.0.0.1"}
        serve = stack.enter_context(Serve(folder / "serve", database=url, only="web", **limits))
        other = stack.enter_context(peer(peers)) if peers is not None else 0
        for kind in found:
            mine = asyncio.run(measure(serve.ports["web"], kind.ours))
            line = (
                f"{kind.name:20}{mine.weight / 1000:6.1f} {costs[kind.name][0]:3} {costs[kind.name][1] or '-':>3} "
                f"{1e3 * mine.median:5.2f} ms {1e3 * mine.p99:5.2f} ms {mine.rate:8.0f}"
            )
            if other and kind.theirs:
                theirs = asyncio.run(measure(other, kind.theirs))
                line += (
                    f"   {theirs.weight / 1000:6.1f} kB {1e3 * theirs.median:6.2f} ms {theirs.rate:5.0f}/s:"
                    f" {mine.median / theirs.median:5.2f} (bar {BARS.get(kind.name, 1)})"
                )
            print(line, flush=True)
        print(f"resident memory: {serve.memory() / 1e6:.0f} MB", flush=True)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mbox", nargs="*", type=Path, default=[LISTS / name for name in FILES])
    parser.add_argument("--until", type=int, default=0, help="posts of a second, larger archive")
    parser.add_argument("--keep", type=Path, help="a folder for what is made")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as made:
        folder = (given.keep or Path(made)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        url, large = (f"sqlite:///{folder / name}" for name in ("archive.db", "large.db"))
        given.mbox.append(long_thread(given.mbox[0], folder / "long.mbox"))
        fill(url, given.mbox)
        peers: Path | None = folder / "public-inbox"
        if shutil.which("public-inbox-httpd") is None:
            print("public-inbox is not installed: nothing to compare with")
            peers = None
        else:
            fill_peer(folder / "public-inbox", given.mbox)
        compare(url, folder, peers)
        if given.until:
            if not (folder / "large.db").exists():
                repeat(large, given.mbox[:-1], given.until)
            fill(large, given.mbox[-1:])
            compare(large, folder, None)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
