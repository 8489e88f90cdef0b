"""Verbs on memberships: add, remove, change, make equal to a file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from listserver.actions import access
from listserver.actions.access import Verb
from listserver.core import address as addresses
from listserver.core import schedule, settings, topics
from listserver.core.actor import PROGRAM, Actor
from listserver.errors import Refused, UsageError, Why
from listserver.store import events, members, people
from listserver.store.lists import List
from listserver.store.members import Member

ROLES = ("member", "moderator", "owner")
MODES = ("each", "digest", "daily", "weekly", "monthly", "index", "nomail")
_SAME = {"summary": "index", "notice": "index", "postpone": "nomail", "mail": "each"}
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody to add: an address and, if known, a name."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """How many are new, and how many were there already (and stayed as they were)."""

    added: int
    already: int


@dataclass(frozen=True, slots=True)
class Synced:
    """What making the list equal to a file did, or would do: addresses."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def receives(mode: str, state: str, zone: str) -> str:
    """What a member with that mode and state is due. zone: their own, "" = the list's."""
    return schedule.stream(mode, zone) if state == "active" and mode != "nomail" else NOTHING


def mode_of(word: str) -> str:
    """The delivery mode that a word means. Raises UsageError."""
    mode = _SAME.get(word.casefold(), word.casefold())
    if mode not in MODES:
        raise settings.wrong("mode", word, ", ".join(MODES))
    return mode


def find(conn: Connection, lst: List, address: str) -> Member:
    """The membership of that address (any address of the person). Raises Refused."""
    person = people.find(conn, address)
    member = members.find(conn, lst.id, person.id) if person else None
    if member is None:
        said = f"{address} is not a member of {lst.name}. `listserver member list {lst.name}` shows who is."
        raise Refused(said, why=Why.NOT_MEMBER, given=(address,))
    return member


def add(  # noqa: PLR0913 (what a new member is made of)
    conn: Connection,
    actor: Actor,
    lst: List,
    entries: Iterable[Entry],
    now: datetime,
    *,
    role: str = "member",
    mode: str = "each",
    known: bool = True,
) -> Added:
    """Add many at once, without mail; who is a member already stays as they are, but for a higher role.

    known: their first posts are not held. A handful of statements for each 500 entries.
    """
    access.require(conn, actor, Verb.MANAGE_MEMBERS, lst.id)
    if role not in ROLES:
        raise settings.wrong("role", role, ", ".join(ROLES))
    mode = mode_of(mode)
    wanted = {addresses.key(e.address): e for e in entries}
    persons = people.find_or_add_many(conn, {k: (e.address, e.name) for k, e in wanted.items()}, now)
    there = members.person_ids(conn, lst.id, [p.id for p in persons.values()])
    rows: dict[int, dict[str, Any]] = {}
    for person in persons.values():
        if person.id not in there:
            rows[person.id] = _new_row(person, role, mode, known, now)
    members.add_many(conn, lst.id, list(rows.values()))
    if role != "member" and there:
        members.raise_role(conn, lst.id, sorted(there), role)
    events.record(conn, "members-added", actor, now, list_id=lst.id, data={"added": len(rows), "role": role})
    return Added(len(rows), len(wanted) - len(rows))


def _new_row(person: people.Person, role: str, mode: str, known: bool, now: datetime) -> dict[str, Any]:
    return {
        "person_id": person.id,
        "address_id": person.address_id,
        "role": role,
        "mode": mode,
        "receives": receives(mode, "active", person.zone),
        "known": known,
        "joined_at": now,
    }


def remove(conn: Connection, actor: Actor, lst: List, member: Member, now: datetime) -> None:
    """End a membership: the row goes, and with it all that is still due. The last owner stays."""
    access.require(conn, actor, Verb.OWN_MEMBERSHIP, lst.id, of_person=member.person_id)
    other_owner_or_refuse(conn, lst, member)
    members.remove(conn, member)
    events.record(
        conn, "member-removed", actor, now, list_id=lst.id, person_id=member.person_id, data={"address": member.address}
    )


def other_owner_or_refuse(conn: Connection, lst: List, member: Member) -> None:
    """Raise Refused where this member is the last owner of the list: they stay it."""
    if member.role != "owner" or [owner for owner in members.with_role(conn, lst.id, "owner") if owner.id != member.id]:
        return
    raise Refused(
        f"{member.address} is the last owner of {lst.name}, and a list needs one. "
        f"First make somebody else owner: listserver member add {lst.name} ADDRESS --role owner.",
        why=Why.LAST_OWNER,
        given=(member.address,),
    )


def change(
    conn: Connection, actor: Actor, lst: List, member: Member, wanted: Mapping[str, str], now: datetime
) -> Member:
    """Change options of a membership (name -> text, see `parse_options`), all or none. Raises UsageError, Refused."""
    access.require(conn, actor, Verb.OWN_MEMBERSHIP, lst.id, of_person=member.person_id)
    if {"role", "moderated", "known"} & set(wanted):
        access.require(conn, actor, Verb.MANAGE_MEMBERS, lst.id)
    values = parse_options(wanted)
    if values.get("role", "owner") != "owner":
        other_owner_or_refuse(conn, lst, member)
    personal = {name: values.pop(name) for name in ("name", "language", "zone") if name in values}
    if personal:
        people.set_values(conn, member.person_id, **personal)
        if "zone" in personal:
            _move_clocks(conn, member.person_id)
            member = _again(conn, member)
    if "mode" in values and "state" not in values:
        values["state"] = "active"  # choosing a mode ends a pause
        values["pause_until"] = None
    if values:
        mode, state = values.get("mode", member.mode), values.get("state", member.state)
        members.set_receives(conn, member, receives(mode, state, member.zone))
        members.set_values(conn, member, **values)
    data = {"address": member.address, "options": sorted(wanted)}
    events.record(conn, "member-changed", actor, now, list_id=lst.id, person_id=member.person_id, data=data)
    return _again(conn, member)


