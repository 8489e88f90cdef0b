"""What an operator sees and changes of the rows on their way out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from listserver.store.tables import deliveries, editions, lists, members, notices, posts, stragglers


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the queue. id: "d" or "s" and a number. what: "post", "digest" or a notice's name.

    recipient: one address, or "" for a range of members. state: pending, stopped, failed.
    """

    id: str
    list: str | None
    what: str
    number: int | None
    recipient: str
    attempts: int
    due: datetime
    reply: str
    state: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Totals:
    """pending, retrying: copies. failed: notices given up, deliveries stopped. oldest: the first still waiting."""

    pending: int
    retrying: int
    failed: int
    oldest: datetime | None


_COPIES = (
    select(func.count())
    .select_from(deliveries)
    .outerjoin(editions, editions.c.id == deliveries.c.edition_id)
    .join(
        members,
        and_(
            members.c.list_id == deliveries.c.list_id,
            members.c.receives == func.coalesce(editions.c.mode, "each"),
            members.c.receives_since < deliveries.c.number,
            members.c.id > deliveries.c.after,
            or_(deliveries.c.upto.is_(None), members.c.id <= deliveries.c.upto),
        ),
    )
)
_DUE = _COPIES.where(deliveries.c.state == "pending")
_WAITING = stragglers.c.state == "pending"
_TOTALS = select(
    _DUE.scalar_subquery(),
    select(func.count()).where(_WAITING, stragglers.c.attempts == 0).scalar_subquery(),
    select(func.count()).where(_WAITING, stragglers.c.attempts > 0).scalar_subquery(),
    select(func.count()).where(stragglers.c.state == "failed").scalar_subquery(),
    select(func.count()).where(deliveries.c.state == "stopped").scalar_subquery(),
    select(func.min(deliveries.c.created_at)).where(deliveries.c.state == "pending").scalar_subquery(),
    select(func.min(stragglers.c.created_at)).where(_WAITING).scalar_subquery(),
)


def totals(conn: Connection) -> Totals:
    """How much is in the queue; one statement, whatever its length."""
    due, new, retrying, failed, stopped, *oldest = conn.execute(_TOTALS).one()
    moments = [moment for moment in oldest if moment is not None]
    return Totals(due + new, retrying, failed + stopped, min(moments, default=None))


@dataclass(frozen=True, slots=True)
class Late:
    """A post or digest that has not gone out to everybody. key: of what it is. subject: "" for a digest.

    stopped: it will not by itself. why: what hinders it, "" where nothing is known. since: when it was planned.
    """

    list_id: int
    key: str
    author: str
    subject: str
    stopped: bool
    why: str
    since: datetime


# What is stopped without a word was stopped because many refused it: its owners were asked (actions.stopped_posts).
_IS_LATE = or_(
    and_(deliveries.c.state == "pending", deliveries.c.created_at < bindparam("before")),
    and_(deliveries.c.state == "stopped", deliveries.c.reply != ""),
)
_LATE_OF = (deliveries.c.list_id, deliveries.c.post_id, deliveries.c.edition_id, deliveries.c.state)
_SHOWN = (posts.c.author_name, posts.c.author_address, posts.c.subject)
_LATE = (
    select(*_LATE_OF, *_SHOWN, func.max(deliveries.c.reply), func.min(deliveries.c.created_at).label("since"))
    .outerjoin_from(deliveries, posts, posts.c.id == deliveries.c.post_id)
    .where(_IS_LATE)
    .group_by(*_LATE_OF, *_SHOWN)
    .order_by(
        *("since", deliveries.c.list_id, func.coalesce(deliveries.c.post_id, 0)),
        *(func.coalesce(deliveries.c.edition_id, 0), deliveries.c.state),
    )
    .limit(bindparam("count"))
)
_LATE_COPIES = _COPIES.where(deliveries.c.list_id == bindparam("list"), _IS_LATE)


