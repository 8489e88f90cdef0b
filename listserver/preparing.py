"""Mails made ready before any transaction: here, or, where many come at once, in processes beside ours.

Python's lock lets one thread run at a time, and reading a mail for the archive is half of what a post costs.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from listserver import inbound
from listserver.actions.posting import Arrived, Ready
from listserver.core.envelope import Envelope
from listserver.inbound import Shelf
from listserver.preparing_process import LENGTH, READY, Asked, opened, request

SMALL = 32_768  # octets of a mail up to which it is read in the event loop: a thread would cost more
BUSY = 3  # mails on their way to the archive, from which on other processes help
WAITING = 100_000  # octets that one of them has at once: beyond that it is quicker done here
EACH = 4_000  # octets that take as long to read as what each mail costs beside them
MOST = 4  # processes
IDLE = 60.0  # seconds without work after which they end


class Preparing:
    """Starts its processes when they are first needed, and anew after a rest. processes: how many, at most."""

    def __init__(self, processes: int | None = None) -> None:
        spare = len(os.sched_getaffinity(0)) - 1
        self._most = min(spare, MOST) if processes is None else processes
        self._processes: list[_Beside] = []
        self._starting: asyncio.Task[None] | None = None
        self._under_way = 0
        self._used = 0.0

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
        if self._under_way >= BUSY and (beside := self._free(len(raw))):
            try:
                return await beside.prepare(envelope, raw, shelf, now)
            except (OSError, EOFError):  # it was ended by somebody
                await self._drop(beside)
        if len(raw) <= SMALL:
            return inbound.prepare(envelope, raw)
        return await asyncio.to_thread(inbound.prepare, envelope, raw)

    def _free(self, octets: int) -> "_Beside | None":
        loop = asyncio.get_running_loop()
        self._used = loop.time()
        if self._starting is None and self._most > 0:
            self._starting = loop.create_task(self._start())
        least = min(self._processes, key=lambda one: one.waiting, default=None)
        return least if least is not None and (not least.waiting or least.waiting + octets < WAITING) else None

    async def _start(self) -> None:
        with suppress(OSError, EOFError):  # without them it goes on, at the pace of one core
            for _ in range(self._most):
                self._processes.append(await _Beside.start())
        asyncio.get_running_loop().call_later(IDLE, self._tidy)

    def _tidy(self) -> None:
        loop = asyncio.get_running_loop()
        rest = self._used + IDLE - loop.time()
        if rest > 0:
            loop.call_later(rest, self._tidy)
        else:
            self._starting = loop.create_task(self.close())

    async def started(self) -> None:
        """Wait until all processes are there, if they were needed at all."""
        if self._starting is not None:
            await asyncio.wait([self._starting])

    async def close(self) -> None:
        """End the processes; the next mails that need them start new ones."""
        if self._starting is not asyncio.current_task():
            await self.started()
        for beside in tuple(self._processes):
            await self._drop(beside)
        self._starting = None

    async def _drop(self, beside: "_Beside") -> None:
        if beside in self._processes:
            self._processes.remove(beside)
            await beside.close()


class _Beside:
    """One process. It answers requests in their order, and who asked waits for the turn of his own."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self.waiting = 0  # octets
        self._process = process
        self._into, self._out = process.stdin, process.stdout
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls) -> "_Beside":
        """One that has read its modules. Raises OSError, EOFError."""
        command = (sys.executable, "-m", "listserver.preparing_process")
        made = cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE))
        await made._out.readexactly(len(READY))
        return made

    async def prepare(self, envelope: Envelope, raw: bytes, shelf: Shelf | None, now: datetime) -> Arrived:
        """Raises OSError, EOFError."""
        list_id, language = (shelf.list_id, shelf.language) if shelf else (None, "")
        octets = await self._ask(request(Asked(list_id, language, now), raw))
        found = opened(octets, raw)
        if found is None:
            return inbound.prepare(envelope, raw)
        arrived = Arrived(envelope, found.post, found.packed)
        if list_id is None or found.prepared is None:
            return arrived
        return replace(arrived, ready=Ready(list_id, language, found.prepared))

    async def _ask(self, asked: bytes) -> bytes:
        self.waiting += len(asked) + EACH
        try:
            self._into.write(asked)
            async with self._turn:
                (length,) = LENGTH.unpack(await self._out.readexactly(LENGTH.size))
                return await self._out.readexactly(length)
        except BaseException:  # an answer that nobody reads would be taken for the next one
            self._end()
            raise
        finally:
            self.waiting -= len(asked) + EACH

    async def close(self) -> None:
        """End it, and wait until it has."""
        self._end()
        await self._process.wait()

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
