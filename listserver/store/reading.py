"""Rows of posts and threads as the pages of the archive read them; each function is one statement."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select

from listserver.store.fast import Fast
from listserver.store.lists import COLUMNS, List, of_row
from listserver.store.moment import Moment
from listserver.store.tables import bodies, lists, members, posts, raw, threads


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread. changed: counts its changes."""

    id: int
    identifier: str
    subject: str
    root_id: int | None
    posts: int
    first_at: datetime
    last_at: datetime
    answered_id: int | None
    changed: int
    alike: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What the outline needs of a post. weight: octets of its packed text."""

    id: int
    number: int
    identifier: str
    thread_id: int
    parent_id: int | None
    author_name: str
    author_address: str
    subject: str
    sent_at: datetime
    received_at: datetime
    opening: str
    state: str
    message_id: str
    size: int
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A post by its identifier, its list and its thread."""

    list: List
    post: Line
    thread: Thread


LINE = (
    *(posts.c.id, posts.c.number, posts.c.identifier, posts.c.thread_id, posts.c.parent_id, posts.c.author_name),
    *(posts.c.author_address, posts.c.subject, posts.c.sent_at, posts.c.received_at, posts.c.opening, posts.c.state),
    *(posts.c.message_id, posts.c.size),
)
_WEIGHT = func.coalesce(func.length(bodies.c.content), 0).label("weight")
_THREAD = (
    *(threads.c.id, threads.c.identifier, threads.c.subject, threads.c.root_id, threads.c.posts, threads.c.first_at),
    *(threads.c.last_at, threads.c.answered_id, threads.c.changed, threads.c.alike),
)
_AT = Fast(
    select(*COLUMNS, *LINE, *_THREAD)
    .select_from(lists)
    .join(posts, posts.c.list_id == lists.c.id)
    .join(threads, threads.c.id == posts.c.thread_id)
    .where(lists.c.name == bindparam("name"), posts.c.identifier == bindparam("identifier")),
    *("name", "identifier"),
)
_OF_THREAD = Fast(
    select(*LINE, _WEIGHT)
    .select_from(posts)
    .join(bodies, bodies.c.post_id == posts.c.id, isouter=True)
    .where(posts.c.thread_id == bindparam("thread"))
    .order_by(posts.c.sent_at, posts.c.id),
    "thread",
)
_CONTENT = Fast(
    select(bodies.c.post_id, bodies.c.content).where(bodies.c.post_id.in_(bindparam("ids", expanding=True))), "ids"
)
_RAW = Fast(select(raw.c.enc, raw.c.bytes).where(raw.c.post_id == bindparam("id")), "id")
_OF_MESSAGE_ID = Fast(
    select(*COLUMNS, *LINE)
    .select_from(posts)
    .join(lists, lists.c.id == posts.c.list_id)
    .where(posts.c.message_id == bindparam("message_id"), posts.c.list_id.in_(bindparam("lists", expanding=True)))
    .order_by(lists.c.name, posts.c.number),
    *("message_id", "lists"),
)


def at(conn: Connection, list_name: str, identifier: str) -> Found | None:
    """The post with that identifier, deleted ones too."""
    row = _AT.first(conn, {"name": list_name, "identifier": identifier})
    if row is None:
        return None
    first, second = len(COLUMNS), len(COLUMNS) + len(LINE)
    return Found(of_row(row[:first]), Line(*row[first:second]), Thread(*row[second:]))


def of_thread(conn: Connection, thread_id: int) -> list[Line]:
    """All posts of a thread, deleted ones too, oldest first."""
    return [Line(*row) for row in _OF_THREAD.all(conn, {"thread": thread_id})]


def contents(conn: Connection, ids: Iterable[int]) -> dict[int, bytes]:
    """The packed contents (core.content) of posts; deleted ones have none."""
    wanted = list(ids)
    return {row[0]: row[1] for row in _CONTENT.all(conn, {"ids": wanted})} if wanted else {}


def packed(conn: Connection, post_id: int) -> tuple[str, bytes] | None:
    """(enc, octets) of a post's mail, None if it was deleted."""
    row: Any = _RAW.first(conn, {"id": post_id})
    return None if row is None else (row[0], row[1])


def by_message_id(conn: Connection, message_id: str, list_ids: Iterable[int]) -> list[tuple[List, Line]]:
    """The posts with that Message-ID, without <>, in these lists."""
    wanted = list(list_ids)
    if not wanted:
        return []
    cut = len(COLUMNS)
    rows = _OF_MESSAGE_ID.all(conn, {"message_id": message_id, "lists": wanted})
    return [(of_row(row[:cut]), Line(*row[cut:])) for row in rows]


