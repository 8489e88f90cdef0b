"""Web archives that are served on loopback, for those who look at pages: the demonstration's, and real lists."""

import lzma
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select

from listserver import demo
from listserver.actions import digests, importing, joining, lists
from listserver.core import tokens
from listserver.core.actor import OPERATOR
from listserver.core.message import part_bytes, read
from listserver.core.site import Site
from listserver.core.verp import member_token
from listserver.store import digests as editions
from listserver.store import lists as lists_
from listserver.store import migrations, sessions, tables
from listserver.store.digests import Issue
from listserver.store.engine import Store
from listserver.store.lists import List
from tests.running import Serve

DOMAIN = "lists.example.org"
SITE = Site(DOMAIN, "Lists", f"admin@{DOMAIN}", "en", f"https://{DOMAIN}", b"s" * 32)  # the secret that Serve sets
ABOUT = {  # list -> its settings
    "r-sig-meta-analysis": {
        "title": "Meta-analysis in R",
        "description": "Questions about models, packages and the interpretation of results, and answers to them.",
    },
    "usrp-users": {
        "title": "Users of USRP software radios",
        "description": "Questions and answers on radios, UHD, GNU Radio, clocks and FPGA images.",
    },
}
SESSION = "a-session-of-the-tests"
_T, _P, _L = tables.threads.c, tables.posts.c, tables.lists.c


