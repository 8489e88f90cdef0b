"""Verbs on bans: addresses and patterns whose posts are refused in the dialogue."""

from datetime import datetime

from sqlalchemy import Connection

from listserver.actions import access
from listserver.actions.access import Verb
from listserver.core.actor import Actor
from listserver.errors import UsageError
from listserver.store import bans, events
from listserver.store.lists import List


def add(conn: Connection, actor: Actor, lst: List | None, pattern: str, now: datetime) -> bool:
    """Ban an address, a pattern with *, or a domain; on one list, or on all (None). False if it was banned already."""
    _require(conn, actor, lst)
    pattern = _checked(pattern)
    if not bans.add(conn, lst.id if lst else None, pattern, now):
        return False
    events.record(conn, "ban-added", actor, now, list_id=lst.id if lst else None, data={"pattern": pattern})
    return True


def remove(conn: Connection, actor: Actor, lst: List | None, pattern: str, now: datetime) -> bool:
    """Lift a ban. False if there was none."""
    _require(conn, actor, lst)
    pattern = _checked(pattern)
    if not bans.remove(conn, lst.id if lst else None, pattern):
        return False
    events.record(conn, "ban-removed", actor, now, list_id=lst.id if lst else None, data={"pattern": pattern})
    return True


def _require(conn: Connection, actor: Actor, lst: List | None) -> None:
    access.require(conn, actor, Verb.MODERATE if lst else Verb.CREATE_LISTS, lst.id if lst else 0)


def _checked(pattern: str) -> str:
    pattern = pattern.strip().casefold()
    if not pattern or any(c.isspace() or c in "<>,;" for c in pattern) or not pattern.strip("*@."):
        raise UsageError(f"{pattern!r} is no pattern: write an address, one with * in it, or a domain: *@example.net.")
    return pattern
