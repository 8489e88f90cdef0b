"""Rows of threads as fronts, months and the page of open questions list them; each function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    column,
    exists,
    func,
    or_,
    select,
    values,
)

from listserver.store.fast import Fast
from listserver.store.moment import Moment
from listserver.store.tables import posts, threads


@dataclass(frozen=True, slots=True)
class Topic:
    """A thread as a row of a page. Names and addresses are those of its asker and of who wrote last.

    What belongs to a post that readers may not see is "".
    """

    identifier: str
    subject: str
    posts: int
    first_at: datetime
    last_at: datetime
    answered: bool
    opening: str
    name: str
    address: str
    first: str
    last_name: str
    last_address: str


_other = posts.alias("other")


def is_open(root: FromClause) -> ColumnElement[bool]:
    """Of a thread with that first post: nobody but its asker has written in it, who did not call it solved either."""
    another = and_(
        _other.c.thread_id == threads.c.id,
        _other.c.author_address != root.c.author_address,
        _other.c.state == "shown",
    )
    return and_(threads.c.answered_id.is_(None), ~exists().where(another))


_root, _last = posts.alias("root"), posts.alias("last")
_TOPICS = (
    select(
        threads.c.identifier,
        threads.c.subject,
        threads.c.posts,
        threads.c.first_at,
        threads.c.last_at,
        threads.c.answered_id.is_not(None),
        _root.c.opening,
        _root.c.author_name.label("asker"),
        _root.c.author_address.label("asker_address"),
        _root.c.identifier.label("first"),
        _last.c.author_name.label("latest"),
        _last.c.author_address.label("latest_address"),
        _root.c.state.label("root_state"),
        _last.c.state.label("last_state"),
    )
    .join(_root, _root.c.id == threads.c.root_id)
    .join(_last, _last.c.id == threads.c.last_id)
    .where(threads.c.list_id == bindparam("list"), or_(_root.c.state == "shown", threads.c.posts > 1))
)
_FROM, _UNTIL = bindparam("start", type_=Moment), bindparam("end", type_=Moment)
_RECENT = Fast(
    _TOPICS.where(threads.c.last_at < _UNTIL)
    .order_by(threads.c.last_at.desc(), threads.c.id.desc())
    .limit(bindparam("limit")),
    *("list", "end", "limit"),
)
_OPEN = _TOPICS.where(
    is_open(_root),
    threads.c.first_at >= _FROM,
    threads.c.first_at < _UNTIL,
).limit(bindparam("limit"))
_OPEN_NEWEST = Fast(_OPEN.order_by(threads.c.first_at.desc(), threads.c.id.desc()), "list", "start", "end", "limit")
_OPEN_OLDEST = Fast(_OPEN.order_by(threads.c.first_at, threads.c.id), "list", "start", "end", "limit")
_ITS = posts.c.list_id == bindparam("list")
_BESIDE = (  # when the last post before, and the first one after, a span came: two seeks in an index
    select(func.max(posts.c.received_at, type_=Moment)).where(_ITS, posts.c.received_at < _FROM).scalar_subquery(),
    select(func.min(posts.c.received_at, type_=Moment)).where(_ITS, posts.c.received_at >= _UNTIL).scalar_subquery(),
)
_OF_MONTH = _TOPICS.add_columns(_BESIDE[0].label("before"), _BESIDE[1].label("after"))
_BEGUN = Fast(
    _OF_MONTH.where(threads.c.first_at >= _FROM, threads.c.first_at < _UNTIL)
    .order_by(threads.c.first_at, threads.c.id)
    .limit(bindparam("limit")),
    *("list", "start", "end", "limit"),
)
_CONTINUED = Fast(
    _OF_MONTH.where(
        threads.c.first_at < _FROM,
        threads.c.id.in_(
            select(posts.c.thread_id).where(
                posts.c.list_id == bindparam("list"), posts.c.received_at >= _FROM, posts.c.received_at < _UNTIL
            )
        ),
    )
    .order_by(threads.c.last_at, threads.c.id)
    .limit(bindparam("limit")),
    *("list", "start", "end", "limit"),
)


def _topic(row: Any) -> Topic:
    values = list(row[: len(fields(Topic))])
    if row.root_state != "shown":
        values[6:9] = "", "", ""
    if row.last_state != "shown":
        values[10:12] = "", ""
    return Topic(*values)


def recent(conn: Connection, list_id: int, before: datetime, limit: int) -> list[Topic]:
    """Threads by their last post before that moment, newest first."""
    return [_topic(row) for row in _RECENT.all(conn, {"list": list_id, "end": before, "limit": limit})]


def unanswered(
    conn: Connection, list_id: int, start: datetime, end: datetime, limit: int, *, oldest: bool = False
) -> list[Topic]:
    """Threads begun in [start, end) in which nobody but the asker has written."""
    statement = _OPEN_OLDEST if oldest else _OPEN_NEWEST
    return [_topic(r) for r in statement.all(conn, {"list": list_id, "start": start, "end": end, "limit": limit})]


def begun(conn: Connection, list_id: int, start: datetime, end: datetime, limit: int) -> list[Topic]:
    """Threads begun in [start, end), oldest first."""
    return [_topic(r) for r in _BEGUN.all(conn, {"list": list_id, "start": start, "end": end, "limit": limit})]


@dataclass(frozen=True, slots=True)
class Span:
    """What was written in a span of time. before, after: when the posts came between which all of it lies."""

    begun: list[Topic]
    continued: list[Topic]
    before: datetime | None
    after: datetime | None


def span(conn: Connection, list_id: int, start: datetime, end: datetime, limit: int) -> Span | None:
    """Threads begun in [start, end), oldest first, and older ones that got posts; None if there is nothing."""
    wanted = {"list": list_id, "start": start, "end": end, "limit": limit}
    new, old = _BEGUN.all(conn, wanted), _CONTINUED.all(conn, wanted)
    row = next(iter([*new, *old]), None)
    return row and Span([_topic(each) for each in new], [_topic(each) for each in old], row.before, row.after)


def _within(at: int) -> Any:
    start, end = bindparam(f"m{at}", type_=Moment), bindparam(f"m{at + 1}", type_=Moment)
    return and_(posts.c.list_id == bindparam("list"), posts.c.received_at >= start, posts.c.received_at < end)


def _months(count: int, *, counted: bool) -> Select[Any]:
    what = [
        (
            select(func.count()).select_from(posts).where(_within(at)).scalar_subquery()
            if counted
            else exists().where(_within(at))
        ).label(f"n{at}")
        for at in range(count)
    ]
    return select(*what)


_COUNTED = 6
_COUNTS = Fast(_months(_COUNTED, counted=True), "list", *(f"m{at}" for at in range(_COUNTED + 1)))


def counts(conn: Connection, list_id: int, edges: Sequence[datetime]) -> list[int]:
    """How many posts lie between each two of these seven moments."""
    row: Any = _COUNTS.first(conn, {"list": list_id, **{f"m{at}": edge for at, edge in enumerate(edges)}})
    return [int(count) for count in row]


def months(conn: Connection, list_id: int, edges: Sequence[datetime]) -> list[datetime]:
    """Those of these moments after which, and before the next, a list has posts; one seek in an index each."""
    table = values(column("start", Moment), column("after", Moment), name="span").data(list(pairwise(edges))).cte()
    there = exists().where(
        and_(posts.c.list_id == list_id, posts.c.received_at >= table.c.start, posts.c.received_at < table.c.after)
    )
    return [row[0] for row in conn.execute(select(table.c.start).where(there).order_by(table.c.start))]


_FIRST = Fast(
    select(posts.c.received_at).where(posts.c.list_id == bindparam("list")).order_by(posts.c.received_at).limit(1),
    "list",
)


def first_at(conn: Connection, list_id: int) -> datetime | None:
    """When a list got its oldest post."""
    row = _FIRST.first(conn, {"list": list_id})
    return None if row is None else row[0]
