"""Verbs on copies on their way out: take work, settle what the relay said; and what an operator may do to the queue."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from listserver.actions import access, bounces
from listserver.actions.access import Verb
from listserver.actions.bounces import Charge
from listserver.core.actor import PROGRAM, Actor
from listserver.core.bounce import refusal as read_refusal
from listserver.core.bounce_fields import Failure
from listserver.core.envelope import Reply
from listserver.core.fate import Fate, next_try
from listserver.core.site import Site
from listserver.errors import UsageError
from listserver.store import deliveries, events, queue
from listserver.store.deliveries import Range, Straggler
from listserver.store.engine import notify
from listserver.store.queue import Entry

LEASE = timedelta(seconds=15)
RANGE = 500  # members whose copies one worker hands over in one go
BATCH = 50  # stragglers likewise
SAID = 200  # characters of the relay's answer in an audit row


@dataclass(frozen=True, slots=True)
class Wish:
    """What a process of workers can take on. full: lists that have their share of its connections."""

    ranges: int
    stragglers: int
    full: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What it got."""

    ranges: Sequence[Range] = ()
    stragglers: Sequence[Straggler] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A member, or the recipient of a notice, that was not taken. chance: 0 to 1, spreads the next tries."""

    member_id: int | None
    address: str
    fate: Fate
    reply: Reply
    chance: float


class Moved(NamedTuple):
    """One transaction of a range: it is done up to the member `after`, but for the refusals."""

    work: Range
    after: int
    refusals: Sequence[Refusal] = ()


class Tried(NamedTuple):
    """One transaction of a straggler; without a refusal the relay took it."""

    work: Straggler
    refusal: Refusal | None = None


def claim(conn: Connection, lease: str, wish: Wish, now: datetime) -> Claim:
    """Lease work that is due, in a number of statements that depends on the wish alone."""
    return Claim(
        deliveries.claim_ranges(conn, lease, now, LEASE, wish.ranges, RANGE, wish.full) if wish.ranges else (),
        deliveries.claim_stragglers(conn, lease, now, LEASE, wish.stragglers) if wish.stragglers else (),
    )


def renew(conn: Connection, lease: str) -> None:
    """Keep everything under the lease."""
    deliveries.renew(conn, lease, LEASE)


class Settled(NamedTuple):
    """Ranges that are not ours any more, where nothing is noted; and those that were stopped for being refused."""

    lost: frozenset[int]
    stopped: set[int]


def settle(
    conn: Connection, site: Site, lease: str, moved: Sequence[Moved], tried: Sequence[Tried], now: datetime
) -> Settled:
    """Note what the relay took and what not; once, though it be called again after a commit that nobody heard of."""
    lost, before = deliveries.move(conn, lease, [(one.work.id, one.after) for one in moved])
    late: list[dict[str, Any]] = []
    failed: list[tuple[Range | Straggler, Refusal]] = []
    for one in moved:
        for refusal in one.refusals if one.work.id not in lost | before else ():
            if refusal.fate is Fate.FAILED:
                failed.append((one.work, refusal))
            else:
                late.append(_straggler(one.work, refusal, now))
    deliveries.add_stragglers(conn, late)
    if tried:
        failed += _settle_stragglers(conn, lease, tried, now)
    return Settled(lost, _record_failures(conn, site, failed, now) if failed else set())


def _straggler(work: Range, refusal: Refusal, now: datetime) -> dict[str, Any]:
    tried = refusal.fate is not Fate.ANEW
    return {
        "member": refusal.member_id,
        "list_id": work.list_id,
        "post_id": work.post_id,
        "edition_id": work.edition_id,
        "address": refusal.address,
        "priority": work.priority,
        "due": next_try(1, now, now, refusal.chance) if tried else now,
        "attempts": int(tried),
        "first_tried_at": now,
        "reply": _said(refusal.reply),
        "state": "pending",
        "created_at": now,
    }


def _settle_stragglers(
    conn: Connection, lease: str, tried: Sequence[Tried], now: datetime
) -> list[tuple[Range | Straggler, Refusal]]:
    gone: list[int] = []
    again: list[dict[str, Any]] = []
    failed: list[tuple[Range | Straggler, Refusal]] = []
    for one in tried:
        work, refusal = one.work, one.refusal
        if refusal is None:
            gone.append(work.id)
            continue
        due = None
        if refusal.fate is not Fate.FAILED:
            due = next_try(work.attempts + 1, work.first_tried_at or now, now, refusal.chance)
        if due is None:
            failed.append((work, refusal))
        if due is None and work.member_id is not None:  # its bounce is all that is left to say
            gone.append(work.id)
        else:
            state = "failed" if due is None else "pending"
            again.append({"row": work.id, "at": due or now, "tried": now, "said": _said(refusal.reply), "to": state})
    ours = deliveries.held(conn, lease, [work.id for work, _ in failed]) if failed else set()
    deliveries.taken(conn, lease, gone)
    deliveries.again(conn, lease, again)
    return [(work, refusal) for work, refusal in failed if work.id in ours]


def failure_of(refusal: Refusal) -> Failure:
    """A refusal in the words of a bounce, so that both are charged alike."""
    reply = refusal.reply
    return read_refusal(refusal.address, reply.code, reply.status, _said(reply))


def _record_failures(
    conn: Connection, site: Site, failed: Sequence[tuple[Range | Straggler, Refusal]], now: datetime
) -> set[int]:
    """Charge who is to be charged; the ids of deliveries that stop for it."""
    charges: list[Charge] = []
    for work, refusal in failed:
        failure = failure_of(refusal)
        if isinstance(work, Straggler) and work.notice_id is not None:  # a probe has a member as well
            bounces.notice_came_back(conn, site, work.notice_id, failure, now)
        else:
            assert refusal.member_id is not None
            day = bounces.day_of(now)
            charges.append(Charge(refusal.member_id, work.list_id or 0, work.post_id, failure, "smtp", day))
        said = {"address": refusal.address, "reply": _said(refusal.reply)[:SAID]}
        events.record(conn, "delivery-failed", PROGRAM, now, list_id=work.list_id, data=said)
    return bounces.charge(conn, site, charges, now)


def _said(reply: Reply) -> str:
    return f"{reply.code} {reply.status} {reply.text}".rstrip()


def finish(conn: Connection, lease: str, work: Range, now: datetime) -> None:
    """Nobody is left in the range; says so in the log once the whole post has left."""
    if deliveries.finish(conn, lease, work):
        events.record(conn, "delivery-finished", PROGRAM, now, list_id=work.list_id, data={"number": work.number})


def put_back(conn: Connection, lease: str, work: Range, now: datetime) -> None:
    """Let a range go, to the end of the queue, so that others get their turn."""
    deliveries.put_back(conn, lease, work.id, now)


def put_off(conn: Connection, lease: str, work: Range, why: str, chance: float, now: datetime) -> None:
    """The relay does not take this delivery at all, or we cannot make it: later, or after five days never."""
    due = next_try(work.attempts + 1, work.created_at, now, chance)
    if due is not None:
        deliveries.put_off(conn, lease, work.id, due, why)
    else:
        stop(conn, lease, work, why, now)


def stop(conn: Connection, lease: str, work: Range, why: str, now: datetime) -> None:
    """It waits for an operator."""
    deliveries.stop(conn, lease, work.id, why)
    said = {"number": work.number}
    events.record(conn, "delivery-stopped", PROGRAM, now, list_id=work.list_id, data=said)


# --- the operator -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Status:
    """pending: copies that were not tried yet; retrying: put off by the relay; failed: given up, until `retry`.

    oldest_seconds: since the first of those that wait was planned, 0 if there is none.
    """

    pending: int
    retrying: int
    failed: int
    oldest_seconds: int


def status(conn: Connection, actor: Actor, now: datetime) -> Status:
    """How much is on its way out."""
    _require(conn, actor)
    totals = queue.totals(conn)
    age = 0 if totals.oldest is None else max(0, int((now - totals.oldest).total_seconds()))
    return Status(totals.pending, totals.retrying, totals.failed, age)


def entries(conn: Connection, actor: Actor, count: int) -> list[Entry]:
    """The oldest entries of the queue."""
    _require(conn, actor)
    return queue.first(conn, count)


def show(conn: Connection, actor: Actor, entry_id: str) -> Entry:
    """One entry. Raises UsageError where there is none."""
    _require(conn, actor)
    return _find(conn, entry_id)


def retry(conn: Connection, actor: Actor, entry_id: str | None, now: datetime) -> int:
    """Make one entry, or all, due at once, with all tries ahead again; how many. Raises UsageError."""
    _require(conn, actor)
    if entry_id is None:
        count = sum(queue.retry(conn, kind, None, now) for kind in ("d", "s"))
    else:
        _find(conn, entry_id)
        count = queue.retry(conn, *_parts(entry_id), now)
    notify(conn)
    return count


def cancel(conn: Connection, actor: Actor, entry_id: str, now: datetime) -> Entry:
    """Take an entry out of the queue: who has not got it will not. Raises UsageError."""
    _require(conn, actor)
    entry = _find(conn, entry_id)
    queue.cancel(conn, *_parts(entry_id))
    said = {"id": entry.id, "list": entry.list, "number": entry.number}
    events.record(conn, "delivery-stopped", actor, now, data=said)
    return entry


def _require(conn: Connection, actor: Actor) -> None:
    access.require(conn, actor, Verb.CREATE_LISTS, 0)


def _find(conn: Connection, entry_id: str) -> Entry:
    entry = queue.find(conn, *_parts(entry_id))
    if entry is None:
        raise UsageError(f"There is no {entry_id} in the queue (any more). `listserver queue status` shows what is.")
    return entry


def _parts(entry_id: str) -> tuple[str, int]:
    match = re.fullmatch(r"([ds])([0-9]{1,18})", entry_id)
    if match is None:
        raise UsageError(
            f"{entry_id!r} is no id of the queue: write one that `listserver queue status` shows, like d12."
        )
    return match[1], int(match[2])
