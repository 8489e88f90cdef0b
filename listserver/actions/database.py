"""What operators do with the database as a whole. These open it themselves: they are about the file or server."""

import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from listserver.actions import traces as erasing
from listserver.core.actor import Actor
from listserver.errors import Refused, Unavailable, UsageError
from listserver.log import Event
from listserver.store import copies, events, health, lock, migrations, schema, traces
from listserver.store.engine import Store

LEAVING = 2.0  # seconds that PostgreSQL may take to end what has gone


def upgrade(url: str, actor: Actor, now: datetime) -> tuple[str, str]:
    """Bring the database to this release's schema, making it if it is not there: (schema before, schema after)."""
    before, after = migrations.upgrade(url)
    if before != after:
        _record(url, Event.DATABASE_UPGRADED, actor, now, {"before": before, "after": after})
    return before, after


def status(url: str) -> health.Status:
    """The state of the database. Raises UsageError if there is none, Unavailable."""
    with Store.open(url) as store:
        return store.read_now(health.status)


def check(url: str) -> list[str]:
    """What is wrong with the database, a sentence each; reads all of it."""
    with Store.open(url) as store:
        store.read_now(schema.require)
        return store.read_now(health.problems)


def backup(url: str, target: Path, actor: Actor, now: datetime) -> int:
    """Write the database to `target` while it is in use; the size of the file in octets."""
    with Store.open(url):  # says clearly that there is none
        copies.backup(url, target)
    size = target.stat().st_size
    with suppress(Unavailable):  # on a full disk a backup is wanted most
        _record(url, Event.DATABASE_BACKED_UP, actor, now, {"file": str(target), "size": size})
    return size


def is_empty(url: str) -> bool:
    """Whether there is nothing that a restore would destroy."""
    with Store.open(url, create=True) as store:
        found = store.read_now(health.status)
    return not (found.lists or found.members or found.posts)


def restore(url: str, source: Path, actor: Actor, now: datetime) -> str:
    """Make the database what the backup `source` holds, and its schema this release's; the schema that it had.

    Who was erased after the backup was made is erased from it. Raises Refused while a server runs on it, or if
    `source` is no backup.
    """
    with lock.exclusive(url):
        _nobody_else(url)
        erased = _erased(url)
        copies.restore(url, source)
        before, _ = migrations.upgrade(url)
        with Store.open(url) as store:
            again = erasing.again(store, actor, erased, now)
        _record(url, Event.DATABASE_RESTORED, actor, now, {"file": str(source), "schema": before, "erased": again})
    return before


def compact(url: str) -> bool:
    """Write a SQLite file anew, without what deleted rows have left in it; False while a server runs on it."""
    try:
        with lock.exclusive(url):
            copies.compact(url)
    except UsageError:
        return False
    return True


def _erased(url: str) -> dict[str, traces.Erased]:
    """Who was erased from the database as it is; nobody where there is none, or it is damaged."""
    try:
        with Store.open(url) as store:
            return store.read_now(traces.remembered)
    except (UsageError, Unavailable, SQLAlchemyError):
        return {}


def _nobody_else(url: str) -> None:
    with Store.open(url, create=True) as store:
        if store.dialect != "postgresql":
            return
        until = time.monotonic() + LEAVING
        while (count := store.read_now(health.others)) and time.monotonic() < until:
            time.sleep(0.05)  # a connection that was just closed is counted until its process has ended
        if count:
            raise Refused(f"{count} connections of listserver use this database: stop every `listserver serve` first.")


def _record(url: str, event: Event, actor: Actor, now: datetime, data: dict[str, str | int]) -> None:
    with Store.open(url) as store:
        store.write_now(lambda conn: events.record(conn, event, actor, now, data=data))
