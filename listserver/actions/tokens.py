"""Tokens that we mail: whoever has one may do one thing, once, for a while (standards C2)."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listserver.core import tokens
from listserver.store import tokens as rows
from listserver.store.tokens import Grant


def fresh() -> str:
    """One that nobody knows yet."""
    return tokens.write(secrets.token_bytes(tokens.BYTES))


def keep(conn: Connection, token: str, grant: Grant, now: datetime, lasts: timedelta) -> None:
    """Keep what a token allows; of itself, only its hash."""
    rows.add(conn, tokens.digest(token), grant, now, now + lasts)