_WITH_RAW = (
    select(posts.c.received_at, raw.c.enc, raw.c.bytes)
    .join(raw, raw.c.post_id == posts.c.id)
    .where(posts.c.state == "shown")
    .order_by(posts.c.received_at, posts.c.id)
    .limit(bindparam("limit"))
)
_RAW_OF_THREAD = Fast(_WITH_RAW.where(posts.c.thread_id == bindparam("thread")), "thread", "limit")
_RAW_OF_MONTH = Fast(
    _WITH_RAW.where(
        posts.c.list_id == bindparam("list"),
        posts.c.received_at >= bindparam("start", type_=Moment),
        posts.c.received_at < bindparam("end", type_=Moment),
    ),
    *("list", "start", "end", "limit"),
)
_SIZES = Fast(
    select(posts.c.number, posts.c.size)
    .where(posts.c.list_id == bindparam("list"), posts.c.number > bindparam("after"))
    .order_by(posts.c.number)
    .limit(bindparam("limit")),
    *("list", "after", "limit"),
)
_RAW_BETWEEN = Fast(
    select(posts.c.received_at, raw.c.enc, raw.c.bytes)
    .join(raw, raw.c.post_id == posts.c.id)
    .where(
        posts.c.list_id == bindparam("list"),
        posts.c.number > bindparam("after"),
        posts.c.number <= bindparam("last"),
        posts.c.state == "shown",
    )
    .order_by(posts.c.number),
    *("list", "after", "last"),
)
_OF_AUTHOR = (
    select(*LINE, threads.c.identifier.label("thread"), threads.c.subject.label("topic"))
    .join(threads, threads.c.id == posts.c.thread_id)
    .where(
        posts.c.list_id == bindparam("list"),
        posts.c.author_address == bindparam("address"),
        posts.c.state == "shown",
    )
)
_AUTHORS_NEWEST = Fast(
    _OF_AUTHOR.order_by(posts.c.received_at.desc(), posts.c.id.desc()).limit(bindparam("limit")),
    *("list", "address", "limit"),
)
_concealed = exists().where(
    members.c.list_id == posts.c.list_id, members.c.person_id == posts.c.person_id, members.c.concealed
)
_AUTHORS_FIRST = Fast(
    select(posts.c.identifier, posts.c.sent_at, _concealed.label("concealed"))
    .where(
        posts.c.list_id == bindparam("list"),
        posts.c.author_address == bindparam("address"),
        posts.c.state == "shown",
    )
    .order_by(posts.c.received_at, posts.c.id)
    .limit(1),
    *("list", "address"),
)


_AUTHORS = Fast(
    select(posts.c.author_address, posts.c.author_name, posts.c.identifier, _concealed.label("concealed"))
    .where(posts.c.list_id == bindparam("list"), posts.c.author_address != "", posts.c.state == "shown")
    .order_by(posts.c.received_at, posts.c.id),
    "list",
)
_THREADS = Fast(
    select(threads.c.identifier, threads.c.changed, threads.c.id, threads.c.subject, threads.c.first_at)
    .where(threads.c.list_id == bindparam("list"))
    .order_by(threads.c.id),
    "list",
)


_AT_ONCE = 200  # posts


@dataclass(frozen=True, slots=True)
class Written:
    """A post of an author, with the identifier and the subject of its thread."""

    post: Line
    thread: str
    topic: str


def raw_of_thread(conn: Connection, thread_id: int, limit: int) -> list[Any]:
    """Rows (received_at, enc, bytes) of a thread's posts, oldest first."""
    return _RAW_OF_THREAD.all(conn, {"thread": thread_id, "limit": limit})


def raw_of_month(conn: Connection, list_id: int, start: datetime, end: datetime, limit: int) -> list[Any]:
    """The same of a list's posts that came in [start, end)."""
    return _RAW_OF_MONTH.all(conn, {"list": list_id, "start": start, "end": end, "limit": limit})


def portion(conn: Connection, list_id: int, after: int, octets: int) -> int:
    """The number of the last post behind `after` with which mails of so many octets end; `after` if there is none."""
    last, size = after, 0
    for row in _SIZES.all(conn, {"list": list_id, "after": after, "limit": _AT_ONCE}):
        last, size = row.number, size + row.size
        if size >= octets:
            break
    return last


def raw_between(conn: Connection, list_id: int, after: int, last: int) -> list[Any]:
    """Rows (received_at, enc, bytes) of a list's posts with after < number <= last, by number."""
    return _RAW_BETWEEN.all(conn, {"list": list_id, "after": after, "last": last})


def of_author(conn: Connection, list_id: int, address: str, limit: int) -> list[Written]:
    """The newest posts of an author on a list."""
    rows = _AUTHORS_NEWEST.all(conn, {"list": list_id, "address": address, "limit": limit})
    return [Written(Line(*row[: len(LINE)]), row.thread, row.topic) for row in rows]


def first_of_author(conn: Connection, list_id: int, address: str) -> tuple[str, datetime, bool] | None:
    """(identifier, when, whether they want to be concealed) of an author's first post on a list."""
    row = _AUTHORS_FIRST.first(conn, {"list": list_id, "address": address})
    return None if row is None else (row[0], row[1], bool(row[2]))


def authors(conn: Connection, list_id: int) -> dict[str, tuple[str, str]]:
    """Of each address that wrote to a list: (name, identifier) of its first post. Who is concealed is left out."""
    found: dict[str, tuple[str, str] | None] = {}
    for row in _AUTHORS.all(conn, {"list": list_id}):
        found.setdefault(row.author_address, None if row.concealed else (row.author_name, row.identifier))
    return {address: first for address, first in found.items() if first}


def all_threads(conn: Connection, list_id: int) -> list[Any]:
    """Rows (identifier, changed, id, subject, first_at) of all threads of a list."""
    return _THREADS.all(conn, {"list": list_id})
