"""Rows of work on its way out: deliveries and stragglers. Every write of a worker names its lease (design §7)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)

from listserver.core import topics
from listserver.store.clock import microseconds
from listserver.store.engine import notify
from listserver.store.fast import Fast
from listserver.store.moment import MICROSECOND, Moment
from listserver.store.tables import (
    addresses,
    bounces,
    deliveries,
    editions,
    lists,
    members,
    notices,
    past_receives,
    posts,
    stragglers,
    thread_marks,
)

PRIORITY_NOTICE, PRIORITY_POST, PRIORITY_DIGEST = 0, 1, 2
AGING = 600_000_000  # microseconds by which a digest may be older than a post that still goes before it
NO_END = 2**62
WAYS = 8  # connections over which the copies of one post go at once, where it has
LEAST = 100  # members for each

_PLAN = Fast(insert(deliveries), "list_id", "post_id", "number", "priority", "due", "created_at")
_STRAGGLER = Fast(insert(stragglers), "list_id", "notice_id", "address", "priority", "due", "created_at")


@dataclass(frozen=True, slots=True)
class Range:
    """Copies for the members with after < id <= upto who are due the post or edition; leased to a worker."""

    id: int
    list_id: int
    post_id: int | None
    edition_id: int | None
    number: int
    after: int
    upto: int | None
    priority: int
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Straggler:
    """One recipient not yet taken; leased to a worker."""

    id: int
    list_id: int | None
    post_id: int | None
    edition_id: int | None
    notice_id: int | None
    member_id: int | None
    address: str
    attempts: int
    first_tried_at: datetime | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice as it lies in the database: envelope sender and bytes."""

    sender: str
    bytes: bytes


def plan_posts(conn: Connection, list_id: int, filed: Iterable[tuple[int, int]], now: datetime) -> None:
    """One row for each post (id, number), for all members who are due it; workers cut it into ranges as they go."""
    common = {"list_id": list_id, "priority": PRIORITY_POST, "due": now, "created_at": now}
    _PLAN.put(conn, *({**common, "post_id": post_id, "number": number} for post_id, number in filed))
    notify(conn)


def add_notice(conn: Connection, notice_id: int, list_id: int | None, address: str, now: datetime) -> None:
    """A mail of ours to one recipient: born as a straggler, so that it leaves the one way out."""
    _STRAGGLER.put(
        conn,
        {
            "list_id": list_id,
            "notice_id": notice_id,
            "address": address,
            "priority": PRIORITY_NOTICE,
            "due": now,
            "created_at": now,
        },
    )
    notify(conn)


# --- claim ------------------------------------------------------------------------------------------------------------
def _free(table: Any) -> ColumnElement[bool]:
    now = bindparam("now", type_=table.c.due.type)
    # What a worker has itself it never takes again, even where the clock was set forward.
    expired = and_(type_coerce(table.c.lease_until, BigInteger) < microseconds(), table.c.lease != bindparam("lease"))
    return and_(table.c.state == "pending", table.c.due <= now, or_(table.c.lease.is_(None), expired))


