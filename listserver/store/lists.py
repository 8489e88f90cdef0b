"""Rows of lists."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from listserver.core import settings
from listserver.core.settings import ListSettings
from listserver.store.fast import Fast
from listserver.store.tables import lists, site


@dataclass(frozen=True, slots=True)
class List:
    """A list as stored; `settings` has the defaults filled in, `stored` only what was set."""

    id: int
    name: str
    settings: ListSettings
    stored: dict[str, Any]
    created_at: datetime
    last_number: int
    posts: int
    threads: int
    members: int
    last_post_at: datetime | None
    changed: int


COLUMNS = [lists.c["settings" if f.name == "stored" else f.name] for f in fields(List) if f.name != "settings"]
_ONE = Fast(select(*COLUMNS).where(lists.c.name == bindparam("name")), "name")
_BY_ID = Fast(select(*COLUMNS).where(lists.c.id == bindparam("id")), "id")
_ALL = Fast(select(*COLUMNS).order_by(lists.c.name))
_EXISTS = Fast(select(lists.c.id).where(lists.c.name == bindparam("name")), "name")
_LOCK = Fast(select(lists.c.last_number).where(lists.c.id == bindparam("id")).with_for_update(), "id")
_NAMES = select(lists.c.name)
_SITE = select(site.c.value).where(site.c.name == bindparam("name"))


def of_row(row: Sequence[Any]) -> List:
    """The list in a row of COLUMNS."""
    list_id, name, stored, *rest = row
    return List(list_id, name, settings.from_stored(stored), stored, *rest)


def find(conn: Connection, name: str) -> List | None:
    """The list of that name (any case)."""
    row = _ONE.first(conn, {"name": name.casefold()})
    return None if row is None else of_row(row)


def get(conn: Connection, list_id: int) -> List:
    """The list with that id, which must exist."""
    row = _BY_ID.first(conn, {"id": list_id})
    assert row is not None
    return of_row(row)


def everything(conn: Connection) -> list[List]:
    """All lists, by name."""
    return [of_row(row) for row in _ALL.all(conn, {})]


def exists(conn: Connection, name: str) -> bool:
    """Whether there is a list of that name."""
    return _EXISTS.first(conn, {"name": name.casefold()}) is not None


def names(conn: Connection) -> list[str]:
    """The names of all lists."""
    return list(conn.execute(_NAMES).scalars())


def add(conn: Connection, name: str, stored: dict[str, Any], now: datetime) -> int:
    """A new list; gives its id."""
    result = conn.execute(insert(lists).values(name=name, settings=stored, created_at=now).returning(lists.c.id))
    return int(result.scalar_one())


def save_settings(conn: Connection, list_id: int, stored: dict[str, Any]) -> None:
    """Replace what the list has set."""
    conn.execute(
        update(lists).where(lists.c.id == list_id).values(settings=stored, changed=lists.c.changed + 1),
    )


def rename(conn: Connection, list_id: int, name: str) -> None:
    """Give a list another name."""
    conn.execute(update(lists).where(lists.c.id == list_id).values(name=name, changed=lists.c.changed + 1))


def remove(conn: Connection, list_id: int) -> None:
    """Delete a list with all that belongs to it."""
    conn.execute(delete(lists).where(lists.c.id == list_id))


def lock(conn: Connection, list_id: int) -> int:
    """The number of the list's newest post, held against new posts until the transaction ends.

    What a member receives changes *between* two posts: so whoever changes it takes this lock first, as filing does.
    """
    row = _LOCK.first(conn, {"id": list_id})
    assert row is not None
    return int(row[0])


def site_value(conn: Connection, name: str) -> str | None:
    """A value kept for the whole site."""
    return conn.execute(_SITE, {"name": name}).scalar_one_or_none()


def set_site_value(conn: Connection, name: str, value: str) -> None:
    """Keep a value for the whole site; it must not be there yet."""
    conn.execute(insert(site).values(name=name, value=value))
