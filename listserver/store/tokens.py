"""Rows of tokens: proofs that we mailed to somebody. Only their hashes are kept (standards C2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from listserver.store.fast import Fast
from listserver.store.tables import tokens


@dataclass(frozen=True, slots=True)
class Token:
    """What a token allows, to whom. address: where it was mailed."""

    id: int
    action: str
    list_id: int | None
    person_id: int | None
    hold_id: int | None
    address: str
    arguments: dict[str, Any]
    expires_at: datetime
    used_at: datetime | None

    def valid(self, now: datetime) -> bool:
        """Whether it can still be used."""
        return self.used_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Grant:
    """What a new token is to allow; the fields are those of Token."""

    action: str
    address: str
    list_id: int | None = None
    person_id: int | None = None
    hold_id: int | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


_COLUMNS = [tokens.c[name] for name in Token.__dataclass_fields__]
_BY_HASH = Fast(select(*_COLUMNS).where(tokens.c.hash == bindparam("hash")), "hash")
_USE = Fast(
    update(tokens)
    .where(tokens.c.id == bindparam("token"), tokens.c.used_at.is_(None))
    .values(used_at=bindparam("now")),
    *("token", "now"),
)
_UNANSWERED = (
    select(tokens.c.id)
    .where(
        tokens.c.address == bindparam("address"),
        tokens.c.action.in_(bindparam("actions", expanding=True)),
        tokens.c.created_at > bindparam("since"),
        tokens.c.used_at.is_(None),
    )
    .limit(1)
)


def add(conn: Connection, digest: bytes, grant: Grant, now: datetime, until: datetime) -> None:
    """Keep a token's hash with what it allows."""
    what = {name: getattr(grant, name) for name in Grant.__dataclass_fields__}
    conn.execute(insert(tokens).values(hash=digest, created_at=now, expires_at=until, **what))


def find(conn: Connection, digest: bytes) -> Token | None:
    """The token with that hash, used and expired ones included."""
    row = _BY_HASH.first(conn, {"hash": digest})
    return None if row is None else Token(*row)


def use(conn: Connection, token: Token, now: datetime) -> bool:
    """Mark as used; False if it was already."""
    return _USE.run(conn, {"token": token.id, "now": now}) == 1


def unanswered(conn: Connection, address: str, actions: Sequence[str], since: datetime) -> bool:
    """Whether a token for one of these actions was mailed to that address since then and was not used."""
    values = {"address": address, "actions": list(actions), "since": since}
    return conn.execute(_UNANSWERED, values).first() is not None
