"""Verbs on what is held: approve, reject, discard, claim, expire. The first decides; the second is told who did."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listserver.actions import access, asking, bans, joining, notices, posting
from listserver.actions.access import Verb
from listserver.core.actor import PROGRAM, Actor
from listserver.core.edited import edited
from listserver.core.envelope import from_stored
from listserver.core.message import read
from listserver.core.notices import Notice, YourJoinRejected, YourPostRejected
from listserver.core.packing import pack, unpack
from listserver.core.policy import Author
from listserver.core.site import Site
from listserver.errors import Refused
from listserver.store import events, facts, holds, lists, members, people
from listserver.store.holds import Hold
from listserver.store.lists import List


@dataclass(frozen=True, slots=True)
class Approved:
    """The post is on its way, as number `number` of its list; 0 for somebody who joined."""

    hold: Hold
    number: int


@dataclass(frozen=True, slots=True)
class TurnedDown:
    """The author was told, with the reason."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class Dropped:
    """Nobody is told."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    """Somebody was faster: who, what and when."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class Claimed:
    """Somebody takes care of it; the others were told."""

    hold: Hold
    until: datetime


Decision = Approved | TurnedDown | Dropped | AlreadyDecided
CLAIM = timedelta(hours=24)
_EDITED = {
    "en": "Edited by a moderator of the list",
    "de": "Von der Moderation der Liste bearbeitet",
    "fr": "Modifié par un modérateur de la liste",
}


def with_text(lst: List, hold: Hold, text: str) -> bytes:
    """A held post with another text, marked as edited; the hold must have its bytes still."""
    assert hold.bytes is not None
    mark = _EDITED.get(lst.settings.language, _EDITED["en"])
    return edited(unpack(hold.enc, hold.bytes), text, mark)


def find(conn: Connection, hold_id: int) -> Hold:
    """What is or was held under that number. Raises Refused."""
    hold = holds.find(conn, hold_id)
    if hold is None:
        raise Refused(f"Nothing is held under {hold_id}. `listserver hold list` shows what waits.")
    return hold


def approve(  # noqa: PLR0913
    conn: Connection,
    site: Site,
    actor: Actor,
    hold_id: int,
    now: datetime,
    *,
    edited: bytes | None = None,
    trust: bool = False,
) -> Approved | AlreadyDecided:
    """Let a held post out: it is filed now, and its delivery planned. Or let somebody in who wants to join.

    edited: the mail as the moderator wants it, instead of what came. trust: this author is not held again.
    """
    hold, lst = _for_decision(conn, actor, hold_id)
    if hold.kind == "join":
        return _let_in(conn, site, actor, hold, lst, now)
    raw = hold.bytes
    if not holds.decide(conn, hold_id, "approved", called(conn, actor), now) or raw is None:
        return AlreadyDecided(find(conn, hold_id))
    packed = (hold.enc, raw) if edited is None else pack(edited)
    arrived = posting.Arrived(from_stored(hold.envelope), read(unpack(*packed)), packed)
    author = _author(conn, lst, hold)
    accepted = posting.accept(conn, lst, arrived, author, now)
    if trust and author is not None and author.person_id is not None:
        members.trust(conn, lst.id, author.person_id)
    _note(conn, "hold-approved", actor, hold, now)
    return Approved(hold, accepted.number)


def _let_in(
    conn: Connection, site: Site, actor: Actor, hold: Hold, lst: List, now: datetime
) -> Approved | AlreadyDecided:
    if not holds.decide(conn, hold.id, "approved", called(conn, actor), now):
        return AlreadyDecided(find(conn, hold.id))
    person = people.find(conn, hold.address)
    if person is None or members.find(conn, lst.id, person.id) is None:
        joining.enter(conn, site, actor, lst, hold.address, now, name=hold.name, options=hold.envelope["options"])
    _note(conn, "hold-approved", actor, hold, now)
    return Approved(hold, 0)


