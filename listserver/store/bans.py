"""Rows of bans."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from listserver.store.tables import bans, lists


def of(conn: Connection, list_id: int | None) -> list[str]:
    """The patterns of one list, or of all lists (None)."""
    return list(conn.execute(select(bans.c.pattern).where(_of(list_id)).order_by(bans.c.pattern)).scalars())


def everything(conn: Connection) -> list[tuple[str | None, str]]:
    """(list name, pattern) of every ban: first those of all lists, without a name, then list by list."""
    query = select(lists.c.name, bans.c.pattern).select_from(bans.outerjoin(lists))
    rows = conn.execute(query.order_by(bans.c.list_id.is_not(None), lists.c.name, bans.c.pattern))
    return [(name, pattern) for name, pattern in rows]


def add(conn: Connection, list_id: int | None, pattern: str, now: datetime) -> bool:
    """A new ban; False if it is there (NULL is never equal, so no constraint tells for the whole site)."""
    if pattern in of(conn, list_id):
        return False
    conn.execute(insert(bans).values(list_id=list_id, pattern=pattern, created_at=now))
    return True


def remove(conn: Connection, list_id: int | None, pattern: str) -> bool:
    """Lift a ban; False if there is none."""
    return conn.execute(delete(bans).where(_of(list_id), bans.c.pattern == pattern)).rowcount > 0


def _of(list_id: int | None) -> ColumnElement[bool]:
    return bans.c.list_id.is_(None) if list_id is None else bans.c.list_id == list_id
