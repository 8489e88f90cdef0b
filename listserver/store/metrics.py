"""The numbers that /metrics and `queue status` are made of: a fixed number of statements, none that reads posts."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from listserver.store.tables import deliveries, holds, lists, stragglers

_GAUGES = select(
    select(func.count()).select_from(lists).scalar_subquery().label("lists"),
    select(func.coalesce(func.sum(lists.c.members), 0)).scalar_subquery().label("members"),
    select(func.coalesce(func.sum(lists.c.posts), 0)).scalar_subquery().label("posts"),
    select(func.count()).select_from(holds).where(holds.c.decision.is_(None)).scalar_subquery().label("held"),
    select(func.count())
    .select_from(deliveries)
    .where(deliveries.c.state == "pending")
    .scalar_subquery()
    .label("deliveries_pending"),
    select(func.count())
    .select_from(stragglers)
    .where(stragglers.c.state == "pending", stragglers.c.attempts == 0)
    .scalar_subquery()
    .label("recipients_waiting"),
    select(func.count())
    .select_from(stragglers)
    .where(stragglers.c.state == "pending", stragglers.c.attempts > 0)
    .scalar_subquery()
    .label("recipients_retrying"),
    select(func.count())
    .select_from(stragglers)
    .where(stragglers.c.state == "failed")
    .scalar_subquery()
    .label("recipients_failed"),
)
_OLDEST = select(func.min(deliveries.c.created_at)).where(
    deliveries.c.state == "pending", deliveries.c.created_at <= bindparam("now")
)


def gauges(conn: Connection, now: datetime) -> dict[str, float]:
    """Name -> number, as of now; `delivery_oldest_seconds` is the age of the oldest delivery that is not finished."""
    row = conn.execute(_GAUGES).one()
    oldest = conn.execute(_OLDEST, {"now": now}).scalar()
    numbers: dict[str, float] = {name: int(value) for name, value in row._mapping.items()}
    numbers["delivery_oldest_seconds"] = (now - oldest).total_seconds() if oldest else 0
    return numbers
