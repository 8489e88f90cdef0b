"""Rows of mails that we wrote."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select

from listserver.store.tables import notices

_SINCE = select(func.count()).where(
    notices.c.address == bindparam("address"),
    notices.c.name == bindparam("name"),
    notices.c.created_at > bindparam("since"),
)
_ON_LIST_SINCE = select(func.count()).where(
    notices.c.list_id == bindparam("list_id"),
    notices.c.name == bindparam("name"),
    notices.c.created_at > bindparam("since"),
)
_SITE_SINCE = select(func.count()).where(notices.c.name == bindparam("name"), notices.c.created_at > bindparam("since"))


def add(conn: Connection, **values: Any) -> int:
    """A new one; gives its id."""
    return int(conn.execute(insert(notices).values(**values).returning(notices.c.id)).scalar_one())


def sent_since(conn: Connection, address: str, name: str, since: datetime) -> int:
    """How many of that name the address got since then."""
    return int(conn.execute(_SINCE, {"address": address, "name": name, "since": since}).scalar_one())


def sent_on_list_since(conn: Connection, list_id: int, name: str, since: datetime) -> int:
    """How many of that name a list wrote since then, to whomever."""
    return int(conn.execute(_ON_LIST_SINCE, {"list_id": list_id, "name": name, "since": since}).scalar_one())


def sent_by_site_since(conn: Connection, name: str, since: datetime) -> int:
    """How many of that name all lists and the site wrote since then."""
    return int(conn.execute(_SITE_SINCE, {"name": name, "since": since}).scalar_one())
