"""Every address of the archive leads to the same post after an export, a wipe and an import into the other database."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from listserver.actions import exporting, importing
from listserver.core.actor import OPERATOR
from listserver.core.packing import unpack
from listserver.core.site import Site
from listserver.store import lists
from listserver.store.engine import Store
from listserver.store.tables import posts, raw, threads
from listserver.web import archive
from listserver.web.http import Request
from listserver.web.visit import VISITOR, Visit
from tests.actions.filing import NOW, mail
from tests.sites import head

SITE = Site("lists.example.org", "Lists", "admin@example.org", "en", "https://lists.example.org", b"k" * 32)
TWICE = [  # two posts with one Message-ID, a reply that came first, and one without any
    mail("a", "Drift"),
    mail("c", "Re: Drift", names="b a", day=2),
    mail("b", "Re: Drift", names="a", day=1),
    mail("a", "Drift", body="Another text."),
    mail("", "Nameless").replace(b"Message-ID: <@x>\n", b""),
]


def filled(store: Store, *paths: Path) -> None:
    list_id = store.write_now(lambda conn: lists.add(conn, "talk", {"archive": "public"}, NOW))
    lst = store.read_now(lambda conn: lists.get(conn, list_id))
    for _ in importing.run(store, OPERATOR, lst, paths, NOW, workers=2):
        pass


def addresses(store: Store) -> dict[str, tuple[str, str, str]]:
    """Of each post's identifier: whose bytes are there, the thread it is in, and its Message-ID."""
    wanted = (
        select(posts.c.identifier, raw.c.enc, raw.c.bytes, threads.c.identifier.label("thread"), posts.c.message_id)
        .join(raw, raw.c.post_id == posts.c.id)
        .join(threads, threads.c.id == posts.c.thread_id)
    )

    def read(conn: Connection) -> dict[str, tuple[str, str, str]]:
        rows = conn.execute(wanted)
        return {row.identifier: (_hash(unpack(row.enc, row.bytes)), row.thread, row.message_id) for row in rows}

    return store.read_now(read)


def _hash(octets: bytes) -> str:
    return hashlib.sha256(octets.rstrip(b"\n")).hexdigest()  # an mbox does not know a last empty line


def page(store: Store, path: str) -> tuple[int, str]:
    """Status of a page, and where it sends the reader."""
    request = Request("GET", path)
    answer = store.read_now(lambda conn: archive.respond(Visit(conn, SITE, request, VISITOR, NOW)))
    return answer.status, answer.headers.get("location", "")


@pytest.mark.parametrize(
    ("source", "first"),
    [
        *(("few", "sqlite"), ("few", "postgresql"), ("real", "sqlite")),
        pytest.param("all", "sqlite", marks=pytest.mark.soak),
    ],
)
def test_addresses_outlive_a_move_to_the_other_database(
    request: pytest.FixtureRequest, sqlite_url: str, postgres_url: str, tmp_path: Path, source: str, first: str
) -> None:
    if source == "few":
        path = tmp_path / "mails"
        path.mkdir()
        for at, octets in enumerate(TWICE):
            (path / f"{at}.eml").write_bytes(octets)
    else:
        whole = request.getfixturevalue("shared") / "data" / "lists" / "r-sig-meta-analysis.mbox.xz"
        path = whole if source == "all" else head(whole, tmp_path / "r-sig.mbox", 1_000_000)
    urls = [sqlite_url, postgres_url] if first == "sqlite" else [postgres_url, sqlite_url]
    with Store.open(urls[0]) as old, Store.open(urls[1]) as new:
        filled(old, path)
        before = addresses(old)
        lst = old.read_now(lambda conn: lists.find(conn, "talk"))
        assert lst is not None
        for _ in exporting.export(old, OPERATOR, lst, "mbox" if first == "sqlite" else "maildir", tmp_path / "out"):
            pass
        filled(new, tmp_path / "out" / ("talk.mbox" if first == "sqlite" else "talk"))
        assert addresses(new) == before
        assert len(before) >= len(TWICE)
        for one in [*before][:: max(1, len(before) // 100)]:
            for url in (f"/talk/p/{one}/", f"/talk/t/{one}", f"/m/{before[one][2]}"):
                assert page(new, url) == page(old, url)
                assert page(new, url)[0] in (200, 300, 301, 302)
