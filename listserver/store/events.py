"""Audit rows: who did what, when, by which door. The names are those of the log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from listserver import log
from listserver.core.actor import Actor
from listserver.store import engine
from listserver.store.fast import Fast
from listserver.store.tables import events

_ADD = Fast(insert(events), "at", "name", "list_id", "person_id", "actor", "door", "data")
_FORGET = delete(events).where(events.c.at < bindparam("before"))


@dataclass(frozen=True, slots=True)
class Recorded:
    """One audit row. actor: an address, "operator" or "listserver"."""

    at: datetime
    name: str
    list_id: int | None
    person_id: int | None
    actor: str
    door: str
    data: dict[str, Any]


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
    """Add an event in the transaction of the change that it tells of, and a log line once that is committed.

    name: one of log.Event (KeyError otherwise). person_id: whom it is about; by default, who acts. data: JSON values;
    no bodies, subjects or tokens (D5).
    """
    record_all(conn, name, [Happened(actor, list_id, person_id, data or {})], now)


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of several with the same name; its fields are those of `record`."""

    actor: Actor
    list_id: int | None
    person_id: int | None
    data: dict[str, Any]


def record_all(conn: Connection, name: str, happened: Sequence[Happened], now: datetime) -> None:
    """`record` for several events of one name, in one statement."""
    event = log.named(name)
    _ADD.put(
        conn,
        *(
            {
                "at": now,
                "name": str(event),
                "list_id": one.list_id,
                "person_id": one.actor.person_id if one.person_id is None else one.person_id,
                "actor": one.actor.address,
                "door": one.actor.door,
                "data": one.data,
            }
            for one in happened
        ),
    )

    def tell() -> None:
        for one in happened:
            log.info(event, actor=one.actor.address, door=one.actor.door, list_id=one.list_id, **one.data)

    engine.after_commit(conn, tell)


def since(
    conn: Connection, moment: datetime, *, list_id: int | None = None, person_id: int | None = None
) -> Iterator[Recorded]:
    """The audit rows from `moment` on, oldest first, of one list or person if given."""
    query = select(*(column for column in events.c if column.name != "id")).where(events.c.at >= moment)
    if list_id is not None:
        query = query.where(events.c.list_id == list_id)
    if person_id is not None:
        query = query.where(events.c.person_id == person_id)
    for row in conn.execute(query.order_by(events.c.at, events.c.id)):
        yield Recorded(*row)


def forget(conn: Connection, before: datetime) -> int:
    """Delete the audit rows before a moment; how many."""
    return conn.execute(_FORGET, {"before": before}).rowcount
