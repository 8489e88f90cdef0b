"""Verbs of people about themselves: join, leave, change address. Whoever has to be asked first is asked by the door."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from listserver.actions import access, asking, held_joins, lists, membership, notices, takeover
from listserver.actions.access import Verb
from listserver.core import address as addresses
from listserver.core.actor import Actor, Proof
from listserver.core.notices import Goodbye, Welcome
from listserver.core.site import Site
from listserver.core.verp import read_member_token
from listserver.errors import Refused, Why
from listserver.store import events, members, people
from listserver.store.lists import List
from listserver.store.members import Member

LEAVE = "leave"  # the purpose of the member tokens in List-Unsubscribe


@dataclass(frozen=True, slots=True)
class Joined:
    """A member. already: they were one before."""

    member: Member
    already: bool


@dataclass(frozen=True, slots=True)
class Waits:
    """A moderator has to say yes."""

    hold_id: int


@dataclass(frozen=True, slots=True)
class NotOpen:
    """Nobody can join by themselves. joining: the list's setting, invite or closed."""

    joining: str


@dataclass(frozen=True, slots=True)
class MustConfirm:
    """The address must be proved first."""


@dataclass(frozen=True, slots=True)
class Left:
    """No member any more. address: where copies went. undo: a token that takes it back, "" where there is none."""

    list: List
    address: str
    undo: str = ""


Outcome = Joined | Waits | NotOpen | MustConfirm


def join(  # noqa: PLR0913 (who, where, as whom)
    conn: Connection,
    site: Site,
    actor: Actor,
    lst: List,
    address: str,
    now: datetime,
    *,
    name: str = "",
    options: Mapping[str, str] | None = None,
    invited: bool = False,
    greet: bool = True,
) -> Outcome:
    """Become a member, as far as the list's `joining` allows it. invited: by an owner, so that nobody else is asked.

    greet: with a mail of its own.

    Raises UsageError for options that cannot be, and for addresses of ours.
    """
    options = dict(options or {})
    membership.parse_options(options)
    lists.refuse_ours(conn, site.domain, [address])
    person = people.find(conn, address)
    member = members.find(conn, lst.id, person.id) if person and _is(actor, person.id, address) else None
    if member is not None:
        return Joined(membership.change(conn, actor, lst, member, options, now) if options else member, already=True)
    joining = lst.settings.joining
    if joining in ("invite", "closed") and not invited:
        return NotOpen(joining)
    if not _proved(actor, person.id if person else None, address, joining):
        return MustConfirm()
    if joining in ("approve", "confirm+approve") and not invited:
        return Waits(held_joins.hold(conn, site, lst, address, name, options, now))
    member = enter(conn, site, actor, lst, address, now, name=name, options=options, greet=greet)
    return Joined(member, already=False)


def enter(  # noqa: PLR0913
    conn: Connection,
    site: Site,
    actor: Actor,
    lst: List,
    address: str,
    now: datetime,
    *,
    name: str,
    options: Mapping[str, str],
    greet: bool = True,
) -> Member:
    """Make somebody a member who may become one, and welcome them."""
    person = people.find_or_add(conn, addresses.valid(address), name, now)
    columns = membership.parse_options(options)
    mode, state = columns.get("mode", "each"), columns.get("state", "active")
    row = {"person_id": person.id, "address_id": person.address_id, "joined_at": now}
    receives = membership.receives(mode, state, person.zone)
    members.add_many(conn, lst.id, [{**row, **columns, "receives": receives}])
    member = members.find(conn, lst.id, person.id)
    assert member is not None
    events.record(conn, "member-joined", actor, now, list_id=lst.id, person_id=person.id, data={"address": address})
    if greet:
        welcome(conn, site, lst, address, now)
    return member


def leave(conn: Connection, actor: Actor, lst: List, member: Member, now: datetime) -> Left:
    """End one's own membership. An unproved request is enough where the list's `leaving` is open. Raises Refused."""
    if not (lst.settings.leaving == "open" and actor.person_id == member.person_id):
        access.require(conn, actor, Verb.OWN_MEMBERSHIP, lst.id, of_person=member.person_id)
    membership.other_owner_or_refuse(conn, lst, member)
    members.remove(conn, member)
    data = {"address": member.address}
    events.record(conn, "member-left", actor, now, list_id=lst.id, person_id=member.person_id, data=data)
    return Left(lst, member.address)


def leaver(conn: Connection, site: Site, lst: List, token: str) -> Member | None:
    """The member whose List-Unsubscribe link holds this token, None if it is not ours or they left: for pages."""
    member_id = read_member_token(site.secret, LEAVE, token)
    member = members.by_id(conn, member_id) if member_id is not None else None
    return member if member is not None and member.list_id == lst.id else None


