"""The bytes of an SMTP client's connection: answers in, bounded and cleaned (standards O10), bytes out."""

import asyncio
import re
import ssl
from collections import deque

from listserver.core.envelope import Reply
from listserver.delivery.transport import Lost

BUFFER = 16 * 1024  # also the longest line of an answer
LINES = 100  # of one answer
TEXT = 400  # characters of an answer that we keep
CHUNK = 64 * 1024
CLOSING = b"421"

_USUAL = frozenset((b"250 ", b"354 "))
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class Closing(Lost):
    """The relay said 421 (RFC 5321 §3.8), so what it was asked has not been done."""


Answer = bytes  # as it came, "250 2.1.0 Ok"; of several lines, the texts of all behind the code


def cleaned(answer: Answer) -> Reply:
    """An answer as one line of printable ASCII, with its enhanced code (RFC 2034), or X.0.0 of its class."""
    code = int(answer[:3])
    text = _UNPRINTABLE.sub(" ", answer[4 : 4 * TEXT].decode("ascii", "replace").replace("\ufffd", "?"))
    status = f"{code // 100}.0.0"
    if match := _STATUS.match(text):
        status = match[1]
        text = text.replace(f"{status} ", "")
    return Reply(code, status, " ".join(text.split())[:TEXT])


class Wire(asyncio.BufferedProtocol):
    """Reads into a buffer of its own: asyncio's plain protocol asks for 256 KiB at each read (docs/performance.md)."""

    def __init__(self, patience: float) -> None:
        """patience: seconds to wait for an answer, or for the peer to read on."""
        self.answers: deque[Answer] = deque()
        self.lost: Lost | None = None
        self.patience = patience
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._lines: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._wanted = 0
        self._deadline = 0.0
        self._paused = False
        self._timer = self._loop.call_later(patience, self._look)

    # --- asyncio calls these ---
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        end = self._filled + nbytes
        last = self._buffer.rfind(b"\n", 0, end)
        if last < 0:
            self._filled = end
            if end == BUFFER:
                self.fail("the relay's answer has no end")
            return
        answers = self.answers
        for line in bytes(self._view[:last]).split(b"\n"):
            if line[:4] in _USUAL and not self._lines:
                answers.append(line)
                continue
            self._line(line)
            if self.lost is not None:  # what follows nonsense answers nothing that we asked
                return
        rest = end - last - 1
        if rest:
            self._buffer[:rest] = self._buffer[last + 1 : end]
        self._filled = rest
        if self._waiter is not None and len(answers) >= self._wanted:
            self._wake()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._waiter is not None and self._wanted == 0:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(str(exc) if exc else "the relay closed the connection")

    # --- the connection calls these ---
    def write(self, octets: bytes) -> None:
        """Send, or raise Lost."""
        if self.lost is not None or self._transport is None:
            raise self.lost or Lost("not connected")
        self._transport.write(octets)

    async def write_all(self, octets: bytes) -> None:
        """Send something large in pieces, as fast as the peer reads it."""
        view = memoryview(octets)
        for start in range(0, len(view), CHUNK):
            self.write(view[start : start + CHUNK])  # type: ignore[arg-type]
            if self._paused:
                await self._wait(0, self.patience)

    async def take(self, count: int, patience: float | None = None) -> list[Answer]:
        """The next `count` answers. Raises Lost, also where one of them is 421."""
        answers = self.answers
        if len(answers) < count:
            if self.lost is not None:
                raise self._loss()
            await self._wait(count, patience or self.patience)
        taken = [answers.popleft() for _ in range(count)]
        for answer in taken:
            if answer[:3] == CLOSING:
                self.fail(f"the relay said {_said(answer)}")
                raise Closing(self._loss().reason)
        return taken

    def silent(self) -> bool:
        """Whether nothing waits to be read; what stands behind STARTTLS is not to be believed (RFC 3207 §4.2)."""
        return not self.answers and not self._filled and not self._lines

    async def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """Go on under TLS. Raises Lost when the handshake fails."""
        assert self._transport is not None
        try:
            self._transport = await self._loop.start_tls(
                self._transport, self, context, server_hostname=name, ssl_handshake_timeout=self.patience
            )
        except OSError as failure:
            self.fail(f"TLS with the relay failed: {failure}")
        if self._transport is None or self.lost is not None:
            raise self._loss()

    def fail(self, reason: str) -> None:
        """Give the connection up; only the first reason counts."""
        if self.lost is None:
            self.lost = Lost(reason)
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        if self._waiter is not None:
            self._wake()

    # --- inside ---
    def _line(self, line: bytes) -> None:
        code, mark = line[:3], line[3:4]
        if not code.isdigit() or not b"200" <= code < b"600" or mark not in (b" ", b"-", b"\r", b""):
            self.fail(f"the relay does not speak SMTP: {cleaned(b'000 ' + line).text[:80]!r}")
        elif mark == b"-":
            self._lines.append(line[4:] if self._lines else line)
            if len(self._lines) > LINES:
                self.fail("the relay's answer has no end")
        elif self._lines:
            self.answers.append(b"\n".join((*self._lines, line[4:])))
            self._lines.clear()
        else:
            self.answers.append(line)

    async def _wait(self, count: int, patience: float) -> None:
        self._wanted = count
        self._deadline = self._loop.time() + patience
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        if len(self.answers) < count or (count == 0 and self.lost is not None):
            raise self._loss()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _loss(self) -> Lost:
        # A new one each time: an exception that is raised twice gathers tracebacks.
        return Lost(self.lost.reason if self.lost else "the connection is gone")

    def _look(self) -> None:
        # One timer a connection, not one a reply: at 30,000 copies a second they would cost more than the SMTP.
        now = self._loop.time()
        if self._waiter is None:
            self._timer = self._loop.call_later(self.patience, self._look)
        elif now < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look)
        else:
            self.fail("the relay did not answer in time")


def _said(answer: Answer) -> str:
    reply = cleaned(answer)
    return f"{reply.code} {reply.status} {reply.text}"
