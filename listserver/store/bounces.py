"""Rows of what came back, and of members whose address is in doubt because of it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from listserver.store.engine import notify
from listserver.store.tables import (
    addresses,
    bounces,
    deliveries,
    members,
    notices,
    people,
    posts,
    stragglers,
    suspensions,
    tokens,
)

MOST = 200  # bounces of one member that are looked at


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A member as bounces see them."""

    id: int
    list_id: int
    person_id: int
    address: str
    language: str
    mode: str
    state: str


@dataclass(frozen=True, slots=True)
class Suspension:
    """A member whose address is in doubt. since: None while copies still go there. See the table for the others."""

    member: Subscriber
    since: datetime | None
    why: str
    probe_id: int | None
    probed_at: datetime | None
    failures: int


@dataclass(frozen=True, slots=True)
class Bounced:
    """A member, the kind, moment and text of their last bounce, and all that count: (kind, day) each."""

    address: str
    state: str
    kind: str
    last: datetime | None
    text: str
    counting: tuple[tuple[str, int], ...]


class PostLine(NamedTuple):
    """A post in a few words."""

    list_id: int
    number: int
    author: str
    subject: str


class NoticeLine(NamedTuple):
    """A mail of ours, without its bytes."""

    list_id: int | None
    name: str
    address: str
    created_at: datetime


_SUBSCRIBERS = (
    select(
        members.c.id, members.c.list_id, members.c.person_id, addresses.c.address, people.c.language, members.c.mode,
        members.c.state,
    )
    .join(addresses, addresses.c.id == members.c.address_id)
    .join(people, people.c.id == members.c.person_id)
)  # fmt: skip
_SUBSCRIBERS_BY_ID = _SUBSCRIBERS.where(members.c.id.in_(bindparam("ids", expanding=True)))
_SUSPENSIONS = (
    _SUBSCRIBERS.add_columns(
        suspensions.c.since,
        suspensions.c.why,
        suspensions.c.probe_id,
        suspensions.c.probed_at,
        suspensions.c.failures,
    )
    .join(suspensions, suspensions.c.member_id == members.c.id)
    .order_by(suspensions.c.probed_at, members.c.id)
)
_OF_MEMBER = _SUSPENSIONS.where(members.c.id == bindparam("member"))
_OF_PROBE = _SUSPENSIONS.where(suspensions.c.probe_id == bindparam("probe"))
_WAITS = select(stragglers.c.id).where(
    stragglers.c.notice_id == suspensions.c.probe_id, stragglers.c.state == "pending"
)
_PROBED = _SUSPENSIONS.where(
    suspensions.c.probed_at <= bindparam("before"),
    or_(suspensions.c.probe_id.is_(None), ~_WAITS.exists()),
).limit(bindparam("limit"))
_COUNTING = (
    select(bounces.c.member_id, bounces.c.kind, bounces.c.day)
    .where(bounces.c.member_id.in_(bindparam("ids", expanding=True)), bounces.c.at > bindparam("since"))
    .order_by(bounces.c.member_id, bounces.c.at.desc(), bounces.c.id.desc())
)
_POST = (
    select(posts.c.id)
    .where(posts.c.list_id == bindparam("list_id"), posts.c.message_id == bindparam("message_id"))
    .order_by(posts.c.id.desc())
    .limit(1)
)
_POSTED = (
    select(posts.c.received_at)
    .where(posts.c.list_id == bindparam("list_id"), posts.c.received_at > bindparam("since"), posts.c.due)
    .order_by(posts.c.received_at.desc())
    .limit(bindparam("limit"))
)
_REFUSALS = select(func.count()).where(bounces.c.post_id == bindparam("post"), bounces.c.kind == "policy")
_TEXTS = (
    select(bounces.c.text)
    .where(bounces.c.post_id == bindparam("post"), bounces.c.kind == "policy")
    .order_by(bounces.c.id)
    .limit(bindparam("limit"))
)
_OPEN = select(deliveries.c.after, deliveries.c.upto).where(
    deliveries.c.post_id == bindparam("post"), deliveries.c.state == "pending", deliveries.c.insisted.is_(False)
)
_DUE = select(func.count()).where(members.c.list_id == bindparam("list_id"), members.c.receives == "each")
_STOP = (
    update(deliveries)
    .where(deliveries.c.post_id == bindparam("post"), deliveries.c.state == "pending")
    .values(state="stopped")
    .returning(deliveries.c.id)
)
_NOTICE = select(notices.c.list_id, notices.c.name, notices.c.address, notices.c.created_at).where(
    notices.c.id == bindparam("notice")
)
# A notice's token was written in the same transaction, so at the same moment.
_TOKENS_DIE = (
    update(tokens)
    .where(
        tokens.c.created_at == bindparam("moment", type_=tokens.c.created_at.type),
        tokens.c.address.in_(bindparam("addresses", expanding=True)),
        tokens.c.used_at.is_(None),
    )
    .values(used_at=bindparam("now", type_=tokens.c.used_at.type))
)
_BOUNCED = (
    select(
        members.c.id, addresses.c.address, members.c.state, bounces.c.kind, bounces.c.day, bounces.c.at, bounces.c.text
    )
    .select_from(
        members.join(addresses, addresses.c.id == members.c.address_id)
        .join(bounces, bounces.c.member_id == members.c.id, isouter=True)
        .join(suspensions, suspensions.c.member_id == members.c.id, isouter=True)
    )
    .where(
        members.c.list_id == bindparam("list_id"),
        or_(bounces.c.id.is_not(None), members.c.state == "suspended"),
    )
    .order_by(addresses.c.key, bounces.c.at.desc(), bounces.c.id.desc())
)


