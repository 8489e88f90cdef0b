"""Mails made ready before any transaction: here, or, where many come at once, in processes beside ours (helpers.py).

Reading a mail for the archive is half of what a post costs.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from listserver import inbound
from listserver.actions.posting import Arrived, Ready
from listserver.core.envelope import Envelope
from listserver.helpers import Helpers
from listserver.inbound import Shelf
from listserver.preparing_process import Asked, opened, request

SMALL = 32_768  # octets of a mail up to which it is read in the event loop: a thread would cost more
BUSY = 3  # mails on their way to the archive, from which on other processes help
WAITING = 100_000  # octets that one of them has at once: beyond that it is quicker done here
LARGEST = 1_000_000  # octets of a mail that is handed over, which takes copies of it
EACH = 4_000  # octets that take as long to read as what each mail costs beside them
MOST = 4  # processes


class Preparing:
    """Counts the mails under way, and knows who reads the next. processes: how many help, at most."""

    def __init__(self, processes: int | None = None) -> None:
        most = min(len(os.sched_getaffinity(0)) - 1, MOST) if processes is None else processes
        self._helpers = Helpers("listserver.preparing_process", most, room=WAITING)
        self._under_way = 0

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Around all that is done for one mail, so that it is known how many there are."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def prepare(self, envelope: Envelope, raw: bytes, shelf: Shelf | None, now: datetime) -> Arrived:
        """A mail as read and packed; with all for the list's archive, where another process has the time for it."""
        if self._under_way >= BUSY and len(raw) <= LARGEST:
            list_id, language = (shelf.list_id, shelf.language) if shelf else (None, "")
            octets = await self._helpers.ask(request(Asked(list_id, language, now), raw), len(raw) + EACH)
            if octets is not None and (found := opened(octets, raw)) is not None:
                ready = Ready(shelf.list_id, language, found.prepared) if shelf and found.prepared else None
                return Arrived(envelope, found.post, found.packed, ready)
        if len(raw) <= SMALL:
            return inbound.prepare(envelope, raw)
        return await asyncio.to_thread(inbound.prepare, envelope, raw)

    async def close(self) -> None:
        """End what helps."""
        await self._helpers.close()
