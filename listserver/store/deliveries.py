"""Rows of work on its way out: deliveries and stragglers."""

from datetime import datetime

from sqlalchemy import Connection, insert

from listserver.store.engine import notify
from listserver.store.fast import Fast
from listserver.store.tables import deliveries, stragglers

PRIORITY_NOTICE, PRIORITY_POST, PRIORITY_DIGEST = 0, 1, 2

_PLAN = Fast(insert(deliveries), "list_id", "post_id", "number", "priority", "due", "created_at")
_STRAGGLER = Fast(insert(stragglers), "list_id", "notice_id", "address", "priority", "due", "created_at")


def plan_post(conn: Connection, list_id: int, post_id: int, number: int, now: datetime) -> None:
    """One row, for all members who are due this post; workers cut it into ranges as they go."""
    _PLAN.run(
        conn,
        {
            "list_id": list_id,
            "post_id": post_id,
            "number": number,
            "priority": PRIORITY_POST,
            "due": now,
            "created_at": now,
        },
    )
    notify(conn)


def add_notice(conn: Connection, notice_id: int, list_id: int | None, address: str, now: datetime) -> None:
    """A mail of ours to one recipient: born as a straggler, so that it leaves the one way out."""
    _STRAGGLER.run(
        conn,
        {
            "list_id": list_id,
            "notice_id": notice_id,
            "address": address,
            "priority": PRIORITY_NOTICE,
            "due": now,
            "created_at": now,
        },
    )
    notify(conn)
