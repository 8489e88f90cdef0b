"""The delivery worker of a process: takes work under a lease, keeps the lease, and gives each piece to a courier."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from listserver import log
from listserver.actions import delivery
from listserver.actions.delivery import Wish
from listserver.core.signing import Key
from listserver.core.site import Site
from listserver.delivery.copies import Stamp
from listserver.delivery.courier import Courier, Office
from listserver.delivery.ledger import Ledger, steady
from listserver.delivery.relay import Relay
from listserver.delivery.renderings import Renderings
from listserver.delivery.signers import Signers
from listserver.delivery.transport import Transport
from listserver.errors import Unavailable
from listserver.store import cursors, deliveries
from listserver.store.engine import Store

LOOK = 1.0  # seconds between looks for work, where nobody wakes us
RENEW = 5.0  # seconds between renewals of the lease (15 s)
STALE = 10.0  # seconds without one after which nothing more is sent: another process may have taken over
RANGES = 4  # most ranges of one claim


@dataclass(frozen=True, slots=True)
class Options:
    """connections: to the relay, at a time. pace: copies a second, 0 = no limit. xverp: use it where it is offered.

    keys: for DKIM; without them copies go out unsigned. seals: posts get an ARC seal by them, too.
    name: of this process among all that share the database. monotonic, chance: the clock that no pause stops, 0 to 1.
    """

    name: str
    connections: int = 10
    pace: int = 0
    xverp: bool = True
    keys: tuple[Key, ...] = ()
    seals: bool = False
    monotonic: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random


class Worker:
    """Delivers until told to stop."""

    def __init__(
        self, store: Store, transport: Transport, site: Site, clock: Callable[[], datetime], options: Options
    ) -> None:
        self._store = store
        self._clock = clock
        self._options = options
        self._wake = asyncio.Event()
        self._couriers: dict[asyncio.Task[None], int | None] = {}  # with their list; None: of stragglers
        self._renewed = options.monotonic()
        self._generation = 0
        self._turn = False
        self.office = Office(
            store,
            site,
            Relay(transport, options.monotonic, options.pace),
            Ledger(store, site, self._lease(), clock),
            self._alive,
            clock,
            options.monotonic,
            options.chance,
            Signers(options.keys),
            self._stamp,
            Renderings(store, site, self._stamp, options.monotonic),
            options.xverp,
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Look for work when woken and each second, until `stopping`; then end the transactions under way."""
        forget = self._store.on_wake(self._wake.set)
        if self._store.cursors is not None:  # one process at a time has it (store/lock.py), so all leases are dead
            lease, left = cursors.left(self._store.cursors)
            await steady(self._store, partial(deliveries.start_over, lease=lease, cursors=left))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(stopping))
            waker = group.create_task(_then(stopping, self._wake))
            while not stopping.is_set():
                self._wake.clear()
                if not await self._take(group):
                    await self._rest()
            self.office.stopping = True
            waker.cancel()
        forget()
        await self.office.ledger.close()
        await self.office.relay.close()
        await self.office.signers.close()

    # --- work ---
    async def _take(self, group: asyncio.TaskGroup) -> bool:
        """Claim what we can carry; whether it makes sense to look again at once."""
        if not self._alive():
            await self._start_over()
        wish = self._wish()
        if not self.office.relay.reachable or not (wish.ranges or wish.stragglers):
            return False
        unit = partial(delivery.claim, lease=self.office.ledger.lease, wish=wish, now=self._clock())
        try:
            claim = await self._store.write(unit, durable=False)
        except Unavailable as failure:
            log.error(log.Event.DATABASE_UNAVAILABLE, reason=failure.private)
            return False
        for work in claim.ranges:
            self._start(group, work.list_id, Courier(self.office).carry(work))
        if claim.stragglers:
            self._start(group, None, Courier(self.office).carry_stragglers(claim.stragglers))
        return bool(claim.ranges or claim.stragglers)

    def _wish(self) -> Wish:
        """Shares: no list has all the connections, and neither have lists or stragglers together."""
        limit = self.office.relay.limit(self._options.connections)
        free = limit - len(self._couriers)
        by_list = Counter(self._couriers.values())
        late = by_list.pop(None, 0)
        share = max(1, (limit - 1) * 4 // 5)
        stragglers = min(free, max(1, limit // 2) - late)
        if limit == 1:
            self._turn = not self._turn
            stragglers = stragglers if self._turn else 0
        ranges = min(free - (stragglers > 0 and late == 0), RANGES)
        full = sorted(list_id for list_id, count in by_list.items() if list_id is not None and count >= share)
        return Wish(max(ranges, 0), delivery.BATCH if stragglers > 0 else 0, full)

    def _start(self, group: asyncio.TaskGroup, list_id: int | None, work: Coroutine[Any, Any, None]) -> None:
        task = group.create_task(work)
        self._couriers[task] = list_id
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        del self._couriers[task]
        self._wake.set()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await self._wake.wait()
        except TimeoutError:
            if not self._couriers:
                self.office.renderings.forget()
            await self.office.relay.tidy()

    def _stamp(self) -> Stamp:
        return Stamp(int(self._clock().timestamp()), self._options.keys, self._options.seals)

    # --- the lease ---
    def _lease(self) -> str:
        return f"{self._options.name}.{self._generation}"

    def _alive(self) -> bool:
        return self._options.monotonic() - self._renewed < STALE

    async def _keep(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set() or self._couriers:
            began = self._options.monotonic()
            try:
                if self._alive():
                    unit = partial(delivery.renew, lease=self.office.ledger.lease)
                    await self._store.write(unit, durable=False)
                    self._renewed = began
            except Unavailable as failure:
                log.warning(log.Event.DATABASE_UNAVAILABLE, reason=failure.private)
            await _sleep_unless(stopping, RENEW if not stopping.is_set() else LOOK)

    async def _start_over(self) -> None:
        """For too long we were paused or without the database: our work may be another's, so we get a new name."""
        if self._couriers:
            await asyncio.wait(self._couriers)
        await self.office.ledger.close()
        self._generation += 1
        self.office.ledger = Ledger(self._store, self.office.site, self._lease(), self._clock)
        self._renewed = self._options.monotonic()


async def _then(event: asyncio.Event, other: asyncio.Event) -> None:
    await event.wait()
    other.set()


async def _sleep_unless(stopping: asyncio.Event, seconds: float) -> None:
    if stopping.is_set():
        await asyncio.sleep(seconds)
        return
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        pass