def _suspension(row: Any) -> Suspension:
    values = tuple(row)
    return Suspension(Subscriber(*values[:7]), *values[7:])


def subscribers(conn: Connection, member_ids: Collection[int]) -> dict[int, Subscriber]:
    """These members, as far as they are still there."""
    rows = conn.execute(_SUBSCRIBERS_BY_ID, {"ids": list(member_ids)})
    return {row[0]: Subscriber(*row) for row in rows}


def counting(conn: Connection, member_ids: Collection[int], since: datetime) -> dict[int, list[tuple[str, int]]]:
    """(kind, day) of what came back of these members since then."""
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for member_id, kind, day in conn.execute(_COUNTING, {"ids": list(member_ids), "since": since}):
        if len(found[member_id]) < MOST:
            found[member_id].append((kind, day))
    return found


def posted(conn: Connection, list_id: int, since: datetime) -> list[datetime]:
    """When the posts of a list came that its members got since then; the newest, if they are many."""
    return list(conn.execute(_POSTED, {"list_id": list_id, "since": since, "limit": MOST}).scalars())


def forget(conn: Connection, member_id: int) -> None:
    """All that speaks against a member's address."""
    conn.execute(delete(bounces).where(bounces.c.member_id == member_id))
    conn.execute(delete(suspensions).where(suspensions.c.member_id == member_id))


