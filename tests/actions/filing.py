"""Posts for tests of the archive, and how they get there."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from listserver.actions import archive
from listserver.actions.archive import Duplicate, Filed
from listserver.core.filing import Prepared
from listserver.core.message import read
from listserver.store import lists
from listserver.store.engine import Store
from listserver.store.lists import List

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=20)


def mail(
    name: str,
    subject: str = "x",
    *,
    day: float = 0,
    names: str = "",
    body: str = "Hello there.",
    author: str = "Anna Berg <anna@example.org>",
    more: str = "",
) -> bytes:
    """A post. day: days after NOW. names: ancestors, oldest first. more: further header lines."""
    at = (NOW + timedelta(days=day)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    lines = [f"From: {author}", f"Subject: {subject}", f"Message-ID: <{name}@x>", f"Date: {at}"]
    if names:
        lines.append("References: " + " ".join(f"<{n}@x>" for n in names.split()))
    if more:
        lines.append(more)
    return "\n".join([*lines, "", body, ""]).encode()


def new_list(store: Store, name: str, **settings: Any) -> List:
    list_id = store.write_now(lambda conn: lists.add(conn, name, settings, NOW))
    return store.read_now(lambda conn: lists.get(conn, list_id))


def prepared(lst: List, raw: bytes, received_at: datetime = LATER) -> Prepared:
    return archive.prepare(read(raw), lst.id, lst.settings.language, received_at)


def file(store: Store, lst: List, *raws: bytes, batch: int = 1) -> list[Filed | Duplicate]:
    ready = [prepared(lst, raw) for raw in raws]
    outcomes: list[Filed | Duplicate] = []
    for start in range(0, len(ready), batch):
        outcomes += store.write_now(unit(lst, ready[start : start + batch]))
    return outcomes


def unit(lst: List, some: Sequence[Prepared]) -> Callable[[Connection], list[Filed | Duplicate]]:
    return lambda conn: archive.file_all(conn, lst, some)
