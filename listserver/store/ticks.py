"""Which periodic job has fired for which slot."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from listserver.store.tables import ticks

_VALUES: dict[str, Any] = {"job": bindparam("job"), "slot": bindparam("slot"), "at": bindparam("at")}
_TICK = {
    "sqlite": sqlite.insert(ticks).values(_VALUES).on_conflict_do_nothing().returning(ticks.c.slot),
    "postgresql": postgresql.insert(ticks).values(_VALUES).on_conflict_do_nothing().returning(ticks.c.slot),
}
_LAST = select(ticks.c.job, func.max(ticks.c.at)).group_by(ticks.c.job)
_FIRED = select(ticks.c.at).where(ticks.c.job == bindparam("job"), ticks.c.slot == bindparam("slot"))
_FORGET = delete(ticks).where(ticks.c.at < bindparam("before"))


def tick(conn: Connection, job: str, slot: str, now: datetime) -> bool:
    """Whether this is the first call for that slot, on any number of hosts; the caller's transaction does the work."""
    return conn.execute(_TICK[conn.dialect.name], {"job": job, "slot": slot, "at": now}).first() is not None


def fired(conn: Connection, job: str, slot: str) -> datetime | None:
    """When it fired for that slot; None if it has not."""
    return conn.execute(_FIRED, {"job": job, "slot": slot}).scalar()


def last(conn: Connection) -> dict[str, datetime]:
    """When each job last fired."""
    return {job: at for job, at in conn.execute(_LAST)}


def forget(conn: Connection, before: datetime) -> int:
    """Delete the ticks before a moment; how many."""
    return conn.execute(_FORGET, {"before": before}).rowcount
