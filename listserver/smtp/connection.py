"""One client of the door, as octets and time: aiosmtpd's session and dispatch, with our own reading and time-outs.

Replaced of aiosmtpd.smtp.SMTP is all that reads (line by line, unbounded), all that answers (no enhanced codes,
exception texts), its address parser, and the cancelling of a handler when the client hangs up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Transaction

from listserver.core.envelope import Envelope, Reply
from listserver.smtp import replies
from listserver.smtp.content import Content
from listserver.smtp.limits import Budget, Guests, Limits

AcceptRecipient = Callable[[str], Awaitable[Reply | None]]
Receive = Callable[[Envelope, bytes], Awaitable[Reply]]
RefuseByMail = Callable[[Envelope, bytes, Reply], Awaitable[None]]

logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd names every address there,
logging.getLogger("mail.debug").setLevel(logging.ERROR)  # and here quotes what a bad PROXY header holds

COMMANDS_AT_ONCE = 16 * 1024  # octets of commands waiting before we stop reading
CHUNK = 256 * 1024


@dataclass(slots=True)
class Shared:
    """What the connections of one listener have in common. One buffer: asyncio fills it and hands it over at once."""

    limits: Limits
    budget: Budget
    guests: Guests
    accept_recipient: AcceptRecipient
    receive: Receive
    refuse_by_mail: RefuseByMail
    chunk: memoryview = field(default_factory=lambda: memoryview(bytearray(CHUNK)))
    connections: set["Connection"] = field(default_factory=set)
    closing: bool = False


class Gone(Exception):
    """The client is no longer there, or we have said goodbye."""


class Connection(SMTP, asyncio.BufferedProtocol):
    """The protocol object of one connection. dialogue.py, which extends it, says what is answered."""

    if TYPE_CHECKING:
        transport: asyncio.Transport
        session: Session
        envelope: Transaction

        async def _drain_helper(self) -> None: ...

    def __init__(self, shared: Shared) -> None:
        limits = shared.limits
        super().__init__(
            None,
            data_size_limit=limits.size,
            enable_SMTPUTF8=True,
            hostname=limits.hostname,
            timeout=limits.silence,
            loop=asyncio.get_running_loop(),
        )
        self.limits = limits
        self.shared = shared
        self.tls = False
        self._input = bytearray()
        self._output: list[bytes] = []
        self._overlong = False
        self._ended = False  # nothing more will come
        self._content: Content | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._answering = False  # a handler of ours is at work: no time-out now
        self._deadline = self._timer_due = self._transaction_ends = float("inf")
        self._errors = 0

    # ---- what asyncio calls -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there: aiosmtpd starts `_handle_client`."""
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=0)  # a flush ends when all has left, or the time-out strikes
        super().connection_made(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next octets go: commands in small reads, mail in large ones."""
        return self.shared.chunk if self._content else self.shared.chunk[:COMMANDS_AT_ONCE]

    def buffer_updated(self, nbytes: int) -> None:
        """Take the octets out of the shared buffer; within a mail nobody is woken before its end."""
        chunk = self.shared.chunk[:nbytes]
        if self._content is None:
            self._input += chunk
            if len(self._input) > COMMANDS_AT_ONCE:
                self.transport.pause_reading()
        else:
            self._set_deadline(self.limits.data_silence)
            if not self._content.feed(chunk):
                return
            self._input += self._content.rest
            self._content = None
        self._wake()

    def eof_received(self) -> bool:
        """The client sends no more; what it sent before is still answered."""
        self._ended = True
        self._wake()
        return not self.tls

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody is there. A store that runs goes on to its end (S22), so nothing is cancelled here."""
        self._ended = True
        self._wake()
        asyncio.StreamReaderProtocol.connection_lost(self, error)

    # ---- time -------------------------------------------------------------------------------------------------------

    def _set_deadline(self, seconds: float) -> None:
        self._deadline = min(self.loop.time() + seconds, self._transaction_ends)
        if self._deadline < self._timer_due:
            self._arm(self._deadline)

    def _reset_timeout(self, duration: float | None = None) -> None:
        self._set_deadline(duration or self.limits.silence)

    def _arm(self, due: float) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timer_due = due
        self._timeout_handle = self.loop.call_at(due, self._timeout_cb)

    def _timeout_cb(self) -> None:
        """One timer for the whole connection: it looks whether the deadline has moved since it was set."""
        now = self.loop.time()
        if self._answering:
            self._arm(now + self.limits.silence)
        elif now < self._deadline:
            self._arm(self._deadline)
        else:
            self.dismiss(replies.SILENT)

    def dismiss(self, reply: Reply) -> None:
        """Say a last word now, whatever was going on, and close."""
        self._ended = True
        if not self.transport.is_closing():
            self.transport.write(b"".join(self._output) + replies.render(reply))
            self._output.clear()
            if self.transport.get_write_buffer_size() and not self.tls:
                self.transport.abort()  # it does not read either
            self.transport.close()
        self._wake()

    def task(self) -> asyncio.Task[None]:
        """What serves this client."""
        assert self._handler_coroutine is not None
        return self._handler_coroutine

    def drain_out(self) -> None:
        """The listener closes: an idle client goes at once, one with a transaction when that is done."""
        if not self._answering and self._transaction_ends == float("inf"):
            self.dismiss(replies.CLOSING)

    # ---- reading and writing ----------------------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _more(self) -> None:
        """Wait until something came; raises Gone where nothing more will."""
        await self._flush()
        if self._ended:
            raise Gone
        self.transport.resume_reading()
        self._waiter = self.loop.create_future()
        await self._waiter
        self._waiter = None

    async def _line(self) -> bytes | None:
        """The next command line with its line end; None for one that is too long, which is not kept."""
        while True:
            end = self._input.find(b"\n") + 1
            if end:
                line = bytes(self._input[:end])
                del self._input[:end]
                overlong, self._overlong = self._overlong or end > self.limits.command_line, False
                return None if overlong else line
            if len(self._input) > self.limits.command_line:
                self._overlong = True
                self._input.clear()
            await self._more()

    async def read(self, n: int = CHUNK) -> bytes:
        """At most `n` octets; for the PROXY parser of aiosmtpd."""
        while not self._input:
            await self._more()
        octets = bytes(self._input[:n])
        del self._input[:n]
        return octets

    async def readexactly(self, n: int) -> bytes:
        """Exactly `n` octets; for the PROXY parser of aiosmtpd."""
        octets = b""
        while len(octets) < n:
            octets += await self.read(n - len(octets))
        return octets

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """A line; for the PROXY parser of aiosmtpd."""
        line = await self._line()
        if line is None:
            raise ValueError("PROXY line too long")
        return line

    def _say(self, reply: Reply) -> None:
        """Queue a reply: those to pipelined commands leave together (RFC 2920 §3.2)."""
        self._errors += reply.code >= 500
        self._output.append(replies.render(reply))

    async def _flush(self) -> None:
        if self._output:
            octets = b"".join(self._output)
            self._output.clear()
            if self.transport.is_closing():
                return
            self.transport.write(octets)
            if self.transport.get_write_buffer_size():
                await self._drain_helper()

    async def _part(self, reply: Reply) -> None:
        """Say goodbye and close."""
        self._say(reply)
        await self._flush()
        self._ended = True
        self.transport.close()
        raise Gone
