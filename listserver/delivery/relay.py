"""The connections to the relay: kept while they are of use, fewer tries while it is gone, and no faster than wished."""

import asyncio
import contextlib
from collections.abc import Callable

from listserver import log
from listserver.delivery.transport import Connection, Lost, Transport

IDLE = 60.0  # seconds after which a connection that nobody uses is closed
LONGEST = 60.0  # seconds between two tries to reach a relay that is gone
LIMITED = 60.0  # seconds for which we ask for no more connections than it lets us have


class Relay:
    """What all couriers share of the relay. monotonic: seconds. pace: copies a second, 0 = no limit."""

    def __init__(self, transport: Transport, monotonic: Callable[[], float], pace: int = 0) -> None:
        self._transport = transport
        self._monotonic = monotonic
        self._pace = pace
        self._next = 0.0
        self._idle: list[tuple[Connection, float]] = []
        self._failures = 0
        self._closed_until = 0.0
        self._open = 0
        self._limit = 0
        self._limited_until = 0.0

    def limit(self, wished: int) -> int:
        """How many connections to use, of those wished for (standards O10)."""
        return min(wished, self._limit) if self._monotonic() < self._limited_until else wished

    @property
    def reachable(self) -> bool:
        """Whether to try at all now."""
        return self._monotonic() >= self._closed_until

    async def take(self) -> Connection:
        """A connection, of those that were left or a new one. Raises Lost.

        Where the relay does not want another one beside those that it has of us, we use these; else it is gone, and
        each try comes later than the last.
        """
        if self._idle:
            return self._idle.pop()[0]
        try:
            connection = await self._transport.connect()
        except Lost as loss:
            if self._open:
                self._limit, self._limited_until = self._open, self._monotonic() + LIMITED
                log.warning(log.Event.RELAY_UNREACHABLE, reason=loss.reason, connections=self._open)
            else:
                self._failed(loss.reason)
            raise
        self._failures = 0
        self._open += 1
        return connection

    async def drop(self, connection: Connection) -> None:
        """Close a connection that is of no use any more."""
        self._open -= 1
        await connection.close()

    def give(self, connection: Connection) -> None:
        """Leave a connection, between two transactions, for the next who needs one."""
        self._idle.append((connection, self._monotonic()))

    def _failed(self, reason: str) -> None:
        # The operator is told once, and again each minute.
        self._limited_until = 0.0
        if self.reachable:
            wait = min(LONGEST, 2.0 ** min(self._failures, 10))
            if self._failures == 0 or wait == LONGEST:
                log.warning(log.Event.RELAY_UNREACHABLE, reason=reason, next_try_in=wait)
            self._failures += 1
            self._closed_until = self._monotonic() + wait

    def wait(self, copies: int) -> float:
        """Seconds to wait before so many more may leave."""
        if not self._pace:
            return 0.0
        now = self._monotonic()
        start = max(now, self._next)
        self._next = start + copies / self._pace
        return start - now

    async def tidy(self) -> None:
        """Close what nobody needed for a while."""
        old = self._monotonic() - IDLE
        for entry in [entry for entry in self._idle if entry[1] < old]:
            self._idle.remove(entry)
            await self.drop(entry[0])

    async def close(self) -> None:
        """Close what is left."""
        idle, self._idle = self._idle, []
        with contextlib.suppress(Lost):
            await asyncio.gather(*(self.drop(connection) for connection, _ in idle))
