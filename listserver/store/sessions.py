"""Rows of sessions: browsers in which somebody signed in. Only hashes of their cookies are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from listserver.store.fast import Fast
from listserver.store.tables import members, people, sessions


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in. address: where the link was mailed. roles: list id -> role, of all lists that they are on.

    language: which they chose, "" if none.
    """

    person_id: int
    address: str
    name: str
    roles: Mapping[int, str]
    language: str


_FIND = Fast(
    select(
        sessions.c.person_id, sessions.c.address, people.c.name, people.c.language, members.c.list_id, members.c.role
    )
    .join(people, people.c.id == sessions.c.person_id)
    .outerjoin(members, and_(members.c.person_id == sessions.c.person_id, members.c.state != "unconfirmed"))
    .where(sessions.c.hash == bindparam("hash"), sessions.c.expires_at > bindparam("now")),
    *("hash", "now"),
)


def add(conn: Connection, **values: Any) -> None:
    """A new session."""
    conn.execute(insert(sessions).values(**values))


def find(conn: Connection, digest: bytes, now: datetime) -> Session | None:
    """The session with that hash, unless it has expired; one statement, memberships included."""
    rows = _FIND.all(conn, {"hash": digest, "now": now})
    if not rows:
        return None
    person, address, name, language = rows[0][:4]
    return Session(person, address, name, {row[4]: row[5] for row in rows if row[4] is not None}, language)


def remove(conn: Connection, digest: bytes) -> None:
    """End a session."""
    conn.execute(delete(sessions).where(sessions.c.hash == digest))