def late(conn: Connection, before: datetime, count: int) -> list[Late]:
    """What was planned before then and has not left, and what was stopped for a reason; the oldest first."""
    found = []
    for list_id, post, edition, state, name, address, subject, why, since in conn.execute(
        _LATE, {"before": before, "count": count}
    ):
        key = f"{'post' if edition is None else 'edition'} {post or edition} {state}"
        author = f"{name} <{address}>" if name else address or ""
        found.append(Late(list_id, key, author, subject or "", state == "stopped", why, since))
    return found


def late_copies(conn: Connection, list_id: int, before: datetime) -> int:
    """How many members of a list wait for copies of what is late."""
    return int(conn.execute(_LATE_COPIES, {"list": list_id, "before": before}).scalar_one())


_RANGES = (
    select(
        literal_column("'d'").label("kind"),
        deliveries.c.id,
        lists.c.name,
        posts.c.number,
        deliveries.c.edition_id,
        null().label("notice"),
        literal_column("''").label("address"),
        deliveries.c.attempts,
        deliveries.c.due,
        deliveries.c.reply,
        deliveries.c.state,
        deliveries.c.created_at,
    )
    .select_from(deliveries)
    .join(lists, lists.c.id == deliveries.c.list_id)
    .outerjoin(posts, posts.c.id == deliveries.c.post_id)
)
_ONES = (
    select(
        literal_column("'s'").label("kind"),
        stragglers.c.id,
        lists.c.name,
        posts.c.number,
        stragglers.c.edition_id,
        notices.c.name.label("notice"),
        stragglers.c.address,
        stragglers.c.attempts,
        stragglers.c.due,
        stragglers.c.reply,
        stragglers.c.state,
        stragglers.c.created_at,
    )
    .select_from(stragglers)
    .outerjoin(lists, lists.c.id == stragglers.c.list_id)
    .outerjoin(posts, posts.c.id == stragglers.c.post_id)
    .outerjoin(notices, notices.c.id == stragglers.c.notice_id)
)
_ID: BindParameter[int] = bindparam("entry")
_ONE = {"d": _RANGES.where(deliveries.c.id == _ID), "s": _ONES.where(stragglers.c.id == _ID)}
_FIRST = {
    "d": _RANGES.order_by(deliveries.c.created_at, deliveries.c.id).limit(bindparam("count")),
    "s": _ONES.order_by(stragglers.c.created_at, stragglers.c.id).limit(bindparam("count")),
}
_TABLES = {"d": deliveries, "s": stragglers}
_RETRY = {
    kind: update(table).values(state="pending", due=bindparam("now"), attempts=0) for kind, table in _TABLES.items()
}
# What was stopped goes on because somebody said so: not to be stopped again for the same reason.
_RETRY["d"] = _RETRY["d"].values(insisted=or_(deliveries.c.insisted, deliveries.c.state == "stopped"))
_RETRY_ONE = {kind: _RETRY[kind].where(table.c.id == _ID) for kind, table in _TABLES.items()}
_CANCEL = {kind: delete(table).where(table.c.id == _ID) for kind, table in _TABLES.items()}


def _entry(row: Any) -> Entry:
    kind, number, name, post, edition, notice, address, attempts, due, reply, state, since = row
    what = notice or ("post" if edition is None else "digest")
    return Entry(f"{kind}{number}", name, what, post, address, attempts, due, reply, state, since)


def first(conn: Connection, count: int) -> list[Entry]:
    """The oldest entries, at most `count` deliveries and as many stragglers."""
    return [_entry(row) for kind in _FIRST for row in conn.execute(_FIRST[kind], {"count": count})]


def find(conn: Connection, kind: str, number: int) -> Entry | None:
    """The delivery ("d") or straggler ("s") with that number."""
    row = conn.execute(_ONE[kind], {"entry": number}).first()
    return None if row is None else _entry(row)


def retry(conn: Connection, kind: str, number: int | None, now: datetime) -> int:
    """Make one, or all of that kind, due now with all its tries ahead of it; how many."""
    if number is None:
        return conn.execute(_RETRY[kind], {"now": now}).rowcount
    return conn.execute(_RETRY_ONE[kind], {"now": now, "entry": number}).rowcount


def cancel(conn: Connection, kind: str, number: int) -> None:
    """Take one out of the queue; whoever has not got it will not."""
    conn.execute(_CANCEL[kind], {"entry": number})
