"""Rows of editions: what waits for the next one, what is in it, and which members are due what of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Boolean,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
)

from listserver.core import topics
from listserver.store import deliveries
from listserver.store import lists as lists_
from listserver.store.deliveries import NO_END, Range
from listserver.store.engine import notify
from listserver.store.tables import addresses, bodies, lists, members, past_receives, posts, raw, thread_marks, threads
from listserver.store.tables import deliveries as deliveries_
from listserver.store.tables import editions as editions_

SINGLE = ("each", "nothing")  # what is no digest


@dataclass(frozen=True, slots=True)
class Edition:
    """The digest of one period: posts with after < number <= upto, for those who receive the stream."""

    id: int
    list_id: int
    stream: str
    after: int
    upto: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Issue:
    """What some readers of an edition get: one mail is composed for all who get the same.

    due: (after, upto] of their posts, in order, not meeting. without: numbers among them that they do not want.
    """

    edition_id: int
    form: str
    due: tuple[tuple[int, int], ...]
    without: frozenset[int] = frozenset()

    def holds(self, number: int) -> bool:
        """Whether the post with that number is in it."""
        return number not in self.without and any(after < number <= upto for after, upto in self.due)


class Reader(NamedTuple):
    """A member who is due an edition; who gets the same has the same object as issue."""

    member_id: int
    address: str
    issue: Issue


# --- what waits -------------------------------------------------------------------------------------------------------
# Whoever receives a digest, found along the index: the two single words are jumped over, however many have them.
_BETWEEN = (
    members.c.receives < "each",
    and_(members.c.receives > "each", members.c.receives < "nothing"),
    members.c.receives > "nothing",
)
_READ_LISTS = select(lists.c.id).where(
    lists.c.last_number > 0,
    or_(
        *(exists().where(members.c.list_id == lists.c.id, part) for part in _BETWEEN),
        exists().where(past_receives.c.list_id == lists.c.id, past_receives.c.receives.not_in(SINGLE)),
    ),
)
_LIST: BindParameter[int] = bindparam("list")


def _next_stream(after: Any) -> Any:
    following = members.alias()
    return (
        select(func.min(following.c.receives))
        .where(following.c.list_id == _LIST, following.c.receives > after)
        .scalar_subquery()
    )


_walk = select(_next_stream("").label("receives")).cte("walk", recursive=True)
_walk = _walk.union_all(select(_next_stream(_walk.c.receives)).where(_walk.c.receives.is_not(None)))
_PAST = select(past_receives.c.receives).where(past_receives.c.list_id == _LIST)
_found = select(_walk.c.receives).where(_walk.c.receives.is_not(None)).union(_PAST).subquery()
_LAST = (
    select(func.max(editions_.c.upto))
    .where(editions_.c.list_id == _LIST, editions_.c.mode == _found.c.receives)
    .scalar_subquery()
)
_STREAMS = (
    select(_found.c.receives, func.coalesce(_LAST, 0))
    .where(_found.c.receives.not_in(SINGLE))
    .order_by(_found.c.receives)
)
_WAITING = (
    select(posts.c.number, posts.c.size, posts.c.received_at)
    .where(posts.c.list_id == _LIST, posts.c.number > bindparam("after"), posts.c.due)
    .order_by(posts.c.number)
    .limit(bindparam("limit"))
)
_SINCE = union_all(
    select(func.min(members.c.receives_since)).where(
        members.c.list_id == _LIST, members.c.receives == bindparam("stream")
    ),
    select(func.min(past_receives.c.since)).where(
        past_receives.c.list_id == _LIST,
        past_receives.c.receives == bindparam("stream"),
        past_receives.c.until > bindparam("after"),
    ),
)


def read_lists(conn: Connection) -> list[int]:
    """The lists that have readers of digests; one statement, whatever their size."""
    return list(conn.execute(_READ_LISTS).scalars())


def streams(conn: Connection, list_id: int) -> list[tuple[str, int]]:
    """The streams of a list that somebody is due, each with the last number that was put in an edition."""
    return [(stream, upto) for stream, upto in conn.execute(_STREAMS, {"list": list_id})]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A post that is not in an edition yet."""

    number: int
    size: int
    received_at: datetime


def waiting(conn: Connection, list_id: int, after: int, limit: int) -> list[Waiting]:
    """The first posts behind `after` that members are due, at most `limit`."""
    return [Waiting(*row) for row in conn.execute(_WAITING, {"list": list_id, "after": after, "limit": limit})]


