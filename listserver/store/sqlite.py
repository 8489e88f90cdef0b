"""SQLite behind the store: WAL, one writer, and readers that never wait for it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlalchemy.pool import NullPool, QueuePool

from listserver.errors import Unavailable

BUSY = 10_000  # milliseconds to wait for the write lock of another process

# What passes, or what the operator can mend while the mail is kept.
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)


class Sqlite:
    """A database in one file."""

    name = "sqlite"

    def __init__(self, url: URL) -> None:
        options: dict[str, Any] = {"connect_args": {"check_same_thread": False}, "hide_parameters": True}
        self.writing = create_engine(url, poolclass=NullPool, **options)
        self.reading = create_engine(url, poolclass=QueuePool, pool_size=8, max_overflow=8, **options)
        event.listen(self.writing, "connect", _connect_writer)
        event.listen(self.reading, "connect", _connect_reader)
        event.listen(self.writing, "begin", _begin_immediate)
        event.listen(self.writing, "handle_error", _hold_on)
        event.listen(self.reading, "begin", _begin_deferred)
        self.cursors: Path | None = Path(f"{url.database}-cursors")
        self._durable: tuple[Connection, bool] | None = None
        self._changed: Callable[[], None] | None = None
        self._version = -1

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Both engines."""
        return (self.writing, self.reading)

    def begin(self, conn: Connection, durable: bool, alone: bool) -> None:
        """BEGIN IMMEDIATE; without fsync at its commit when no unit asks for it."""
        if self._durable != (conn, durable):
            _raw(conn).execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = (conn, durable)
        conn.info.pop("undone", None)
        conn.begin()

    def before_commit(self, conn: Connection) -> None:
        """A unit went on after a failure that had already undone what came before it."""
        if conn.info.pop("undone", False):
            raise Unavailable("The database gave the change up.")

    def retryable(self, failure: BaseException) -> bool:
        """Nobody gets in the way of the one writer."""
        return False

    def translate(self, failure: BaseException) -> BaseException:
        """Unavailable for locked, full, read-only, gone, damaged."""
        if isinstance(failure, TimeoutError):
            return Unavailable("The database is too busy.", str(failure))
        if isinstance(failure, DBAPIError):
            code = getattr(failure.orig, "sqlite_errorcode", 0)
            if code & 0xFF in _PASSING:
                return Unavailable("The database cannot be used now.", str(failure.orig))
        return failure

    def watch(self, changed: Callable[[], None]) -> None:
        """The writer's own connection sees a data_version that only others change."""
        self._changed = changed

    def poll(self, conn: Connection) -> None:
        """Wake when another process has committed."""
        if self._changed is None:
            return
        try:
            (version,) = _raw(conn).execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            return  # the next write says what is wrong
        if version != self._version:
            self._version = version
            self._changed()

    def close(self) -> None:
        """Close the files."""
        self.reading.dispose()
        self.writing.dispose()


def _raw(conn: Connection) -> Any:
    return conn.connection.dbapi_connection


def _connect_writer(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # transactions are begun by us
    raw.execute(f"PRAGMA busy_timeout={BUSY}")
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA foreign_keys=ON")


def _connect_reader(raw: Any, _record: object) -> None:
    raw.isolation_level = None
    raw.execute(f"PRAGMA busy_timeout={BUSY}")
    raw.execute("PRAGMA query_only=ON")


def _begin_immediate(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN IMMEDIATE")


def _hold_on(context: ExceptionContext) -> None:
    # SQLite rolls back by itself when the disk is full, among others. What a unit did after that would stand alone
    # and be committed at once, so it gets a transaction that is never committed.
    conn = context.connection
    if conn is not None and conn.in_transaction() and not _raw(conn).in_transaction:
        conn.info["undone"] = True
        _raw(conn).execute("BEGIN")


def _begin_deferred(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN")