def reject(
    conn: Connection, site: Site, actor: Actor, hold_id: int, reason: str, now: datetime
) -> TurnedDown | AlreadyDecided:
    """Turn a held post down; its author is told, with the reason."""
    hold, lst = _for_decision(conn, actor, hold_id)
    if not holds.decide(conn, hold_id, "rejected", called(conn, actor), now):
        return AlreadyDecided(find(conn, hold_id))
    owner = site.address(f"{lst.name}+owner")
    title = lst.settings.title or lst.name
    notice: Notice
    if hold.kind == "join":
        notice = YourJoinRejected(lst.name, title, reason.strip(), actor is PROGRAM, owner)
    else:
        subject = hold.subject or "(no subject)"
        notice = YourPostRejected(lst.name, title, subject, reason.strip(), actor is PROGRAM, owner)
    if hold.address:
        notices.send(conn, site, notice, hold.address, now, lst=lst)
    _note(conn, "hold-rejected", actor, hold, now)
    return TurnedDown(hold)


def discard(conn: Connection, actor: Actor, hold_id: int, now: datetime) -> Dropped | AlreadyDecided:
    """Drop a held post; nobody is told."""
    hold, _ = _for_decision(conn, actor, hold_id)
    if not holds.decide(conn, hold_id, "discarded", called(conn, actor), now):
        return AlreadyDecided(find(conn, hold_id))
    _note(conn, "hold-discarded", actor, hold, now)
    return Dropped(hold)


def ban(conn: Connection, actor: Actor, lst: List, hold_id: int, now: datetime) -> Dropped | AlreadyDecided:
    """Drop a held post, and let its author's address not write to the list again."""
    dropped = discard(conn, actor, hold_id, now)
    if isinstance(dropped, Dropped) and dropped.hold.address:
        bans.add(conn, actor, lst, dropped.hold.address, now)
    return dropped


def claim(conn: Connection, actor: Actor, hold_id: int, now: datetime) -> Claimed | AlreadyDecided:
    """Take care of a hold for a day: nobody else is reminded of it meanwhile. Anybody may still decide."""
    hold, _ = _for_decision(conn, actor, hold_id)
    if hold.decision is not None:
        return AlreadyDecided(hold)
    holds.claim(conn, hold_id, actor.person_id, now + CLAIM)
    _note(conn, "hold-claimed", actor, hold, now)
    return Claimed(find(conn, hold_id), now + CLAIM)


def expire(conn: Connection, site: Site, now: datetime, limit: int) -> int:
    """End what has waited too long, as each list says, the oldest first; gives how many, at most `limit`."""
    waited = holds.expired(conn, now, limit)
    for hold_id, list_id in waited:
        if lists.get(conn, list_id).settings.on_expiry == "reject":
            reject(conn, site, PROGRAM, hold_id, "", now)
        else:
            discard(conn, PROGRAM, hold_id, now)
    return len(waited)


def remind(conn: Connection, site: Site, now: datetime) -> int:
    """Remind the moderators of each list where something has waited for a day and nobody has claimed it; how many.

    Once a day at most, whenever it is called: the job's slot sees to that.
    """
    late = [hold for hold in holds.waiting(conn) if hold.held_at <= now - CLAIM and not _claimed(hold, now)]
    told = 0
    for list_id in dict.fromkeys(hold.list_id for hold in late):
        lst = lists.get(conn, list_id)
        for moderator in posting.deciders(conn, lst):
            asking.tell_waiting(conn, site, lst, moderator, now, reminder=True)
            told += 1
    return told


def _claimed(hold: Hold, now: datetime) -> bool:
    return hold.claimed_until is not None and hold.claimed_until > now


def _for_decision(conn: Connection, actor: Actor, hold_id: int) -> tuple[Hold, List]:
    hold = find(conn, hold_id)
    access.require(conn, actor, Verb.MODERATE, hold.list_id)
    return hold, lists.get(conn, hold.list_id)


def _author(conn: Connection, lst: List, hold: Hold) -> Author | None:
    return facts.author(conn, lst, hold.address) if hold.address else None


def called(conn: Connection, actor: Actor) -> str:
    """How others are told who decided."""
    person = people.find(conn, actor.address) if actor.person_id is not None else None
    return (person.name if person else "") or actor.address


def _note(conn: Connection, name: str, actor: Actor, hold: Hold, now: datetime) -> None:
    events.record(conn, name, actor, now, list_id=hold.list_id, data={"hold": hold.id, "author": hold.address})
