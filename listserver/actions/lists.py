"""Verbs on lists: create, set, unset, rename, delete."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from listserver.actions import access, digests
from listserver.actions.access import Verb
from listserver.core import address, settings
from listserver.core.actor import Actor
from listserver.errors import Refused, UsageError, Why
from listserver.store import events, lists
from listserver.store.lists import List

# Paths of the web archive that are no list's.
PAGES = ("api", "archives", "confirm", "healthz", "m", "me", "metrics", "pipermail", "search", "sign-in", "sign-out")


@dataclass(frozen=True, slots=True)
class Created:
    """A list that is there now."""

    list: List


def find(conn: Connection, name: str) -> List:
    """The list of that name. Raises Refused with the names there are."""
    found = lists.find(conn, name.partition("@")[0])
    if found is None:
        known = lists.names(conn)
        there = f"There are: {', '.join(sorted(known)[:20])}." if known else "There are no lists yet."
        raise Refused(f"There is no list {name!r}. {there} To make one: listserver list create NAME.")
    return found


def create(
    conn: Connection, actor: Actor, name: str, wanted: Mapping[str, str], now: datetime, *, preset: str = "discussion"
) -> Created:
    """A new list with the settings of a preset and then `wanted` (name -> text). Raises Refused, UsageError."""
    access.require(conn, actor, Verb.CREATE_LISTS, 0)
    name = _checked_name(conn, name)
    if preset not in settings.PRESETS:
        raise UsageError(f"There is no preset {preset!r}: choose one of {', '.join(settings.PRESETS)}.")
    stored = {key: _parsed(key, text) for key, text in {**settings.PRESETS[preset], **wanted}.items()}
    list_id = lists.add(conn, name, stored, now)
    events.record(conn, "list-created", actor, now, list_id=list_id, data={"name": name, "preset": preset})
    return Created(lists.get(conn, list_id))


def change(conn: Connection, actor: Actor, lst: List, wanted: Mapping[str, str], now: datetime) -> List:
    """Set settings (name -> text). Raises UsageError for one that cannot be; then none is changed."""
    access.require(conn, actor, Verb.CONFIGURE, lst.id)
    parsed = {name: _parsed(name, text) for name, text in wanted.items()}
    lists.save_settings(conn, lst.id, {**lst.stored, **parsed})
    events.record(conn, "list-changed", actor, now, list_id=lst.id, data={"settings": sorted(parsed)})
    return lists.get(conn, lst.id)


def reset(conn: Connection, actor: Actor, lst: List, names: list[str], now: datetime) -> List:
    """Give settings their defaults again."""
    access.require(conn, actor, Verb.CONFIGURE, lst.id)
    for name in names:
        settings.doc(name)  # raises where there is no such setting
    lists.save_settings(conn, lst.id, {k: v for k, v in lst.stored.items() if k not in names})
    events.record(conn, "list-changed", actor, now, list_id=lst.id, data={"settings": sorted(names)})
    return lists.get(conn, lst.id)


def rename(conn: Connection, actor: Actor, lst: List, name: str, now: datetime) -> List:
    """Another name, and so another address; permalinks of old posts keep their identifiers."""
    access.require(conn, actor, Verb.CONFIGURE, lst.id)
    name = _checked_name(conn, name)
    lists.rename(conn, lst.id, name)
    events.record(conn, "list-renamed", actor, now, list_id=lst.id, data={"from": lst.name, "to": name})
    return lists.get(conn, lst.id)


def delete(conn: Connection, actor: Actor, lst: List, now: datetime) -> None:
    """Delete the list with its members and its archive."""
    access.require(conn, actor, Verb.CREATE_LISTS, lst.id)
    lists.remove(conn, lst.id)
    events.record(conn, "list-deleted", actor, now, list_id=lst.id, data={"name": lst.name})


def is_ours(conn: Connection, domain: str, written: str) -> bool:
    """Whether mail to that address comes back to this list server: a list, one of its addresses, the robot, postmaster.

    domain: of our lists. People may have mailboxes at it too: what means nothing to us is theirs.
    """
    if not address.key(written).endswith(address.key(f"x@{domain}")[1:]):
        return False
    means = address.route(written, domain, lambda name: lists.exists(conn, name)).verb
    return means not in (address.Verb.UNKNOWN, address.Verb.FOREIGN)


def refuse_ours(conn: Connection, domain: str, given: Iterable[str]) -> None:
    """Raise UsageError where one of these is an address of ours: as a member it would get its own copies."""
    for one in given:
        if is_ours(conn, domain, one):
            said = f"{one} is an address of this list server, so it cannot be a member. Nothing was changed."
            raise UsageError(said, why=Why.OURS, given=(one,))


def _parsed(name: str, text: str) -> object:
    """The value of a setting. A time zone is one that this machine knows: core.settings may not look."""
    value = settings.parse(name, text)
    if name == "digest_zone" and not digests.is_zone(str(value)):
        raise settings.unlike("digest_zone", text, "a time zone that we know", "Europe/Berlin, or UTC")
    return value


def _checked_name(conn: Connection, name: str) -> str:
    name = address.list_name(name)
    taken = f"{name} is the address of a page of the web archive." if name in PAGES else ""
    clash = taken or address.shadows(name, lists.names(conn))
    if clash:
        raise Refused(f"A list cannot be called {name!r}. {clash} Please choose another name.")
    return name
