"""Rows of what happened: who did what, when, by which door (the names are those of listserver/log.py)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from listserver.core.actor import Actor
from listserver.store.tables import events

_ADD = insert(events)


def record(  # noqa: PLR0913 (an event is all of these)
    conn: Connection,
    name: str,
    actor: Actor,
    now: datetime,
    *,
    list_id: int | None = None,
    person_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Add an event, in the transaction of the change that it tells of. data: no bodies, subjects or tokens (D5)."""
    conn.execute(
        _ADD,
        {
            "at": now,
            "name": name,
            "list_id": list_id,
            "person_id": person_id,
            "actor": actor.address,
            "door": actor.door,
            "data": data or {},
        },
    )