def since(conn: Connection, list_id: int, stream: str, after: int) -> int | None:
    """The lowest number behind which a reader of the stream is due posts; None without readers."""
    given = {"list": list_id, "stream": stream, "after": after}
    return min((number for number in conn.execute(_SINCE, given).scalars() if number is not None), default=None)


# --- editions ---------------------------------------------------------------------------------------------------------
_ADD = insert(editions_).returning(editions_.c.id)
_PLAN = insert(deliveries_)
_EDITION = select(
    editions_.c.id, editions_.c.list_id, editions_.c.mode, editions_.c.after, editions_.c.upto, editions_.c.made_at
).where(editions_.c.id == bindparam("edition"))


def add(conn: Connection, list_id: int, stream: str, after: int, upto: int, now: datetime) -> int:
    """An edition without copies; gives its id."""
    row = {"list_id": list_id, "mode": stream, "after": after, "upto": upto, "made_at": now}
    return int(conn.execute(_ADD, row).scalar_one())


def plan(conn: Connection, list_id: int, edition_id: int, upto: int, now: datetime) -> None:
    """Its copies: one row, for all who are due something of it; workers cut it into ranges as they go."""
    row = {"list_id": list_id, "edition_id": edition_id, "number": upto, "priority": deliveries.PRIORITY_DIGEST}
    conn.execute(_PLAN, row | {"due": now, "created_at": now})
    notify(conn)


def find(conn: Connection, edition_id: int) -> Edition | None:
    """The edition with that id."""
    row = conn.execute(_EDITION, {"edition": edition_id}).first()
    return None if row is None else Edition(*row)


# --- readers ----------------------------------------------------------------------------------------------------------
_FROM: BindParameter[int] = bindparam("from_number")
_TO: BindParameter[int] = bindparam("to_number")
_AFTER: BindParameter[int] = bindparam("after")
_UPTO: BindParameter[int] = bindparam("upto")


def _due(source: Any, member_id: Any, since: Any, until: Any, *where: Any) -> Select[Any]:
    wanted = member_id.label("id"), addresses.c.address, members.c.digest_form, members.c.topics
    return (
        select(*wanted, since.label("since"), until.label("until"))
        .select_from(source.join(addresses, addresses.c.id == members.c.address_id))
        .where(*where, since < _TO, until > _FROM, member_id > _AFTER, member_id <= _UPTO)
    )


_READERS = union_all(
    _due(
        members,
        members.c.id,
        members.c.receives_since,
        literal(NO_END),
        members.c.list_id == _LIST,
        members.c.receives == bindparam("stream"),
    ),
    _due(
        past_receives.join(members, members.c.id == past_receives.c.member_id),
        past_receives.c.member_id,
        past_receives.c.since,
        past_receives.c.until,
        past_receives.c.list_id == _LIST,
        past_receives.c.receives == bindparam("stream"),
    ),
)
_IN_EDITION = posts.c.list_id == _LIST, posts.c.number > _FROM, posts.c.number <= _TO, posts.c.due
_MARKS = select(thread_marks.c.member_id, thread_marks.c.thread_id, thread_marks.c.mark).where(
    thread_marks.c.member_id > _AFTER,
    thread_marks.c.member_id <= _UPTO,
    thread_marks.c.thread_id.in_(select(posts.c.thread_id).where(*_IN_EDITION)),
)
_OUTLINE = select(posts.c.number, posts.c.thread_id, posts.c.subject).where(*_IN_EDITION)


def readers(conn: Connection, edition: Edition, after: int, upto: int) -> list[Reader]:
    """Who is due something of the edition, of the members with after < id <= upto; by member id, each once."""
    given = {
        "list": edition.list_id,
        "stream": edition.stream,
        "from_number": edition.after,
        "to_number": edition.upto,
        "after": after,
        "upto": upto,
    }
    rows = conn.execute(_READERS, given).all()
    if not rows:
        return []
    settings = lists_.get(conn, edition.list_id).settings
    unwanted = _unwanted(conn, given, {row[0]: row[3] for row in rows}, settings.topics)
    due: dict[int, list[tuple[int, int]]] = {}
    found: dict[int, tuple[str, str]] = {}
    for member, address, form, _, since, until in rows:
        due.setdefault(member, []).append((max(since, edition.after), min(until, edition.upto)))
        found[member] = address, form or settings.digest_form
    issues: dict[tuple[Any, ...], Issue] = {}
    readers_: list[Reader] = []
    for member, (address, form) in sorted(found.items()):
        key = form, _joined(sorted(due[member])), unwanted.get(member, _NOTHING)
        if key not in issues:
            issues[key] = Issue(edition.id, *key)
        readers_.append(Reader(member, address, issues[key]))
    return readers_