def on_list(conn: Connection, list_id: int) -> list[Bounced]:
    """Members of a list of whom something came back, or who are suspended, by address."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in conn.execute(_BOUNCED, {"list_id": list_id}):
        found[row.id].append(row)
    return [
        Bounced(rows[0].address, rows[0].state, rows[0].kind or "", rows[0].at, rows[0].text or "", _counted(rows))
        for rows in found.values()
    ]


def _counted(rows: Sequence[Any]) -> tuple[tuple[str, int], ...]:
    return tuple((row.kind, row.day) for row in rows if row.kind is not None)


# --- suspensions ------------------------------------------------------------------------------------------------------
def suspension(conn: Connection, member_id: int) -> Suspension | None:
    """That of a member."""
    row = conn.execute(_OF_MEMBER, {"member": member_id}).first()
    return None if row is None else _suspension(row)


def of_probe(conn: Connection, notice_id: int) -> Suspension | None:
    """The one that this notice is the probe of."""
    row = conn.execute(_OF_PROBE, {"probe": notice_id}).first()
    return None if row is None else _suspension(row)


def probed_before(conn: Connection, before: datetime, limit: int) -> list[Suspension]:
    """Those whose probe left before then: it came back, or it did not."""
    return [_suspension(row) for row in conn.execute(_PROBED, {"before": before, "limit": limit})]


def add_suspension(conn: Connection, **values: Any) -> None:
    """A new one (columns of suspensions)."""
    conn.execute(insert(suspensions).values(**values))


def set_suspension(conn: Connection, member_id: int, **values: Any) -> None:
    """Change columns of one."""
    conn.execute(update(suspensions).where(suspensions.c.member_id == member_id).values(**values))


def lift(conn: Connection, member_id: int) -> None:
    """Remove one."""
    conn.execute(delete(suspensions).where(suspensions.c.member_id == member_id))


# --- posts and notices ------------------------------------------------------------------------------------------------
def post_id(conn: Connection, list_id: int, message_id: str) -> int | None:
    """The post of a list that has this Message-ID (without <>)."""
    return conn.execute(_POST, {"list_id": list_id, "message_id": message_id}).scalar_one_or_none()


def refusals(conn: Connection, post_id: int) -> int:
    """How many hosts did not want this post."""
    return int(conn.execute(_REFUSALS, {"post": post_id}).scalar_one())


def refusal_texts(conn: Connection, post_id: int, limit: int) -> list[str]:
    """What the first of them said."""
    return [str(text) for text in conn.execute(_TEXTS, {"post": post_id, "limit": limit}).scalars()]


def handed_over(conn: Connection, list_id: int, post_id: int) -> tuple[int, int]:
    """(copies of a post that were handed over or refused, members who are due it), as of now.

    (0, 0) where nothing of it is on its way, or somebody wants it to go on.
    """
    ranges = conn.execute(_OPEN, {"post": post_id}).all()
    if not ranges:
        return 0, 0
    due = int(conn.execute(_DUE, {"list_id": list_id}).scalar_one())
    left = [
        members.c.id > row.after if row.upto is None else members.c.id.between(row.after + 1, row.upto)
        for row in ranges
    ]
    query = _DUE.where(or_(*left))
    return due - int(conn.execute(query, {"list_id": list_id}).scalar_one()), due


def stop(conn: Connection, post_id: int) -> set[int]:
    """Stop what is on its way of a post; the ids of its deliveries. Whoever carries one keeps its lease till then."""
    return set(conn.execute(_STOP, {"post": post_id}).scalars())


def go_on(conn: Connection, post_id: int, now: datetime) -> int:
    """Let the stopped deliveries of a post go on, whoever refuses it; how many."""
    table = deliveries.c
    query = update(deliveries).where(table.post_id == post_id, table.state == "stopped")
    count = conn.execute(query.values(state="pending", due=now, attempts=0, insisted=True)).rowcount
    notify(conn)
    return count


def drop(conn: Connection, post_id: int) -> int:
    """Take the stopped deliveries of a post out of the queue; how many."""
    table = deliveries.c
    return conn.execute(delete(deliveries).where(table.post_id == post_id, table.state == "stopped")).rowcount


def post_of(conn: Connection, post_id: int) -> PostLine:
    """What owners are told of a post that is there."""
    query = select(posts.c.list_id, posts.c.number, posts.c.author_name, posts.c.author_address, posts.c.subject)
    row = conn.execute(query.where(posts.c.id == post_id)).one()
    return PostLine(row[0], row[1], row[2] or row[3], row[4])


def notice(conn: Connection, notice_id: int) -> NoticeLine | None:
    """A mail of ours, while we know it."""
    row = conn.execute(_NOTICE, {"notice": notice_id}).first()
    return None if row is None else NoticeLine(*row)


def kill_tokens(conn: Connection, where: Collection[str], created_at: datetime, now: datetime) -> int:
    """Make the tokens of one notice useless; how many. where: the spellings of the address it went to."""
    values = {"addresses": list(where), "moment": created_at, "now": now}
    return conn.execute(_TOKENS_DIE, values).rowcount


def mark_probe(conn: Connection, notice_id: int, member_id: int) -> None:
    """Tie a notice on its way to a member: it leaves the queue with them, or once it is refused."""
    conn.execute(update(stragglers).where(stragglers.c.notice_id == notice_id).values(member_id=member_id))
