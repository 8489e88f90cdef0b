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
from listserver.store.engine import Store

PAUSE = 1.0  # seconds, while the database fails
MOMENT = 0.001  # seconds that an answer waits for others, at most

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
    """

    def __init__(self, store: Store, site: Site, lease: str, clock: Callable[[], datetime]) -> None:
        self.lease = lease
        self.stopped: set[int] = set()  # ranges that were stopped while somebody carried them
        self._site = site
        self.couriers = 0  # that settle here just now
        self._store = store
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Moved | Tried] = []
        self._next: asyncio.Future[frozenset[int]] = self._loop.create_future()
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.Handle | None = None

    async def settle(self, answer: Moved | Tried) -> bool:
        """Returns once it is committed (it outlives this process, not the machine); whether the work is still ours.

        Until then nothing more may be sent of that work: after kill -9 it would be sent again.
        """
        self._waiting.append(answer)
        future = self._next
        if self._writing is None:
            self._consider()
        lost = await future
        return not lost or isinstance(answer, Tried) or answer.work.id not in lost

    async def close(self) -> None:
        """Wait until all is written."""
        while self._waiting or self._writing is not None:
            await asyncio.wait([self._writing or self._next])

    def _consider(self) -> None:
        if 2 * len(self._waiting) >= self.couriers:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_soon(self._start)  # at the end of this loop turn: more may be in it
        elif self._timer is None:
            self._timer = self._loop.call_later(MOMENT, self._start)

    def _start(self) -> None:
        self._timer = None
        if self._writing is None and self._waiting:
            batch, self._waiting = self._waiting, []
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
        future.set_result(settled.lost)
        if self._waiting:
            self._consider()