def leave_by_token(conn: Connection, site: Site, lst: List, token: str, now: datetime, door: str) -> Left | None:
    """Leave with the token of List-Unsubscribe, which proves the member (RFC 8058, L3); None: no member has it."""
    member = leaver(conn, site, lst, token)
    if member is None:
        return None
    actor = Actor(Proof.TOKEN, member.address, member.person_id, door)
    return leave_and_tell(conn, site, actor, lst, member, now)


def leave_and_tell(conn: Connection, site: Site, actor: Actor, lst: List, member: Member, now: datetime) -> Left:
    """Leave; one mail says what was done and how to come back, for somebody else may have pressed it."""
    left = leave(conn, actor, lst, member, now)
    takeover.tell(conn, site, actor, lst, member, now)
    step = {"do": "join", "list": lst.id, "address": member.address, "options": membership.options_of(member)}
    undo = asking.keep(conn, lst, asking.UNDO, member.address, now, {"steps": [step]}, days=asking.UNDO_DAYS)
    subscribe = site.address(f"{lst.name}+subscribe")
    notice = Goodbye(
        lst.name, lst.settings.title or lst.name, member.address, subscribe, site.address(f"{lst.name}+owner")
    )
    reply_to = asking.reply_address(site, lst, undo)
    notices.send(conn, site, notice, member.address, now, lst=lst, language=member.language, reply_to=reply_to)
    return replace(left, undo=undo)


def change_address(conn: Connection, actor: Actor, new: str, now: datetime, list_ids: tuple[int, ...]) -> int:
    """Let the actor's copies of these lists go to `new`, which was proved too; the old address stays theirs.

    Who had the new address becomes the same person. Gives the number of memberships changed. Raises Refused.
    """
    if not actor.proved or actor.person_id is None:
        raise Refused(f"{actor.address} is not proved, so its address cannot be changed.")
    other = people.find(conn, new)
    if other is None:
        address_id = people.add_address(conn, actor.person_id, new, now)
    else:
        address_id = other.address_id
        if other.id != actor.person_id:
            people.take_over(conn, actor.person_id, other.id)
    mine = [one for one in members.of_person(conn, actor.person_id) if one.list_id in list_ids]
    for member in mine:
        members.set_values(conn, member, address_id=address_id)
        data = {"from": member.address, "to": new}
        events.record(conn, "person-changed", actor, now, list_id=member.list_id, data=data)
    return len(mine)


def give_address_back(conn: Connection, actor: Actor, lst: List, person_id: int, address: str, now: datetime) -> None:
    """Let the copies of a moderator or owner go to their old address again. Raises Refused."""
    access.require(conn, actor, Verb.OWN_MEMBERSHIP, lst.id, of_person=person_id)
    person, member = people.find(conn, address), members.find(conn, lst.id, person_id)
    if person is None or member is None or person.id != person_id:
        raise Refused(f"{address} is not a member of {lst.name} any more.", why=Why.NOT_MEMBER, given=(address,))
    members.set_values(conn, member, address_id=person.address_id)
    data = {"from": member.address, "to": address}
    events.record(conn, "person-changed", actor, now, list_id=lst.id, person_id=person_id, data=data)


def _is(actor: Actor, person_id: int, address: str) -> bool:
    """Whether the actor is proved to be who has that address."""
    same = addresses.key(actor.address) == addresses.key(address)
    return actor.proved and (same or actor.person_id == person_id)


def _proved(actor: Actor, person_id: int | None, address: str, joining: str) -> bool:
    """Whether this is proof enough to join with that address (C1).

    A sender that DMARC proves spares the reply only where the list does not ask for one.
    """
    mine = addresses.key(actor.address) == addresses.key(address)
    if actor.proof is Proof.SENDER:
        return mine and joining in ("open", "approve")
    return actor.proved and (mine or (person_id is not None and actor.person_id == person_id))


def welcome(conn: Connection, site: Site, lst: List, address: str, now: datetime) -> None:
    """Tell a new member what the list is, how to post and how to leave."""
    notice = Welcome(
        list_name=lst.name,
        list_title=lst.settings.title or lst.name,
        description=lst.settings.description,
        list_address=site.address(lst.name),
        request=site.address(f"{lst.name}-request"),
        unsubscribe=site.address(f"{lst.name}+unsubscribe"),
        owner=site.address(f"{lst.name}+owner"),
        archive=f"{site.base_url}/{lst.name}/" if site.base_url and lst.settings.archive != "none" else "",
    )
    person = people.find(conn, address)
    language = person.language if person else ""
    notices.send(conn, site, notice, address, now, lst=lst, language=language, requested=True)