_NOTHING: frozenset[int] = frozenset()


def _unwanted(conn: Connection, given: dict[str, Any], chosen: dict[int, str], known: str) -> dict[int, frozenset[int]]:
    """Member -> numbers of the posts that they do not want, for their topics or because they muted the thread."""
    marks = {(row.member_id, row.thread_id): row.mark for row in conn.execute(_MARKS, given)}
    concerned = {member for member, _ in marks} | {member for member, topics_ in chosen.items() if topics_}
    if not concerned:
        return {}
    outline = [
        (number, thread, topics.tags(subject, known)) for number, thread, subject in conn.execute(_OUTLINE, given)
    ]
    return {
        member: frozenset(
            number
            for number, thread, tagged in outline
            if not topics.gets(chosen[member], tagged, marks.get((member, thread)))
        )
        for member in concerned & chosen.keys()
    }


def _joined(due: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Stretches that meet made one, so that all who are due the same posts have the same stretches."""
    joined = due[:1]
    for after, upto in due[1:]:
        if joined[-1][1] == after:
            joined[-1] = joined[-1][0], upto
        else:
            joined.append((after, upto))
    return tuple(joined)


def readers_of_range(conn: Connection, work: Range) -> list[Reader]:
    """The readers of an edition in a range of members."""
    edition = find(conn, work.edition_id or 0)
    return [] if edition is None else readers(conn, edition, work.after, NO_END if work.upto is None else work.upto)


def reader(conn: Connection, edition_id: int, member_id: int) -> Reader | None:
    """One member as a reader of an edition; None if nothing of it is due to them."""
    edition = find(conn, edition_id)
    return None if edition is None else next(iter(readers(conn, edition, member_id - 1, member_id)), None)


# --- what is in it ----------------------------------------------------------------------------------------------------
_ITEMS = (
    select(
        posts.c.number,
        posts.c.identifier,
        posts.c.message_id,
        posts.c.thread_id,
        (threads.c.root_id == posts.c.id).label("begins"),
        posts.c.author_name,
        posts.c.author_address,
        posts.c.subject,
        posts.c.sent_at,
        posts.c.opening,
        posts.c.state,
        bodies.c.content,
        raw.c.enc,
        raw.c.bytes,
    )
    .select_from(posts)
    .join(threads, threads.c.id == posts.c.thread_id)
    .join(bodies, bodies.c.post_id == posts.c.id)
    .outerjoin(raw, and_(raw.c.post_id == posts.c.id, or_(bindparam("raws", type_=Boolean), posts.c.state == "hidden")))
    .where(*_IN_EDITION, posts.c.state != "deleted")
    .order_by(posts.c.number)
)
_UNANSWERED = (
    select(threads.c.identifier, threads.c.subject, posts.c.author_name, posts.c.author_address, threads.c.first_at)
    .join(posts, posts.c.id == threads.c.root_id)
    .where(
        threads.c.list_id == _LIST,
        threads.c.last_at.between(bindparam("earliest"), bindparam("latest")),
        threads.c.posts == 1,
        posts.c.state == "shown",
        posts.c.due,
        posts.c.number <= _FROM,
    )
    .order_by(threads.c.last_at.desc(), threads.c.id.desc())
    .limit(bindparam("limit"))
)


def items(conn: Connection, edition: Edition, *, raws: bool) -> list[Row[Any]]:
    """The posts of an edition by number, with their texts; with enc and bytes too where `raws`, or if hidden."""
    given = {"list": edition.list_id, "from_number": edition.after, "to_number": edition.upto, "raws": raws}
    return list(conn.execute(_ITEMS, given))


def unanswered(conn: Connection, edition: Edition, earliest: datetime, latest: datetime, limit: int) -> list[Row[Any]]:
    """(identifier, subject, author_name, author_address, first_at) of threads of one post, before it, newest first."""
    given = {"list": edition.list_id, "from_number": edition.after, "limit": limit}
    return list(conn.execute(_UNANSWERED, given | {"earliest": earliest, "latest": latest}))
