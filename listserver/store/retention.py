"""Deleting what is no longer needed (standards D4), at most `limit` rows a call, so that no transaction is long.

Each function gives the number of rows deleted; fewer than `limit` means that nothing more is there.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, or_, select

from listserver.store.tables import (
    bounces,
    deliveries,
    editions,
    events,
    holds,
    notices,
    past_receives,
    sessions,
    stragglers,
    tokens,
)


def tokens_expired(conn: Connection, before: datetime, limit: int) -> int:
    """Tokens that expired before a moment."""
    return _delete(conn, tokens, limit, tokens.c.expires_at < before)


def sessions_expired(conn: Connection, before: datetime, limit: int) -> int:
    """Sessions that ended before a moment."""
    return _delete(conn, sessions, limit, sessions.c.expires_at < before)


def holds_decided(conn: Connection, before: datetime, limit: int) -> int:
    """What is left of holds decided before a moment (their bytes went when they were decided)."""
    return _delete(conn, holds, limit, holds.c.decided_at < before)


def bounces_old(conn: Connection, before: datetime, limit: int) -> int:
    """Bounces before a moment."""
    return _delete(conn, bounces, limit, bounces.c.at < before)


def events_old(conn: Connection, before: datetime, limit: int) -> int:
    """Audit rows before a moment."""
    return _delete(conn, events, limit, events.c.at < before)


def failures_old(conn: Connection, before: datetime, limit: int) -> int:
    """Recipients given up before a moment."""
    return _delete(conn, stragglers, limit, stragglers.c.state == "failed", stragglers.c.created_at < before)


def notices_sent(conn: Connection, before: datetime, limit: int) -> int:
    """Mails that we wrote before a moment and that nobody waits for any more."""
    waits = exists().where(stragglers.c.notice_id == notices.c.id)
    return _delete(conn, notices, limit, notices.c.created_at < before, ~waits)


def editions_old(conn: Connection, before: datetime, limit: int) -> int:
    """Digests made before a moment that are with all their readers; the last of each stream says where it goes on."""
    later = editions.alias()
    followed = exists().where(
        later.c.list_id == editions.c.list_id, later.c.mode == editions.c.mode, later.c.upto > editions.c.upto
    )
    waited_for = [exists().where(table.c.edition_id == editions.c.id) for table in (deliveries, stragglers)]
    return _delete(conn, editions, limit, editions.c.made_at < before, followed, *(~one for one in waited_for))


def past_receives_settled(conn: Connection, limit: int) -> int:
    """Earlier choices of members that no delivery on its way and no edition to come goes by."""
    past = past_receives.c
    on_its_way = exists().where(deliveries.c.list_id == past.list_id, deliveries.c.number > past.since)
    put_in_edition = exists().where(
        editions.c.list_id == past.list_id, editions.c.mode == past.receives, editions.c.upto >= past.until
    )
    late = exists().where(stragglers.c.member_id == past.member_id, stragglers.c.edition_id.is_not(None))
    unneeded = or_(past.receives.in_(("each", "nothing")), put_in_edition)
    return _delete(conn, past_receives, limit, unneeded, ~on_its_way, ~late)


def _delete(conn: Connection, table: Table, limit: int, *where: ColumnElement[Any]) -> int:
    ids = select(table.c.id).where(*where).order_by(table.c.id).limit(limit)
    return conn.execute(delete(table).where(table.c.id.in_(ids))).rowcount