@dataclass(frozen=True, slots=True)
class Archive:
    """A served archive. url: no slash at its end. pages: name of a kind of page -> its path; own: those of somebody
    who has signed in, an owner whose cookie is SESSION."""

    url: str
    pages: Mapping[str, str]
    database: str
    own: Mapping[str, str]

    def get(self, path: str, **headers: str) -> bytes:
        """The body of a page, also of one that says that there is none."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, headers=given)
        try:
            with urllib.request.urlopen(request) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                assert refused.code in (403, 404, 410), f"{refused.code} for {path}"
                return refused.read()


@contextmanager
def served(folder: Path, database: str) -> Iterator[Archive]:
    """The web archive of a database that is there."""
    settings = {"WEB__BASE_URL": "http://127.0.0.1", "WEB__SEARCHES_PER_MINUTE": "0"}
    with Serve(folder, database=database, only="web", **settings) as serve:
        with Store.open(database) as store:
            pages = store.read_now(kinds)
            own = store.read_now(acting)
        yield Archive(f"http://127.0.0.1:{serve.ports['web']}", pages, database, own)


@contextmanager
def of_demo(folder: Path) -> Iterator[Archive]:
    """The archive of the invented community. folder: a new one. Hanne, an owner, is signed in with SESSION."""
    database = new(folder)
    with Store.open(database) as store:
        store.write_now(lambda conn: demo.seed(conn, SITE, demo.community(), datetime.now(UTC)))
        store.write_now(lambda conn: signed_in(conn, demo.address_of("hanne"), SESSION))
    with served(folder, database) as archive:
        yield archive


@contextmanager
def of_lists(folder: Path, shared: Path, most: int | None = None) -> Iterator[Archive]:
    """The archive of two real lists. most: octets of each mbox that are taken; None: all."""
    database = new(folder)
    with Store.open(database) as store:
        for name, about in ABOUT.items():
            path = shared / "data/lists" / f"{name}.mbox.xz"
            imported(store, name, path if most is None else head(path, folder / f"{name}.mbox", most), **about)
    with served(folder, database) as archive:
        yield archive


def new(folder: Path) -> str:
    """The URL of a fresh database in the folder."""
    database = f"sqlite:///{folder}/listserver.db"
    migrations.upgrade(database)
    return database


def imported(store: Store, name: str, path: Path, **about: str) -> None:
    """A public list with the posts of a file or folder."""
    for _ in importing.run(store, OPERATOR, public(store, name, **about), [path], datetime.now(UTC)):
        pass


def public(store: Store, name: str, **about: str) -> List:
    """A new list that everybody may read."""
    wanted = {"archive": "public", **about}
    return store.write_now(lambda conn: lists.create(conn, OPERATOR, name, wanted, datetime.now(UTC))).list


def head(path: Path, to: Path, most: int) -> Path:
    """The first posts of a packed mbox, so many octets at most, in a file."""
    with lzma.open(path) as opened:
        octets = opened.read(most)
    to.write_bytes(octets[: octets.rfind(b"\n\nFrom ") + 1])
    return to


def signed_in(conn: Connection, address: str, secret: str) -> None:
    """As if a member had opened the link that was mailed to them; `secret` is their cookie."""
    wanted = select(tables.addresses.c.person_id).where(tables.addresses.c.key == address)
    now = datetime.now(UTC)
    sessions.add(
        conn,
        hash=tokens.digest(secret),
        person_id=conn.execute(wanted).scalar_one(),
        address=address,
        created_at=now,
        expires_at=now + timedelta(days=1),
    )


# --- which pages there are --------------------------------------------------------------------------------------------


def kinds(conn: Connection) -> dict[str, str]:
    """Each kind of page once, of the list with most posts."""
    lst = conn.execute(select(_L.id, _L.name).order_by(_L.posts.desc())).first()
    assert lst is not None
    mine = _P.list_id == lst.id, _P.state == "shown"
    middling = select(_T).where(_T.list_id == lst.id, _T.posts.between(3, 9))
    middling = middling.order_by(_T.answered_id.is_(None), _T.last_at.desc())
    thread = conn.execute(middling).first() or conn.execute(select(_T).where(_T.list_id == lst.id)).first()
    longest = conn.execute(select(_T).where(_T.list_id == lst.id).order_by(_T.posts.desc())).first()
    assert thread is not None and longest is not None
    post = conn.execute(select(_P).where(_P.thread_id == thread.id).order_by(_P.id.desc())).first()
    busy = select(_P.author_address).where(*mine).group_by(_P.author_address).order_by(func.count().desc())
    author = conn.execute(select(_P).where(*mine, _P.author_address == conn.execute(busy).scalar())).first()
    assert post is not None and author is not None
    root = f"/{lst.name}"
    words = max(thread.subject.split(), key=len).strip("?:.,()[]")
    return {
        "site": "/",
        "front": f"{root}/",
        "thread": f"{root}/t/{thread.identifier}/",
        "long": f"{root}/t/{longest.identifier}/",
        "by-date": f"{root}/t/{longest.identifier}/?order=date",
        "post": f"{root}/p/{post.identifier}/",
        "month": f"{root}/{thread.last_at:%Y/%m}/",
        "months": f"{root}/months/",
        "author": f"{root}/people/{author.identifier}/",
        "search": f"{root}/search?q={words}",
        "search-all": f"/search?q={words}",
        "search-empty": f"{root}/search?q=",
        "search-nothing": f"{root}/search?q=xyzzyxyzzy",
        "unanswered": f"{root}/unanswered/",
        "older": f"{root}/?before={thread.last_at:%Y-%m-%d}",
        "sign-in": "/sign-in",
        "join": f"{root}/join/",
        "missing": f"{root}/of/what/there/is/not",
    }


def acting(conn: Connection) -> dict[str, str]:
    """The pages of an owner who has signed in; none where nobody has."""
    members = tables.members.c
    wanted = (
        select(_L.id, _L.name, members.id.label("member"))
        .join(tables.members, members.list_id == _L.id)
        .join(tables.sessions, tables.sessions.c.person_id == members.person_id)
        .where(members.role == "owner")
    )
    lst = conn.execute(wanted).first()
    if lst is None:
        return {}
    held = conn.execute(select(tables.holds.c.id).where(tables.holds.c.list_id == lst.id)).scalar()
    leave = member_token(SITE.secret, joining.LEAVE, lst.member)
    parts = ["options/", "held/", f"held/{held}", "settings/", "members/"]
    return {
        "me": "/me/",
        "leave": f"/{lst.name}/unsubscribe/{leave}",
        **{part.split("/")[0] + ("-one" if part[-1] != "/" else ""): f"/{lst.name}/{part}" for part in parts},
    }


def threads(archive: Archive, most: int) -> list[str]:
    """The paths of so many threads, spread over the archive."""
    wanted = select(_L.name, _T.identifier).join(tables.lists, _L.id == _T.list_id).order_by(_T.id)
    with Store.open(archive.database) as store:
        rows = store.read_now(lambda conn: list(conn.execute(wanted)))
    return [f"/{row.name}/t/{row.identifier}/" for row in rows[:: max(1, len(rows) // most)]][:most]


def posts(conn: Connection, name: str) -> list[str]:
    """The paths of all posts of a list, in the order in which they came."""
    wanted = select(_P.identifier).join(tables.lists, _L.id == _P.list_id).where(_L.name == name).order_by(_P.id)
    return [f"/{name}/p/{identifier}/" for identifier in conn.execute(wanted).scalars()]


# --- digests ----------------------------------------------------------------------------------------------------------
def digest(store: Store, name: str, most: int = 40) -> bytes:
    """The HTML of a digest of a list's first posts, as its readers get it by mail."""

    def unit(conn: Connection) -> bytes:
        lst = lists_.find(conn, name)
        assert lst is not None
        edition = editions.add(conn, lst.id, "daily", 0, most, datetime.now(UTC))
        _, rest = digests.compose(conn, SITE, Issue(edition, "html", ((0, most),)))
        assert rest is not None
        post = read(rest)
        (part,) = (part for part in post.parts if part.content_type == "text/html")
        return part_bytes(post, part)

    return store.write_now(unit)
