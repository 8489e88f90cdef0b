"""PostgreSQL behind the store: the engine for several processes and hosts."""

import contextlib
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from listserver import log
from listserver.errors import Unavailable

# A host that is gone must be noticed in seconds, not when TCP gives up.
_CONNECT = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "listserver",
}
_LISTEN_EACH = 0.5  # seconds after which the listening thread looks whether it should end
_RETRYABLE = ("40001", "40P01", "55P03")  # serialization_failure, deadlock_detected, lock_not_available
_PASSING = ("25006", "53", "55", "57", "58", "40", "08")  # read-only, resources, locks, operator, system, conflicts
_PIPELINE = "pipeline"


class Postgres:
    """A database on a server."""

    name = "postgresql"

    def __init__(self, url: URL) -> None:
        self.cursors: Path | None = None  # another host must find them
        options: dict[str, Any] = {"pool_timeout": 10, "connect_args": _CONNECT, "hide_parameters": True}
        # Transactions are begun by us, with their settings in the same trip to the server.
        self.writing = create_engine(url, pool_size=4, max_overflow=4, isolation_level="AUTOCOMMIT", **options)
        self.reading = create_engine(url, pool_size=8, max_overflow=8, isolation_level="REPEATABLE READ", **options)
        event.listen(self.reading, "connect", _connect_reader)
        event.listen(self.writing, "before_cursor_execute", _before_execute)
        event.listen(self.writing, "rollback", _give_up_pipeline)
        self._stop = threading.Event()
        self._listener: threading.Thread | None = None

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Both engines."""
        return (self.writing, self.reading)

    def begin(self, conn: Connection, durable: bool, alone: bool) -> None:
        """BEGIN; several units together give up soon where another process holds a lock, for they may hold each
        other's: alone they take their turns."""
        conn.begin()
        words = ["BEGIN", f"SET LOCAL lock_timeout = '{'10s' if alone else '200ms'}'"]
        if not durable:
            words.append("SET LOCAL synchronous_commit = off")
        conn.exec_driver_sql("; ".join(words))
        conn.info["pipelining"] = partial(_pipelining, conn)

    def before_commit(self, conn: Connection) -> None:
        """Wait for all answers.

        PostgreSQL refuses the commit of a failed transaction by itself; psycopg would take its ROLLBACK for it.
        """
        conn.info.pop("pipelining", None)
        _leave_pipeline(conn)
        raw: Any = conn.connection.dbapi_connection
        if raw.info.transaction_status != psycopg.pq.TransactionStatus.INTRANS:
            raise Unavailable("The database gave the change up.")

    def retryable(self, failure: BaseException) -> bool:
        """Deadlocks, locks, and connections that were lost before the commit."""
        if not isinstance(failure, DBAPIError):
            return False
        return failure.connection_invalidated or getattr(failure.orig, "sqlstate", None) in _RETRYABLE

    def translate(self, failure: BaseException) -> BaseException:
        """Unavailable for a server that is gone, full, stopping, read-only or too busy."""
        if isinstance(failure, TimeoutError):
            return Unavailable("The database is too busy.", str(failure))
        if isinstance(failure, DBAPIError):
            state = getattr(failure.orig, "sqlstate", None) or ""
            lost = failure.connection_invalidated or (
                isinstance(failure, OperationalError | InterfaceError) and not state
            )
            if lost or state.startswith(_PASSING):
                return Unavailable("The database cannot be used now.", str(failure.orig))
        return failure

    def watch(self, changed: Callable[[], None]) -> None:
        """LISTEN on a connection of its own."""
        self._listener = threading.Thread(target=self._listen, args=(changed,), name="listener", daemon=True)
        self._listener.start()

    def poll(self, conn: Connection) -> None:
        """Nothing: the server tells us."""

    def close(self) -> None:
        """Close all connections."""
        self._stop.set()
        if self._listener is not None:
            self._listener.join()
        self.reading.dispose()
        self.writing.dispose()

    def _listen(self, changed: Callable[[], None]) -> None:
        args, kwargs = self.writing.dialect.create_connect_args(self.writing.url)
        while not self._stop.is_set():
            try:
                with psycopg.connect(*args, **{**kwargs, **_CONNECT}, autocommit=True) as conn:
                    conn.execute("LISTEN listserver")
                    changed()  # what was said while nobody listened
                    while not self._stop.is_set():
                        for _ in conn.notifies(timeout=_LISTEN_EACH, stop_after=1):
                            changed()
            except psycopg.Error as failure:
                # Workers look every second without being woken, so this only makes them slower.
                log.warning(log.Event.DATABASE_UNAVAILABLE, part="listen", reason=failure)
                self._stop.wait(2)


# Statements of store.fast go out without waiting for the answers of those before them. SQLAlchemy's own cannot.
def _pipelining(conn: Connection, begins: bool) -> None:
    if not begins:
        _leave_pipeline(conn)
    elif _PIPELINE not in conn.info:
        raw: Any = conn.connection.dbapi_connection
        conn.info[_PIPELINE] = pipeline = raw.pipeline()
        pipeline.__enter__()


def _leave_pipeline(conn: Connection) -> None:
    """Wait for all answers. Raises DBAPIError if one is that a statement failed."""
    pipeline = conn.info.pop(_PIPELINE, None)
    if pipeline is None:
        return
    try:
        pipeline.__exit__(None, None, None)
    except psycopg.Error as failure:
        cause = _cause(failure)
        raise DBAPIError.instance("", None, cause, psycopg.Error, dialect=conn.dialect) from cause


def _cause(failure: psycopg.Error) -> psycopg.Error:
    """The failure itself, where what is raised only says that the statements behind it were not run."""
    before = failure.__context__
    while isinstance(failure, psycopg.errors.PipelineAborted) and isinstance(before, psycopg.Error):
        failure, before = before, before.__context__
    return failure


def _give_up_pipeline(conn: Connection) -> None:
    conn.info.pop("pipelining", None)
    with contextlib.suppress(DBAPIError):
        _leave_pipeline(conn)


def _before_execute(conn: Connection, *_: object) -> None:
    _leave_pipeline(conn)


def _connect_reader(raw: Any, _record: object) -> None:
    raw.read_only = True
