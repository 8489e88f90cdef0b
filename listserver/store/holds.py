"""Rows of what waits for a decision."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from listserver.store.tables import holds, lists

NO_AUTHOR = "Somebody"  # who has no usable address


@dataclass(frozen=True, slots=True)
class Hold:
    """A post or request that waits, or that was decided (`decision`)."""

    id: int
    list_id: int
    list_name: str
    kind: str
    address: str
    name: str
    subject: str
    reasons: list[str]
    envelope: dict[str, Any]
    enc: str
    bytes: bytes | None
    size: int
    held_at: datetime
    expires_at: datetime
    claimed_by: int | None
    claimed_until: datetime | None
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None

    @property
    def author(self) -> str:
        """Who wrote or wants to join, as people are told."""
        return f"{self.name} <{self.address}>" if self.name else self.address or NO_AUTHOR


_COLUMNS = [lists.c.name if f.name == "list_name" else holds.c[f.name] for f in fields(Hold)]
_HOLDS = select(*_COLUMNS).join(lists, lists.c.id == holds.c.list_id)
_ONE = _HOLDS.where(holds.c.id == bindparam("id"))
_WAITING = _HOLDS.where(holds.c.decision.is_(None)).order_by(holds.c.held_at, holds.c.id)
_EXPIRED = (
    select(holds.c.id, holds.c.list_id)
    .where(holds.c.decision.is_(None), holds.c.expires_at <= bindparam("now"))
    .order_by(holds.c.held_at, holds.c.id)
    .limit(bindparam("limit"))
)
_DECIDE = (
    update(holds)
    .where(holds.c.id == bindparam("hold_id"), holds.c.decision.is_(None))
    .values(decision=bindparam("how"), decided_by=bindparam("by"), decided_at=bindparam("now"), bytes=None, envelope={})
)
_CLAIM = (
    update(holds)
    .where(holds.c.id == bindparam("hold_id"))
    .values(claimed_by=bindparam("person"), claimed_until=bindparam("until"))
)


def _hold(row: Row[*tuple[Any, ...]]) -> Hold:
    return Hold(*tuple(row))


def add(conn: Connection, **values: Any) -> int:
    """A new hold; gives its id."""
    return int(conn.execute(insert(holds).values(**values).returning(holds.c.id)).scalar_one())


def find(conn: Connection, hold_id: int) -> Hold | None:
    """The hold with that id, or None."""
    row = conn.execute(_ONE, {"id": hold_id}).first()
    return None if row is None else _hold(row)


def waiting(conn: Connection, list_id: int | None = None) -> list[Hold]:
    """What waits, oldest first; of one list or of all."""
    query = _WAITING if list_id is None else _WAITING.where(holds.c.list_id == list_id)
    return [_hold(row) for row in conn.execute(query)]


def expired(conn: Connection, now: datetime, limit: int) -> list[tuple[int, int]]:
    """(hold id, list id) of what has waited longer than its list lets it, the oldest first."""
    return [(row.id, row.list_id) for row in conn.execute(_EXPIRED, {"now": now, "limit": limit})]


def decide(conn: Connection, hold_id: int, how: str, by: str, now: datetime) -> bool:
    """Mark as decided, empty the bytes. False if somebody else was first: one wins, whoever else tries."""
    return conn.execute(_DECIDE, {"hold_id": hold_id, "how": how, "by": by, "now": now}).rowcount == 1


def claim(conn: Connection, hold_id: int, person_id: int | None, until: datetime) -> None:
    """Note who says that they take care of it, and until when."""
    conn.execute(_CLAIM, {"hold_id": hold_id, "person": person_id, "until": until})


def count_waiting(conn: Connection, list_id: int) -> int:
    """How many wait on that list."""
    return int(conn.execute(_COUNT, {"list_id": list_id}).scalar_one())


_COUNT = select(func.count()).where(holds.c.list_id == bindparam("list_id"), holds.c.decision.is_(None))