def _move_clocks(conn: Connection, person_id: int) -> None:
    """Somebody has another time zone now: so have the digests of all their lists."""
    for member in members.of_person(conn, person_id):
        members.set_receives(conn, member, receives(member.mode, member.state, member.zone))


def end_pauses(conn: Connection, now: datetime, limit: int) -> int:
    """Let members whose pause is over have again what they chose; how many, at most `limit`."""
    over = members.pauses_over(conn, now, limit)
    for member in over:
        members.set_receives(conn, member, receives(member.mode, "active", member.zone))
        members.set_values(conn, member, state="active", pause_until=None)
        data = {"address": member.address, "options": ["pause_until"]}
        person, list_id = member.person_id, member.list_id
        events.record(conn, "member-changed", PROGRAM, now, list_id=list_id, person_id=person, data=data)
    return len(over)


def _again(conn: Connection, member: Member) -> Member:
    found = members.find(conn, member.list_id, member.person_id)
    assert found is not None
    return found


def options_of(member: Member) -> dict[str, str]:
    """All options of a member, to give them back."""
    options = {
        "mode": member.mode,
        "own_copies": str(member.own_copies),
        "concealed": str(member.concealed),
        "digest_form": member.digest_form,
        "topics": _written(member.topics),
    }
    if member.state == "paused" and member.pause_until:
        options["pause_until"] = member.pause_until.isoformat()
    return options


def parse_options(wanted: Mapping[str, str]) -> dict[str, Any]:
    """Member settings as columns. Raises UsageError that says what would be right."""
    values: dict[str, Any] = {}
    for name, text in wanted.items():
        parse = _OPTIONS.get(name)
        if parse is None:
            known = ", ".join(sorted(_OPTIONS))
            said = f"There is no member setting {name!r}: use one of {known}."
            raise UsageError(said, why=Why.NO_SETTING, given=(name, known))
        values.update(parse(name, text.strip()))
    return values


def _mode(name: str, text: str) -> dict[str, Any]:
    return {"mode": mode_of(text)}


def _truth(name: str, text: str) -> dict[str, Any]:
    words = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
    if text.casefold() not in words:
        raise settings.wrong(name, text, "true, false")
    return {name: words[text.casefold()]}


def _moderated(name: str, text: str) -> dict[str, Any]:
    return {name: None} if text in ("", "list") else _truth(name, text)


def _pause(name: str, text: str) -> dict[str, Any]:
    if text in ("", "none"):
        return {"pause_until": None, "state": "active"}
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        raise settings.unlike("pause_until", text, "a date", "2027-01-31") from None
    if len(text) <= len("2027-01-31"):
        until += timedelta(days=1)  # the last day of a pause belongs to it
    return {"pause_until": until if until.tzinfo else until.replace(tzinfo=UTC), "state": "paused"}


def _zone(name: str, text: str) -> dict[str, Any]:
    if text:
        try:
            ZoneInfo(text)
        except (ValueError, OSError, KeyError):
            raise settings.unlike("zone", text, "a time zone that we know", "Europe/Berlin") from None
    return {"zone": text}


_TOPIC = re.compile(r"([+-]?)(?:\"([^\"]*)\"|([^\s,]+))")


def _topics(name: str, text: str) -> dict[str, Any]:
    """`+gis -announce "+spatial models"`; all; none."""
    return {name: topics.choice(sign + (quoted or bare) for sign, quoted, bare in _TOPIC.findall(text))}


def _written(chosen: str) -> str:
    """A stored choice of topics as `_topics` reads it."""
    return " ".join(f'{one[0]}"{one[1:]}"' if one != topics.NONE else one for one in chosen.split(",") if one) or "all"


def _words(name: str, text: str) -> dict[str, Any]:
    return {name: " ".join(text.split())}


def _language(name: str, text: str) -> dict[str, Any]:
    return {name: settings.language(name, text) if text else ""}


def _one_of(choices: Sequence[str]) -> Any:
    def parse(name: str, text: str) -> dict[str, Any]:
        if text not in choices:
            raise settings.wrong(name, text, ", ".join(choices))
        return {name: text}

    return parse


_OPTIONS = {
    "mode": _mode,
    "pause_until": _pause,
    "own_copies": _truth,
    "concealed": _truth,
    "moderated": _moderated,
    "known": _truth,
    "digest_form": _one_of(("", "html", "plain", "mime")),
    "topics": _topics,
    "zone": _zone,
    "language": _language,
    "name": _words,
    "role": _one_of(ROLES),
}


def sync(
    conn: Connection, actor: Actor, lst: List, entries: Iterable[Entry], now: datetime, *, dry_run: bool = False
) -> Synced:
    """Make the members equal to `entries`; moderators and owners that are not among them stay."""
    access.require(conn, actor, Verb.MANAGE_MEMBERS, lst.id)
    wanted = {addresses.key(e.address): e for e in entries}
    present = {addresses.key(m.address): m for m in members.of_list(conn, lst.id)}
    new = [entry for key, entry in wanted.items() if key not in present]
    gone = [m for key, m in present.items() if key not in wanted and m.role == "member"]
    if not dry_run:
        add(conn, actor, lst, new, now)
        for member in gone:
            remove(conn, actor, lst, member, now)
    return Synced(tuple(e.address for e in new), tuple(m.address for m in gone))
