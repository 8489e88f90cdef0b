"""Processes that help ours: Python's lock lets one thread of a process run at a time, and machines have more cores.

What they do is preparing.py's and delivery/signers.py's; their life is here. They start when they are first needed, the
least busy is asked, one that dies is replaced at once, and all end after a rest. No answer is lost with one that dies:
another is asked, and whoever asks can do all of it himself. However this process ends, they end with it
(helper_process.py).
"""

import asyncio
import math
import socket
import sys
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from listserver import log
from listserver.helper_process import LENGTH, framed

PATIENCE = 30.0  # seconds that an answer may take
TRIES = 2  # processes that are asked the same
IDLE = 60.0  # seconds without work after which they end
SETTLED = 10.0  # seconds of life after which one is replaced at once
FIRST, LONGEST = 0.25, 60.0  # seconds until that is tried where they do not live so long; twice as many each time
CHUNK = 256 * 1024  # octets that are read at once


class Helpers:
    """module: what they run, by helper_process.run. most: how many. greeting: what each is told first.

    room: what one may have to do at once, in the unit of the costs that `ask` is told.
    """

    def __init__(self, module: str, most: int, greeting: bytes = b"", room: float = math.inf) -> None:
        self._module = module
        self._most = most
        self._greeting = greeting
        self._room = room
        self._ready: list[_Helper] = []
        self._fewer = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._used = 0.0
        self._pause = 0.0

    async def ask(self, request: bytes, cost: float) -> bytes | None:
        """The answer; None where none of them has the time to give one: then it is quicker done here."""
        self._need()
        for _ in range(TRIES):
            helper = min(self._ready, key=lambda one: one.busy, default=None)
            if helper is None or (helper.busy and helper.busy + cost >= self._room):
                return None
            try:
                async with asyncio.timeout(PATIENCE):
                    return await helper.ask(request, cost)
            except (EOFError, TimeoutError):  # it was ended, or stopped, by somebody
                helper.end()
        return None

    async def close(self) -> None:
        """End them; whoever asks again starts new ones."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait([self._life])

    # --- their life ---
    def _need(self) -> None:
        loop = asyncio.get_running_loop()
        self._used = loop.time()
        if self._life is None and self._most > 0:
            self._life = loop.create_task(self._live())

    async def _live(self) -> None:
        """From the first need to the rest."""
        loop = asyncio.get_running_loop()
        self._pause = 0.0
        try:
            while (rest := self._used + IDLE - loop.time()) > 0:
                if len(self._ready) < self._most:
                    await asyncio.sleep(self._pause)
                    await self._start()
                    continue
                self._fewer.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(rest):
                        await self._fewer.wait()
        finally:
            self._life = None
            ready, self._ready = self._ready, []
            await asyncio.gather(*(helper.close() for helper in ready))

    async def _start(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                self._ready.append(await _Helper.start(self._module, self._greeting, self._lost))
        except (OSError, EOFError) as failure:  # without them it goes on, at the pace of one core
            log.warning(log.Event.HELPER_ENDED, module=self._module, reason=f"It did not start: {failure!r}")
            self._longer()

    def _lost(self, helper: "_Helper") -> None:
        if helper in self._ready:
            self._ready.remove(helper)
            log.warning(log.Event.HELPER_ENDED, module=self._module, reason="It is replaced.")
            if asyncio.get_running_loop().time() - helper.since > SETTLED:
                self._pause = 0.0
            else:
                self._longer()
            self._fewer.set()

    def _longer(self) -> None:
        self._pause = min(LONGEST, max(FIRST, 2 * self._pause))


class _Helper(asyncio.BufferedProtocol):
    """One process, at the other end of a socket, and a buffer of our own: asyncio's streams cost too much.

    busy: the costs of what it has to do. since: when it became ready, by the loop's clock. lost: told when it is gone.
    """

    def __init__(self, lost: "Callable[[_Helper], None]") -> None:
        self.busy = 0.0
        self.since = math.inf
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._process: Process | None = None
        self._chunk = memoryview(bytearray(CHUNK))
        self._got = bytearray()
        self._answers: deque[asyncio.Future[bytes]] = deque()
        self._gone = False

    @classmethod
    async def start(cls, module: str, greeting: bytes, lost: "Callable[[_Helper], None]") -> "_Helper":
        """One that is ready. Raises OSError, EOFError."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        _, made = await loop.create_connection(lambda: cls(lost), sock=ours)
        try:
            with theirs:
                command, end = (sys.executable, "-m", module), theirs.fileno()
                made._process = await asyncio.create_subprocess_exec(*command, stdin=end, stdout=end)
            await made.ask(greeting, 0)
            if made._gone:  # since it answered
                raise EOFError
        except BaseException:
            await made.close()
            raise
        made.since = loop.time()
        return made

    async def ask(self, request: bytes, cost: float) -> bytes:
        """Raises EOFError if the process ends."""
        if self._gone or self._transport is None:
            raise EOFError
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        self._transport.write(framed(request))
        self.busy += cost
        try:
            return await answer
        finally:
            self.busy -= cost

    def end(self) -> None:
        """End it now; whoever waits for it has an EOFError."""
        if self._gone:
            return
        self._gone = True
        if self._transport is not None:
            self._transport.abort()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(EOFError())
        self._answers.clear()
        self._lost(self)

    async def close(self) -> None:
        """End it, and wait until it has."""
        self.end()
        if self._process is not None:
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
        """The process has ended."""
        self.end()
