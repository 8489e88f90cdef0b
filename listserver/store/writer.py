"""The thread that writes: all units that wait share one transaction, and so one trip to the disk."""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from listserver.errors import Unavailable
from listserver.store.backend import Backend

T = TypeVar("T")
Item = TypeVar("Item")

UNITS = 128  # units in one transaction, from which on no more are added
POLL = 0.1  # seconds between looks for the work of other processes
TRIES = 5  # of a unit that another transaction got in the way of


Together = Callable[[Connection, Sequence[Item]], Sequence[T]]


@dataclass(slots=True, eq=False)
class _Unit:
    """fn: a function of the connection; or, where there is an `item`, one of the connection and the items that wait."""

    fn: Callable[..., Any]
    durable: bool
    future: "asyncio.Future[Any] | Future[Any]"
    loop: asyncio.AbstractEventLoop | None
    item: Any = None
    done: bool = False
    result: Any = None
    failure: BaseException | None = None


class Writer:
    """One writing thread with its connection."""

    def __init__(self, backend: Backend, wake: Callable[[], None]) -> None:
        self._backend = backend
        self._wake = wake
        self._waiting: queue.SimpleQueue[list[_Unit] | None] = queue.SimpleQueue()
        self._coming: dict[asyncio.AbstractEventLoop, list[_Unit]] = {}
        self._conn: Connection | None = None
        self._next_poll = 0.0
        self._thread: threading.Thread | None = None
        self._start = threading.Lock()
        self.last = 0.0  # when a durable unit came, by the monotonic clock

    def submit(self, fn: Callable[[Connection], T], durable: bool) -> "asyncio.Future[T]":
        """Queue a unit; the future of the running loop is done after the commit."""
        return self._submit(fn, durable, None)

    def submit_item(self, fn: Together[Item, T], item: Item) -> "asyncio.Future[T]":
        """Queue an item (not None) for a durable unit of all items that wait with the same `fn`: its own result."""
        return self._submit(fn, True, item)

    def _submit(self, fn: Callable[..., Any], durable: bool, item: Any) -> "asyncio.Future[Any]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        unit = _Unit(fn, durable, future, loop, item)
        if loop in self._coming:
            self._coming[loop].append(unit)
        else:
            # All units of one turn of the loop go together: else the first one would have a transaction of its own.
            self._coming[loop] = [unit]
            loop.call_soon(self._hand_over, loop)
        return future

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        self._put(self._coming.pop(loop))

    def run(self, fn: Callable[[Connection], T], durable: bool) -> T:
        """Queue a unit and wait for it."""
        future: Future[T] = Future()
        self._put([_Unit(fn, durable, future, None)])
        return future.result()

    def close(self) -> None:
        """Work off what waits, then end."""
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join()

    def _put(self, units: list[_Unit]) -> None:
        if any(unit.durable for unit in units):
            self.last = time.monotonic()
        self._waiting.put(units)
        if self._thread is None:
            with self._start:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
                    self._thread.start()

    def _work(self) -> None:
        open_ = True
        while open_:
            units, open_ = self._gather()
            if units:
                self._commit(units)
            if open_ and time.monotonic() >= self._next_poll:
                self._poll()
        self._drop()

    def _gather(self) -> tuple[list[_Unit], bool]:
        units: list[_Unit] = []
        with contextlib.suppress(queue.Empty):
            more = self._waiting.get(timeout=POLL)
            while more is not None:
                units += more
                if len(units) >= UNITS:
                    return units, True
                more = self._waiting.get_nowait()
            return units, False
        return units, True

    def _commit(self, units: list[_Unit]) -> None:
        try:
            if len(units) == 1 or not self._attempt(units):
                for unit in units:
                    self._alone(unit)
        except Unavailable as failure:
            for unit in units:
                if not unit.done and unit.failure is None:
                    unit.failure = failure
        _settle(units)

    def _alone(self, unit: _Unit) -> None:
        for _ in range(TRIES):
            try:
                self._attempt([unit])
            except Unavailable as failure:
                unit.failure = failure
                raise
            if unit.failure is None:
                return
            if not self._backend.retryable(unit.failure):
                break
        if unit.failure is not None:
            unit.failure = self._backend.translate(unit.failure)

    def _attempt(self, units: list[_Unit]) -> bool:
        """Run the units in one transaction; whether they are committed.

        Raises Unavailable if none can begin now, or if the commit itself failed and nobody knows whether it happened:
        then nothing may be run again.
        """
        alone = len(units) == 1
        conn = self._begin(any(unit.durable for unit in units), alone)
        try:
            _run(conn, units)
            self._backend.before_commit(conn)
        except BaseException as failure:
            if alone:
                units[0].failure = failure
            self._abandon(conn)
            return False
        try:
            conn.commit()
        except SQLAlchemyError as failure:
            self._drop()  # SQLite may be in the transaction still, SQLAlchemy is not and would not end it
            raise Unavailable("The database did not confirm the change.", str(failure)) from failure
        for unit in units:
            unit.done, unit.failure = True, None
        for call in conn.info.pop("after", ()):
            call()
        if conn.info.pop("notify", False):
            self._wake()
        return True

    def _begin(self, durable: bool, alone: bool) -> Connection:
        try:
            try:
                return self._try_begin(durable, alone)
            except DBAPIError as failure:
                if not failure.connection_invalidated:
                    raise
                self._drop()  # the server was started anew since the last transaction
                return self._try_begin(durable, alone)
        except SQLAlchemyError as failure:
            self._drop()
            raise Unavailable("The database cannot be written now.", str(failure)) from failure

    def _try_begin(self, durable: bool, alone: bool) -> Connection:
        if self._conn is None:
            self._conn = self._backend.writing.connect()
        self._conn.info.pop("notify", None)
        self._conn.info.pop("after", None)
        self._backend.begin(self._conn, durable, alone)
        return self._conn

    def _abandon(self, conn: Connection) -> None:
        try:
            conn.rollback()
        except SQLAlchemyError:
            self._drop()
        else:
            if conn.invalidated:
                self._drop()

    def _drop(self) -> None:
        if self._conn is not None:
            conn, self._conn = self._conn, None
            with contextlib.suppress(SQLAlchemyError):
                conn.invalidate()
            with contextlib.suppress(SQLAlchemyError):
                conn.close()

    def _poll(self) -> None:
        self._next_poll = time.monotonic() + POLL
        if self._conn is not None:
            self._backend.poll(self._conn)


def _run(conn: Connection, units: list[_Unit]) -> None:
    """Run the units in their order; those of items together where the first of them stands."""
    items: dict[Any, list[_Unit]] = {}
    for unit in units:
        if unit.item is not None:
            items.setdefault(unit.fn, []).append(unit)
    for unit in units:
        if unit.item is None:
            unit.result = unit.fn(conn)
        elif those := items.pop(unit.fn, None):
            for one, result in zip(those, unit.fn(conn, [one.item for one in those]), strict=True):
                one.result = result


def _settle(units: list[_Unit]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Unit]] = {}
    for unit in units:
        if unit.loop is None:
            _deliver([unit])
        else:
            by_loop.setdefault(unit.loop, []).append(unit)
    for loop, theirs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_deliver, theirs)


def _deliver(units: list[_Unit]) -> None:
    for unit in units:
        if unit.future.done():  # who waited was cancelled
            continue
        if unit.failure is None:
            unit.future.set_result(unit.result)
        else:
            unit.future.set_exception(unit.failure)
