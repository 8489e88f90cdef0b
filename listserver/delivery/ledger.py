"""What the relay said, on its way into the database: all answers of one moment share a transaction."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from listserver import log
from listserver.actions import delivery
from listserver.actions.delivery import Moved, Tried
from listserver.core.site import Site
from listserver.errors import Unavailable
from listserver.store.cursors import Cursors
from listserver.store.deliveries import Range
from listserver.store.engine import Store

PAUSE = 1.0  # seconds, while the database fails
MOMENT = 0.001  # seconds that an answer waits for others, at most
FOLLOW = 0.25  # seconds after which the rows are as far as the cursors in the file

T = TypeVar("T")


async def steady(store: Store, unit: Callable[[Connection], T]) -> T:
    """The result of a unit, not durable, however long the database needs to come back."""
    said = False
    while True:
        try:
            return await store.write(unit, durable=False)
        except Unavailable as failure:
            if not said:
                log.error(log.Event.DATABASE_UNAVAILABLE, reason=failure.private)
            said = True
            await asyncio.sleep(PAUSE)


class Ledger:
    """Settles for one lease. While one transaction is on its way, the answers that come meanwhile wait for the next.

    Each transaction waits, a moment at most, for the answers of half of the couriers: so one half sends while what the
    other half sent is noted, and there are few transactions.

    Where cursors can lie in a file beside the database (store/cursors.py), that is enough for copies that were taken,
    and nobody waits: the rows follow.
    """

    def __init__(self, store: Store, site: Site, lease: str, clock: Callable[[], datetime]) -> None:
        self.lease = lease
        self.stopped: set[int] = set()  # ranges that were stopped while somebody carried them
        self.lost: set[int] = set()  # ranges that are not ours any more, as the file could not tell
        self._site = site
        self.couriers = 0  # that settle here just now
        self._store = store
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Moved | Tried] = []
        self._next: asyncio.Future[frozenset[int]] = self._loop.create_future()
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.Handle | None = None
        self._cursors = None if store.cursors is None else Cursors(store.cursors, lease)
        self._noted: dict[int, Moved] = {}  # in the file, not in the rows yet
        self._following: asyncio.TimerHandle | None = None

    def note(self, work: Range, after: int) -> bool:
        """Save at once how far a range is done, where there is a file for it; whether that is so."""
        if self._cursors is None or not self._cursors.put(work, after):
            return False
        self._noted[work.id] = Moved(work, after)
        if self._following is None:
            self._following = self._loop.call_later(FOLLOW, self._follow)
        return True

    async def save(self, work: Range, *, finished: bool) -> None:
        """Before a range is let go: returns once its row is as far as its cursor in the file.

        finished: that can be spared, as the row is deleted next.
        """
        if self._cursors is None:
            return
        moved = self._noted.pop(work.id, None)
        if moved is not None and not finished:
            await self.settle(moved)
        elif self._writing is not None:  # the row may be in this
            await asyncio.wait([self._writing])

    def forget(self, work: Range) -> None:
        """After a range was let go: its cursor in the file is of no use any more."""
        if self._cursors is not None:
            self._cursors.drop(work)

    async def settle(self, answer: Moved | Tried) -> bool:
        """Returns once it is committed (it outlives this process, not the machine); whether the work is still ours.

        Until then nothing more may be sent of that work: after kill -9 it would be sent again.
        """
        self._waiting.append(answer)
        self._noted.pop(answer.work.id, None)  # this is further
        future = self._next
        if self._writing is None:
            self._consider()
        lost = await future
        return not lost or isinstance(answer, Tried) or answer.work.id not in lost

    async def close(self) -> None:
        """Wait until all is written."""
        while self._waiting or self._writing is not None:
            await asyncio.wait([self._writing or self._next])
        if self._following is not None:
            self._following.cancel()
        if self._cursors is not None:
            self._cursors.close()

    def _follow(self) -> None:
        self._following = None
        self._start()

    def _consider(self) -> None:
        if 2 * len(self._waiting) >= self.couriers:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_soon(self._start)  # at the end of this loop turn: more may be in it
        elif self._timer is None:
            self._timer = self._loop.call_later(MOMENT, self._start)

    def _start(self) -> None:
        self._timer = None
        if self._writing is None and (self._waiting or self._noted):
            batch, self._waiting = [*self._noted.values(), *self._waiting], []
            self._noted.clear()
            future, self._next = self._next, self._loop.create_future()
            self._writing = self._loop.create_task(self._write(batch, future))

    async def _write(self, batch: list[Moved | Tried], future: "asyncio.Future[frozenset[int]]") -> None:
        moved = [answer for answer in batch if isinstance(answer, Moved)]
        tried = [answer for answer in batch if isinstance(answer, Tried)]
        # What was sent must be noted before anything else is.
        unit = partial(delivery.settle, site=self._site, lease=self.lease, moved=moved, tried=tried, now=self._clock())
        settled = await steady(self._store, unit)
        self._writing = None
        self.stopped |= settled.stopped
        self.lost |= settled.lost
        future.set_result(settled.lost)
        if self._waiting:
            self._consider()
