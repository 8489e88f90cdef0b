"""Verbs on bans: addresses and patterns whose posts are refused in the dialogue."""

from datetime import datetime

from sqlalchemy import Connection

from listserver.actions import access
from listserver.actions.access import Verb
from listserver.core import address
from listserver.core.actor import Actor
from listserver.core.traces import BANNED, mark
from listserver.errors import UsageError
from listserver.store import bans, events
from listserver.store.lists import List
from listserver.store.site import secret


def add(conn: Connection, actor: Actor, lst: List | None, pattern: str, now: datetime) -> bool:
    """Ban an address, a pattern with *, or a domain; on one list, or on all (None). False if it was banned already."""
    _require(conn, actor, lst)
    pattern = _checked(pattern)
    list_id = lst.id if lst else None
    if _hidden(conn, list_id, pattern) or not bans.add(conn, list_id, pattern, now):
        return False
    events.record(conn, "ban-added", actor, now, list_id=lst.id if lst else None, data={"pattern": pattern})
    return True


def remove(conn: Connection, actor: Actor, lst: List | None, pattern: str, now: datetime) -> bool:
    """Lift a ban. False if there was none."""
    _require(conn, actor, lst)
    pattern = _checked(pattern)
    list_id = lst.id if lst else None
    if not bans.remove(conn, list_id, _hidden(conn, list_id, pattern) or pattern):
        return False
    events.record(conn, "ban-removed", actor, now, list_id=lst.id if lst else None, data={"pattern": pattern})
    return True


def _hidden(conn: Connection, list_id: int | None, pattern: str) -> str:
    """The ban of an erased address as it stands there, "" if there is none."""
    there = [one for one in bans.of(conn, list_id) if one.startswith(BANNED)]
    wanted = BANNED + mark(secret(conn), address.key(pattern)) if there and "@" in pattern else ""
    return wanted if wanted in there else ""


def _require(conn: Connection, actor: Actor, lst: List | None) -> None:
    access.require(conn, actor, Verb.MODERATE if lst else Verb.CREATE_LISTS, lst.id if lst else 0)


def _checked(pattern: str) -> str:
    pattern = pattern.strip().casefold()
    odd = any(c.isspace() or c in "<>,;" for c in pattern) or pattern.endswith("@")
    if odd or not pattern.strip("*@.") or not any(c in pattern for c in "@.*"):
        raise UsageError(f"{pattern!r} is no pattern: write an address, one with * in it, or a domain: *@example.net.")
    return pattern