# Leases go by the database's clock alone: a host whose clock is fast would take what others still work at.
_UNTIL = type_coerce(microseconds() + bindparam("span", type_=BigInteger), Moment)
_LEASE: dict[str, Any] = {"lease": bindparam("lease"), "lease_until": _UNTIL}
_URGENCY = type_coerce(deliveries.c.due, BigInteger) + deliveries.c.priority * AGING
_CLAIM_RANGES = (
    update(deliveries)
    .where(
        deliveries.c.id.in_(
            select(deliveries.c.id)
            .where(_free(deliveries), deliveries.c.list_id.not_in(bindparam("full", expanding=True)))
            .order_by(_URGENCY, deliveries.c.id)
            .limit(bindparam("count"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(_LEASE)
    .returning(
        deliveries.c.id,
        deliveries.c.list_id,
        deliveries.c.post_id,
        deliveries.c.edition_id,
        deliveries.c.number,
        deliveries.c.after,
        deliveries.c.upto,
        deliveries.c.priority,
        deliveries.c.attempts,
        deliveries.c.created_at,
    )
)
_CLAIM_STRAGGLERS = (
    update(stragglers)
    .where(
        stragglers.c.id.in_(
            select(stragglers.c.id)
            .where(_free(stragglers))
            .order_by(stragglers.c.priority, stragglers.c.due, stragglers.c.id)
            .limit(bindparam("count"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(_LEASE)
    .returning(
        stragglers.c.id,
        stragglers.c.list_id,
        stragglers.c.post_id,
        stragglers.c.edition_id,
        stragglers.c.notice_id,
        stragglers.c.member_id,
        stragglers.c.address,
        stragglers.c.attempts,
        stragglers.c.first_tried_at,
    )
)
_EDITION_MODE = select(editions.c.mode).where(editions.c.id == bindparam("edition"))
# Who of them is due is looked at later: these two only walk an index.
_AHEAD = and_(
    members.c.list_id == bindparam("list"),
    members.c.receives == bindparam("receives"),
    members.c.id > bindparam("after"),
    members.c.id <= bindparam("upto"),
)
_COUNT = select(func.count()).select_from(select(members.c.id).where(_AHEAD).limit(bindparam("most")).subquery())
_CUT = select(members.c.id).where(_AHEAD).order_by(members.c.id).limit(1).offset(bindparam("size"))
_REST = insert(deliveries).values(
    insisted=select(deliveries.c.insisted).where(deliveries.c.id == bindparam("whole")).scalar_subquery()
)
_SHORTEN = update(deliveries).where(deliveries.c.id == bindparam("range")).values(upto=bindparam("end"))


def claim_ranges(  # noqa: PLR0913 (who takes how much, from where, for how long)
    conn: Connection, lease: str, now: datetime, span: timedelta, count: int, size: int, full: Collection[int]
) -> list[Range]:
    """Lease up to `count` ranges of at most about `size` members each, the most urgent first; of no list in `full`.

    What a row has beyond that becomes a row of its own, at the end of the queue, so that lists take turns. The pieces
    get smaller towards the end, so that a list of a few hundred goes over several connections too.
    """
    wanted = {"lease": lease, "span": span // MICROSECOND, "now": now, "count": count, "full": list(full)}
    rows = conn.execute(_CLAIM_RANGES, wanted).all()
    return [_cut(conn, Range(*row), size, now) for row in rows]


def _cut(conn: Connection, whole: Range, size: int, now: datetime) -> Range:
    ahead = {"list": whole.list_id, "after": whole.after, "upto": _end(whole), "receives": receives(conn, whole)}
    there = conn.execute(_COUNT, ahead | {"most": WAYS * size}).scalar_one()
    piece = min(size, max(LEAST, there // WAYS))
    if there <= piece:
        return whole
    end = conn.execute(_CUT, ahead | {"size": piece - 1}).scalar_one()
    conn.execute(_SHORTEN, {"range": whole.id, "end": end})
    row = {c: getattr(whole, c) for c in ("list_id", "post_id", "edition_id", "number", "upto", "priority", "attempts")}
    conn.execute(_REST, row | {"whole": whole.id, "after": end, "due": now, "created_at": whole.created_at})
    return Range(
        whole.id, whole.list_id, whole.post_id, whole.edition_id, whole.number, whole.after, end, whole.priority,
        whole.attempts, whole.created_at,
    )  # fmt: skip


def _end(work: Range) -> int:
    return NO_END if work.upto is None else work.upto


def receives(conn: Connection, work: Range) -> str:
    """What members must have chosen to be due this: "each" for a post, the edition's mode for a digest."""
    if work.edition_id is None:
        return "each"
    return str(conn.execute(_EDITION_MODE, {"edition": work.edition_id}).scalar_one())


def claim_stragglers(conn: Connection, lease: str, now: datetime, span: timedelta, count: int) -> list[Straggler]:
    """Lease up to `count` stragglers, the most urgent first."""
    wanted = {"lease": lease, "span": span // MICROSECOND, "now": now, "count": count}
    rows = conn.execute(_CLAIM_STRAGGLERS, wanted)
    return [Straggler(*row) for row in rows]


# --- who and what -----------------------------------------------------------------------------------------------------
def _due(number_fits: ColumnElement[bool], source: Any, member_id: ColumnElement[int]) -> Select[Any]:
    wants_own = or_(members.c.own_copies, members.c.person_id != bindparam("author"))
    marked = and_(thread_marks.c.member_id == members.c.id, thread_marks.c.thread_id == bindparam("thread"))
    return (
        select(members.c.id, addresses.c.address, members.c.topics, thread_marks.c.mark)
        .select_from(source.join(addresses, addresses.c.id == members.c.address_id).outerjoin(thread_marks, marked))
        .where(
            number_fits,
            member_id > bindparam("after"),
            member_id <= bindparam("upto"),
            wants_own,
        )
    )


_NUMBER: BindParameter[int] = bindparam("number")
_RECIPIENTS = union_all(
    _due(
        and_(
            members.c.list_id == bindparam("list"),
            members.c.receives == bindparam("receives"),
            members.c.receives_since < _NUMBER,
        ),
        members,
        members.c.id,
    ),
    _due(
        and_(
            past_receives.c.list_id == bindparam("list"),
            past_receives.c.receives == bindparam("receives"),
            past_receives.c.since < _NUMBER,
            past_receives.c.until >= _NUMBER,
        ),
        past_receives.join(members, members.c.id == past_receives.c.member_id),
        past_receives.c.member_id,
    ),
)
_ABOUT = (
    select(posts.c.person_id, posts.c.thread_id, posts.c.subject, lists.c.settings)
    .join(lists, lists.c.id == posts.c.list_id)
    .where(posts.c.id == bindparam("post"))
)
_LETTERS = select(notices.c.id, notices.c.sender, notices.c.bytes).where(
    notices.c.id.in_(bindparam("ids", expanding=True))
)


def recipients(conn: Connection, work: Range) -> list[tuple[int, str]]:
    """(member id, address) of all who are due a copy of a post and want it, by member id, each once."""
    about = conn.execute(_ABOUT, {"post": work.post_id}).first()
    if about is None:
        return []
    wanted = {
        "list": work.list_id,
        "number": work.number,
        "after": work.after,
        "upto": _end(work),
        "receives": "each",
        "author": about.person_id or 0,
        "thread": about.thread_id,
    }
    tagged = topics.tags(about.subject, about.settings.get("topics", ""))
    rows = conn.execute(_RECIPIENTS, wanted)
    return sorted({row.id: row.address for row in rows if topics.gets(row.topics, tagged, row.mark)}.items())


def letters(conn: Connection, notice_ids: Sequence[int]) -> dict[int, Letter]:
    """The notices with these ids."""
    return {row[0]: Letter(row[1], row[2]) for row in conn.execute(_LETTERS, {"ids": list(notice_ids)})}


# --- keep and let go --------------------------------------------------------------------------------------------------
def _renewal(table: Any) -> Any:
    return update(table).where(table.c.lease == bindparam("holder")).values(lease_until=_UNTIL)


def _freed(table: Any) -> Any:
    return update(table).where(table.c.lease.is_not(None)).values(lease=None, lease_until=None)


_RENEW = (_renewal(deliveries), _renewal(stragglers))
_VOID = (_freed(deliveries), _freed(stragglers))
_HELD = deliveries.c.id == bindparam("range"), deliveries.c.lease == bindparam("holder")
_FURTHER = deliveries.c.after < bindparam("cursor")
_MOVE = Fast(update(deliveries).where(*_HELD, _FURTHER).values(after=bindparam("cursor")), "range", "holder", "cursor")
# What could not be wiped out of the file must not touch a later row of the same id.
_SAME = func.coalesce(deliveries.c.post_id, -deliveries.c.edition_id) == bindparam("what")
_WITHIN = or_(deliveries.c.upto.is_(None), deliveries.c.upto >= bindparam("cursor"))
_MOVE_LEFT = update(deliveries).where(*_HELD, _FURTHER, _SAME, _WITHIN).values(after=bindparam("cursor"))
_PUT_BACK = update(deliveries).where(*_HELD).values(lease=None, lease_until=None, due=bindparam("at"))
_PUT_OFF = (
    update(deliveries)
    .where(*_HELD)
    .values(
        lease=None, lease_until=None, due=bindparam("at"), attempts=deliveries.c.attempts + 1, reply=bindparam("why")
    )
)
_STOP = update(deliveries).where(*_HELD).values(lease=None, lease_until=None, state="stopped", reply=bindparam("why"))
_FINISH = delete(deliveries).where(*_HELD)
_LEFT = select(exists().where(deliveries.c.post_id == bindparam("post")))
_STILL_HELD = select(deliveries.c.id).where(
    deliveries.c.id.in_(bindparam("ids", expanding=True)), deliveries.c.lease == bindparam("holder")
)
_HELD_STRAGGLERS = select(stragglers.c.id).where(
    stragglers.c.id.in_(bindparam("ids", expanding=True)), stragglers.c.lease == bindparam("holder")
)
_LET_GO = (
    update(stragglers)
    .where(stragglers.c.id.in_(bindparam("ids", expanding=True)), stragglers.c.lease == bindparam("holder"))
    .values(lease=None, lease_until=None)
)


def renew(conn: Connection, lease: str, span: timedelta) -> None:
    """Keep all that the lease holds for so long from now on."""
    for statement in _RENEW:
        conn.execute(statement, {"holder": lease, "span": span // MICROSECOND})


def start_over(conn: Connection, lease: str, cursors: Iterable[tuple[int, int, int]]) -> None:
    """Let go of everything, where a start proves that no other worker lives (SQLite).

    lease, cursors: what the last one left (store/cursors.py): range id, post or minus edition, member done last.
    """
    for range_id, what, after in cursors:
        conn.execute(_MOVE_LEFT, {"range": range_id, "holder": lease, "what": what, "cursor": after})
    for statement in _VOID:
        conn.execute(statement)


def put_back(conn: Connection, lease: str, range_id: int, due: datetime) -> None:
    """Let a range go as it is; it is due again then."""
    conn.execute(_PUT_BACK, {"range": range_id, "holder": lease, "at": due})


def put_off(conn: Connection, lease: str, range_id: int, due: datetime, why: str) -> None:
    """The same after a failure, which is counted."""
    conn.execute(_PUT_OFF, {"range": range_id, "holder": lease, "at": due, "why": why})


def stop(conn: Connection, lease: str, range_id: int, why: str) -> None:
    """Let a range go for good: an operator must look."""
    conn.execute(_STOP, {"range": range_id, "holder": lease, "why": why})


def finish(conn: Connection, lease: str, work: Range) -> bool:
    """Nobody is left in this range. Whether the whole post has left: no other range of it is there."""
    gone = conn.execute(_FINISH, {"range": work.id, "holder": lease}).rowcount == 1
    return gone and work.post_id is not None and not conn.execute(_LEFT, {"post": work.post_id}).scalar_one()


def let_go(conn: Connection, lease: str, straggler_ids: Collection[int]) -> None:
    """Stragglers that were not tried after all."""
    conn.execute(_LET_GO, {"ids": list(straggler_ids), "holder": lease})


# --- what the relay said ----------------------------------------------------------------------------------------------
_TAKEN = delete(stragglers).where(stragglers.c.id == bindparam("row"), stragglers.c.lease == bindparam("holder"))
_AGAIN = (
    update(stragglers)
    .where(stragglers.c.id == bindparam("row"), stragglers.c.lease == bindparam("holder"))
    .values(
        lease=None,
        lease_until=None,
        attempts=stragglers.c.attempts + 1,
        due=bindparam("at"),
        first_tried_at=func.coalesce(
            stragglers.c.first_tried_at, bindparam("tried", type_=stragglers.c.first_tried_at.type)
        ),
        reply=bindparam("said"),
        state=bindparam("to"),
    )
)


def _of_living_member(table: Any, *columns: str) -> Any:
    """INSERT, unless the member has left meanwhile."""
    values = [bindparam(name, type_=table.c[name].type) for name in columns]
    rows = select(members.c.id, *values).where(members.c.id == bindparam("member"))
    return insert(table).from_select(["member_id", *columns], rows)


_NEW_STRAGGLER = _of_living_member(
    stragglers, "list_id", "post_id", "edition_id", "address", "priority", "due", "attempts", "first_tried_at", "reply",
    "state", "created_at",
)  # fmt: skip
_BOUNCE = _of_living_member(bounces, "list_id", "post_id", "address", "kind", "day", "status", "text", "source", "at")


class Unmoved(NamedTuple):
    """Ranges whose cursor was not saved: lost to another lease; saved before, by a commit that nobody heard of."""

    lost: frozenset[int]
    before: frozenset[int]


def move(conn: Connection, lease: str, cursors: Sequence[tuple[int, int]]) -> Unmoved:
    """Save cursors, (range id, member id) each and further than before, where the lease still holds the range."""
    rows = [{"range": range_id, "cursor": after, "holder": lease} for range_id, after in cursors]
    count = _MOVE.many(conn, rows) if rows else 0
    if count == len(cursors):
        return Unmoved(frozenset(), frozenset())
    ids = frozenset(range_id for range_id, _ in cursors)
    held = frozenset(conn.execute(_STILL_HELD, {"ids": list(ids), "holder": lease}).scalars())
    # All were saved together, or none was: if any moved now, those that the lease holds did.
    return Unmoved(ids - held, frozenset() if count else held)


def add_stragglers(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Members whose copies were put off: `member`, and the columns of stragglers."""
    if rows:
        conn.execute(_NEW_STRAGGLER, [dict(row) for row in rows])


def add_bounces(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Members whose copies were refused: `member`, and the columns of bounces."""
    if rows:
        conn.execute(_BOUNCE, [dict(row) for row in rows])


def held(conn: Connection, lease: str, straggler_ids: Sequence[int]) -> set[int]:
    """Which of these the lease still holds: the others are another's, or were settled before."""
    return set(conn.execute(_HELD_STRAGGLERS, {"ids": list(straggler_ids), "holder": lease}).scalars())


def taken(conn: Connection, lease: str, straggler_ids: Sequence[int]) -> None:
    """The relay took these."""
    if straggler_ids:
        conn.execute(_TAKEN, [{"row": row, "holder": lease} for row in straggler_ids])


def again(conn: Connection, lease: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stragglers that were put off again, or failed: `row`, `at`, `tried`, `said`, `to` (the state)."""
    if rows:
        conn.execute(_AGAIN, [{**row, "holder": lease} for row in rows])
