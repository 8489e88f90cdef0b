"""The database as the rest of the program sees it: units of work in, results out after the commit.

A unit is a plain synchronous function of a connection. It depends on its arguments only, since it may run twice: units
that wait together share one transaction (writer.py), and if one of them raises, all run again one by one.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, func, select
from sqlalchemy.engine import make_url

from listserver.errors import UsageError
from listserver.ownership import make_file
from listserver.store.backend import Backend
from listserver.store.fast import Fast
from listserver.store.sqlite import Sqlite
from listserver.store.writer import Item, Together, Writer

T = TypeVar("T")
Unit = Callable[[Connection], T]

READERS = 2  # threads for short reads, such as those of a recipient address
RENDERERS = 2  # threads for reads that also render a page
BUSY = 0.25  # seconds after a unit that changed something, in which pages give way
REST = 9.0  # times what a page took, until the next one while others post

_NOTIFY = Fast(select(func.pg_notify("listserver", "")))


def notify(conn: Connection) -> None:
    """Wake the workers, here and in other processes, when (and only if) the transaction of `conn` commits."""
    if not conn.info.get("notify"):
        conn.info["notify"] = True
        if conn.dialect.name == "postgresql":
            _NOTIFY.put(conn, {})


def after_commit(conn: Connection, call: Callable[[], None]) -> None:
    """Call `call`, from the thread that writes, when (and only if) the transaction of `conn` commits."""
    conn.info.setdefault("after", []).append(call)


class Store:
    """One database. Open it once per process; every method may be called from any thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._wakers: list[tuple[asyncio.AbstractEventLoop, Callable[[], None]]] = []
        self._watching = False
        self._lock = threading.Lock()
        self._writers = (
            Writer(backend, self.wake),
            *([Writer(backend, self.wake)] if backend.name == "postgresql" else []),
        )
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._renderers = ThreadPoolExecutor(RENDERERS, "renderer")
        self._next_page = 0.0
        self._page = threading.Lock()

    @classmethod
    def open(cls, url: str, *, create: bool = False) -> Self:
        """Open the database at `url` (sqlite:///path or postgresql+psycopg://…).

        A SQLite file that is not there is made only with `create`. Raises UsageError for anything else.
        """
        return cls(backend_of(url, create=create))

    @property
    def dialect(self) -> str:
        """ "sqlite" or "postgresql"."""
        return self._backend.name

    @property
    def cursors(self) -> Path | None:
        """Where the cursors of ranges under way are saved beside the database (cursors.py); None: in it alone."""
        return self._backend.cursors

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The SQLAlchemy engines behind this store (for counting statements, not for working past it)."""
        return self._backend.engines

    async def read(self, fn: Unit[T], *, page: bool = False) -> T:
        """The result of `fn(conn)`, which sees one state of the database and changes nothing.

        `page`: it also renders, so it goes to the threads for that. Raises Unavailable when the database fails.
        """
        loop = asyncio.get_running_loop()
        if page:
            return await loop.run_in_executor(self._renderers, self._render, fn)
        return await loop.run_in_executor(self._readers, self.read_now, fn)

    async def write(self, fn: Unit[T], durable: bool = True) -> T:
        """The result of `fn(conn)` once it is committed; what `fn` raises is raised, and nothing is changed.

        `durable=False`: it outlives this process, but loss of power may undo it. Raises Unavailable when the database
        fails. A caller that is cancelled does not stop the unit.
        """
        return await self._writer(durable).submit(fn, durable)

    async def write_together(self, fn: Together[Item, T], item: Item) -> T:
        """`write` for one of several items of a kind: `fn(conn, items)` gets all that wait, and gives each its result.

        If it raises, it runs again for each item alone, so it must do for many what it would for them one by one.
        """
        return await self._writer(True).submit_item(fn, item)

    def read_now(self, fn: Unit[T]) -> T:
        """`read` for callers without an event loop; runs in the calling thread."""
        try:
            with self._backend.reading.connect() as conn:
                return fn(conn)
        except sqlalchemy.exc.SQLAlchemyError as failure:
            raise self._backend.translate(failure) from failure

    def _render(self, fn: Unit[T]) -> T:
        """Pages and posts share one Python lock. While posts come in, pages are made one at a time, with a rest."""
        if not self._busy():
            return self.read_now(fn)
        with self._page:
            while self._busy() and (wait := self._next_page - time.monotonic()) > 0:
                time.sleep(min(wait, BUSY))
            began = time.monotonic()  # not the processor's time: on a busy machine pages shall rest longer
            try:
                return self.read_now(fn)
            finally:
                self._next_page = time.monotonic() + REST * (time.monotonic() - began)

    def _busy(self) -> bool:
        return time.monotonic() < self._writers[0].last + BUSY

    def write_now(self, fn: Unit[T], durable: bool = True) -> T:
        """`write` for callers without an event loop."""
        return self._writer(durable).run(fn, durable)

    def on_wake(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` in the running event loop when there may be new work; returns what ends that.

        A wake is a hint: it may come late, twice or for nothing, so workers also look every second.
        """
        entry = (asyncio.get_running_loop(), callback)
        with self._lock:
            self._wakers.append(entry)
            if not self._watching:
                self._watching = True
                self._backend.watch(self.wake)

        def forget() -> None:
            with self._lock:
                if entry in self._wakers:
                    self._wakers.remove(entry)

        return forget

    def wake(self) -> None:
        """Call everybody who asked by on_wake."""
        with self._lock:
            wakers = tuple(self._wakers)
        for loop, callback in wakers:
            if not loop.is_closed():
                loop.call_soon_threadsafe(callback)

    def close(self) -> None:
        """Finish the units that wait, then let go of the database."""
        for writer in self._writers:
            writer.close()
        self._readers.shutdown()
        self._renderers.shutdown()
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _writer(self, durable: bool) -> Writer:
        # PostgreSQL has two, so that a cursor of a delivery does not wait for the disk behind a post.
        return self._writers[0 if durable else -1]


def backend_of(text: str, *, create: bool = False) -> Backend:
    """The kind of database that a URL means. Raises UsageError as Store.open does."""
    try:
        url: URL = make_url(text)
    except sqlalchemy.exc.ArgumentError:
        raise UsageError(
            f"database.url = {text!r} is not possible: write sqlite:///path/to/file.db or "
            "postgresql+psycopg://user@host/name."
        ) from None
    if url.get_backend_name() == "postgresql":
        from listserver.store.postgres import Postgres  # psycopg costs 0.1 s and 8 MB: not for those with SQLite

        return Postgres(url.set(drivername="postgresql+psycopg"))
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise UsageError(
            f"database.url = {url.render_as_string()!r} is not possible: write sqlite:///path/to/file.db or "
            "postgresql+psycopg://user@host/name."
        )
    file = Path(url.database)
    if not create and not file.exists():
        raise UsageError(f"There is no database at {file}. `listserver init` or `listserver db upgrade` makes it.")
    if not file.parent.is_dir():
        raise UsageError(
            f"The folder {file.parent} for the database is not there. "
            "Make it, and give it to the user that runs listserver."
        )
    if create:
        _make_private(file)
    return Sqlite(url)


def _make_private(file: Path) -> None:
    """Make the file, if it is not there, for its owner only: it will hold everybody's mail. Its log follows."""
    with contextlib.suppress(OSError):  # it is there, or SQLite says what is wrong
        os.close(make_file(file, file.parent))
