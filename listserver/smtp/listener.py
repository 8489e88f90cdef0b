"""Where the door opens, and how it closes."""

import asyncio

from listserver.errors import UsageError
from listserver.smtp import replies
from listserver.smtp.connection import AcceptRecipient, Receive, RefuseByMail, Shared
from listserver.smtp.dialogue import Dialogue
from listserver.smtp.limits import Budget, Guests, Limits

LAST_WORDS = 1.0  # seconds for a client to take its 421 before the connection is cut


class Listener:
    """One listening socket for SMTP or LMTP.

    `accept_recipient(address)` -> None where the address is ours, else the refusal.
    `receive(envelope, raw)` -> the verdict on one mail for one recipient, after its commit.
    `refuse_by_mail(envelope, raw, verdict)` is called over SMTP for a refusal that the answer cannot say, as another
    recipient's verdict was 250 (S16).
    Each may raise errors.Unavailable (451); whatever else they raise is 451 too.
    `raw`: a Received field of ours, then the mail as it came, but without Return-Path and with dots unstuffed; over
    LMTP bare CR and LF have become CRLF. It is the same for all recipients of a transaction.
    Listeners of one process share a `budget`.
    """

    def __init__(
        self,
        limits: Limits,
        accept_recipient: AcceptRecipient,
        receive: Receive,
        refuse_by_mail: RefuseByMail,
        budget: Budget | None = None,
    ) -> None:
        if limits.lmtp and limits.port == 25:
            raise UsageError("LMTP must not use port 25 (RFC 2033 §5): choose another port, or a Unix socket")
        self.limits = limits
        self._shared = Shared(limits, budget or Budget(), Guests(limits), accept_recipient, receive, refuse_by_mail)
        self._server: asyncio.Server | None = None
        self.port = limits.port
        """The TCP port; the one that was had, after `start` with port 0."""

    async def start(self) -> None:
        """Listen; raises UsageError where the address cannot be had."""
        loop, limits = asyncio.get_running_loop(), self.limits
        try:
            if limits.path is not None:
                self._server = await loop.create_unix_server(self._connection, limits.path, backlog=1024)
                limits.path.chmod(0o666)  # who may connect is decided by its folder, as with Postfix
            else:
                self._server = await loop.create_server(self._connection, limits.host, limits.port, backlog=1024)
                self.port = int(self._server.sockets[0].getsockname()[1])
        except OSError as error:
            place = limits.path or f"{limits.host} port {limits.port}"
            raise UsageError(f"cannot listen at {place}: {error.strerror or error}") from error

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._shared.connections)

    async def close(self) -> None:
        """Accept nobody more; running transactions end within `limits.grace` seconds or get 421 (S25)."""
        if self._server is None:
            return
        self._shared.closing = True
        self._server.close()
        tasks = [c.task() for c in self._shared.connections]
        for connection in list(self._shared.connections):
            connection.drain_out()
        if tasks and (await asyncio.wait(tasks, timeout=self.limits.grace))[1]:
            for connection in list(self._shared.connections):
                connection.dismiss(replies.CLOSING)
            await asyncio.wait(tasks, timeout=LAST_WORDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _connection(self) -> Dialogue:
        return Dialogue(self._shared)
