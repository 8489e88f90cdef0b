"""Mails made ready before any transaction: here, or, where many come at once, in processes beside ours.

Python's lock lets one thread run at a time, and reading a mail for the archive is half of what a post costs.
"""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from listserver import inbound
from listserver.actions.posting import Arrived, Ready
from listserver.core.envelope import Envelope
from listserver.inbound import Shelf
from listserver.preparing_process import LENGTH, Asked, opened, request

SMALL = 32_768  # octets of a mail up to which it is read in the event loop: a thread would cost more
BUSY = 3  # mails on their way to the archive, from which on other processes help
WAITING = 100_000  # octets that one of them has at once: beyond that it is quicker done here
LARGEST = 1_000_000  # octets of a mail that is handed over, which takes copies of it
EACH = 4_000  # octets that take as long to read as what each mail costs beside them
MOST = 4  # processes
CHUNK = 256 * 1024  # octets that are read at once
PATIENCE = 30.0  # seconds that an answer may take
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
        if self._under_way >= BUSY and len(raw) <= LARGEST and (beside := self._free(len(raw))):
            try:
                async with asyncio.timeout(PATIENCE):
                    return await beside.prepare(envelope, raw, shelf, now)
            except (EOFError, TimeoutError):  # it was ended or stopped by somebody
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


class _Beside(asyncio.BufferedProtocol):
    """One process, at the other end of a socket. It answers requests in their order."""

    def __init__(self) -> None:
        self.waiting = 0  # octets
        self._transport: asyncio.Transport | None = None
        self._process: Process | None = None
        self._chunk = memoryview(bytearray(CHUNK))
        self._got = bytearray()
        self._answers: deque[asyncio.Future[bytes]] = deque()
        self._gone = False

    @classmethod
    async def start(cls) -> "_Beside":
        """One that has read its modules. Raises OSError, EOFError."""
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            _, made = await asyncio.get_running_loop().create_connection(cls, sock=ours)
            ready = made._answer()
            command = (sys.executable, "-m", "listserver.preparing_process")
            try:
                fd = theirs.fileno()
                made._process = await asyncio.create_subprocess_exec(*command, stdin=fd, stdout=fd)
            except OSError:
                await made.close()
                raise
        await ready
        return made

    async def prepare(self, envelope: Envelope, raw: bytes, shelf: Shelf | None, now: datetime) -> Arrived:
        """Raises EOFError if the process ends."""
        list_id, language = (shelf.list_id, shelf.language) if shelf else (None, "")
        found = opened(await self._ask(request(Asked(list_id, language, now), raw)), raw)
        if found is None:
            return inbound.prepare(envelope, raw)
        ready = Ready(shelf.list_id, language, found.prepared) if shelf and found.prepared else None
        return Arrived(envelope, found.post, found.packed, ready)

    async def _ask(self, asked: bytes) -> bytes:
        assert self._transport is not None
        cost = len(asked) + EACH
        self.waiting += cost
        try:
            answer = self._answer()
            self._transport.write(asked)
            return await answer
        finally:
            self.waiting -= cost

    def _answer(self) -> "asyncio.Future[bytes]":
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if self._gone:
            future.set_exception(EOFError())
        else:
            self._answers.append(future)
        return future

    async def close(self) -> None:
        """End it, and wait until it has."""
        if self._transport is not None:
            self._transport.abort()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    # ---- what asyncio calls -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ours."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next octets go."""
        return self._chunk

    def buffer_updated(self, nbytes: int) -> None:
        """Hand over what is complete."""
        got = self._got
        got += self._chunk[:nbytes]
        while len(got) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(got)
            end = LENGTH.size + length
            if len(got) < end:
                break
            answer = self._answers.popleft()
            if not answer.done():  # else who asked was cancelled
                answer.set_result(bytes(got[LENGTH.size : end]))
            del got[:end]

    def connection_lost(self, error: Exception | None) -> None:
        """The process has ended: nobody waits for it any more."""
        self._gone = True
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(EOFError())
        self._answers.clear()
