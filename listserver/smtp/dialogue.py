"""What one client is answered: the course of a connection, and the commands of SMTP and LMTP."""

import asyncio
import secrets
import time
from collections.abc import Awaitable
from typing import TypeVar

from aiosmtpd.proxy_protocol import V2_CMD, get_proxy

from listserver import log
from listserver.core.envelope import Envelope, Reply
from listserver.core.ip import plain_ip, within
from listserver.errors import Unavailable
from listserver.log import Event
from listserver.smtp import arguments, replies, trace
from listserver.smtp.connection import Connection, Gone, Shared
from listserver.smtp.content import Content

T = TypeVar("T")
FOREVER = float("inf")
BEFORE_TLS = {"EHLO", "LHLO", "STARTTLS", "NOOP", "QUIT"}  # RFC 3207 §4


class Dialogue(Connection):
    """One client; `smtp_X` answers the command X with the text after it."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.client = ""  # the IP address that limits and checks are about
        self.trusted = False
        self.helo: str | None = None
        self._idle = self._posts = 0

    # ---- the course of a connection ---------------------------------------------------------------------------------

    async def _handle_client(self) -> None:
        entered = False
        self.shared.connections.add(self)
        try:
            await self._identify()
            entered = self.trusted or self.shared.guests.enter(self.client, self.loop.time())
            await self._welcome(entered)
            while True:
                if self.shared.closing and self._transaction_ends == FOREVER:
                    await self._part(replies.CLOSING)
                await self._command(await self._line())
        except (Gone, ConnectionError):
            pass
        except Exception as failure:
            self.dismiss(self._unforeseen(failure, 421))
        finally:
            if entered and not self.trusted:
                self.shared.guests.leave(self.client)
            self._forget()
            if self._timeout_handle is not None:
                self._timeout_handle.cancel()
            self.shared.connections.discard(self)
            self.transport.close()

    async def _identify(self) -> None:
        """Find the client's address: the peer's, or what a listed proxy says (S24)."""
        peer = self.transport.get_extra_info("peername")
        self.client = str(plain_ip(peer[0]) or "") if isinstance(peer, tuple) else ""
        if within(self.client, self.limits.proxies):
            said = await get_proxy(self)
            if not said:
                log.warning(Event.CLIENT_LIMITED, client=self.client, problem="no valid PROXY header")
                raise Gone
            # No address: a health check of the proxy's own, or a client that it does not know.
            source = plain_ip(str(said.src_addr)) if said.command != V2_CMD.LOCAL else None
            self.client = str(source) if source else self.client
            self.trusted = source is not None and within(self.client, self.limits.trusted)
        else:
            self.trusted = not self.client or within(self.client, self.limits.trusted)

    async def _welcome(self, entered: bool) -> None:
        if not entered or self.shared.closing:
            await (self._part(replies.CLOSING) if self.shared.closing else self._limited(replies.CROWDED))
        await asyncio.sleep(0)  # one turn of the loop, in which asyncio reads what came with the connection
        if self._input:
            await self._part(replies.EARLY)
        word = "LMTP" if self.limits.lmtp else "ESMTP"
        self._output.append(f"220 {self.hostname} {word} listserver\r\n".encode())

    async def _command(self, line: bytes | None) -> None:
        await self._enforce_counts()
        if line is None:
            return self._say(replies.LINE_LONG)
        if not line.endswith(b"\r\n") or line.find(b"\r") != len(line) - 2:
            return self._say(replies.LINE_END)
        self._set_deadline(self.limits.silence)
        verb, _, argument = line[:-2].decode("utf-8", "surrogateescape").partition(" ")
        method = self._smtp_methods.get(verb.upper())
        if method is None:
            return self._say(replies.UNKNOWN)
        if self.limits.tls_required and not self.tls and verb.upper() not in BEFORE_TLS:
            return self._say(replies.NEED_TLS)
        await method(argument.strip(" "))
        return None

    async def _enforce_counts(self) -> None:
        self._idle += 1
        if self.trusted:
            return
        if self._errors >= self.limits.errors:
            await self._limited(replies.TOO_MANY_ERRORS)
        if self._idle > self.limits.idle_commands:
            await self._limited(replies.TOO_MANY_COMMANDS)

    async def _limited(self, reply: Reply) -> None:
        log.info(Event.CLIENT_LIMITED, client=self.client, problem=reply.text)
        await self._part(reply)

    def _unforeseen(self, failure: Exception, code: int = 451) -> Reply:
        """Log the failure; the reply holds only a reference to it (S23)."""
        reference = secrets.token_hex(4)
        log.error(Event.INBOUND_FAILED, failure, reference=reference, client=self.client)
        reply = replies.trouble(reference)
        return Reply(code, reply.status, reply.text)

    def _forget(self) -> None:
        """Clear the transaction (RFC 5321 §4.1.1.5)."""
        self.envelope = self._create_envelope()
        self._transaction_ends = FOREVER
        if self._content is not None:
            self._content.release()
            self._content = None

    async def _answer(self, question: Awaitable[T]) -> T | Reply:
        """Ask the layers below; whatever fails there is 451 here, and no time-out strikes meanwhile."""
        self._answering = True
        try:
            return await question
        except Unavailable as trouble:
            log.warning(Event.INBOUND_DEFERRED, client=self.client, problem=trouble.private)
            return Reply(451, "4.3.0", trouble.public)
        except Exception as failure:
            return self._unforeseen(failure)
        finally:
            self._answering = False
            self._set_deadline(self.limits.silence)

    # ---- greeting ---------------------------------------------------------------------------------------------------

    async def smtp_HELO(self, argument: str) -> None:  # noqa: N802 (aiosmtpd's names)
        """RFC 5321 §4.1.1.1; no extensions."""
        if self.limits.lmtp:
            return self._say(replies.UNKNOWN)  # RFC 2033 §4.1
        if self._greeted(argument, extended=False):
            self._output.append(f"250 {self.hostname}\r\n".encode())
        return None

    async def smtp_EHLO(self, argument: str) -> None:  # noqa: N802
        """RFC 5321 §4.1.1.1."""
        if self.limits.lmtp:
            return self._say(replies.UNKNOWN)
        return self._extended_hello(argument)

    async def smtp_LHLO(self, argument: str) -> None:  # noqa: N802
        """RFC 2033 §4.1."""
        if not self.limits.lmtp:
            return self._say(replies.UNKNOWN)
        return self._extended_hello(argument)

    def _extended_hello(self, argument: str) -> None:
        if self._greeted(argument, extended=True):
            offers = [f"SIZE {self.limits.size}", "8BITMIME", "PIPELINING", "SMTPUTF8"]
            if self.limits.tls and not self.tls:
                offers.append("STARTTLS")
            lines = [f"250-{line}\r\n" for line in (self.hostname, *offers)]
            self._output.append("".join((*lines, "250 ENHANCEDSTATUSCODES\r\n")).encode())

    def _greeted(self, name: str, *, extended: bool) -> bool:
        """Take whatever the client calls itself, but controls (S20)."""
        name = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if any(c < " " or "\x7f" <= c <= "\x9f" for c in name):
            self._say(replies.BAD_HELO)
            return False
        self._forget()
        self.helo = name
        self.session.extended_smtp = extended
        return True

    async def smtp_STARTTLS(self, argument: str) -> None:  # noqa: N802
        """RFC 3207. What came in clear behind the command never becomes a command (§4.2, CVE-2024-34083)."""
        if argument:
            return self._say(replies.NO_ARGUMENT)
        if self.limits.tls is None:
            return self._say(replies.NO_TLS)
        if self.tls:
            return self._say(replies.TLS_ALREADY)
        if self._input:
            await self._part(replies.INJECTED)
        self.transport.pause_reading()  # what comes from here on is for TLS to judge
        self._say(replies.START_TLS)
        await self._flush()
        try:
            transport = await self.loop.start_tls(
                self.transport,
                self,
                self.limits.tls,
                server_side=True,
                ssl_handshake_timeout=min(60.0, self.limits.silence),
            )
        except OSError:
            raise Gone from None
        if transport is None:  # the client left in the middle
            raise Gone
        transport.set_write_buffer_limits(high=0)
        self.transport = transport
        self.tls = True
        self.helo = None
        self._forget()
        return None

    # ---- the transaction --------------------------------------------------------------------------------------------

    async def smtp_MAIL(self, argument: str) -> None:  # noqa: N802
        """RFC 5321 §4.1.1.2."""
        if not self.trusted and self._posts >= self.limits.posts:
            await self._part(replies.TOO_MANY_POSTS)
        if self.helo is None:
            return self._say(replies.NEED_LHLO if self.limits.lmtp else replies.NEED_HELLO)
        if self.envelope.mail_from is not None:
            return self._say(replies.NESTED_MAIL)
        found = arguments.sender(argument)
        refusal = found if isinstance(found, Reply) else self._sender_refusal(found)
        if refusal is not None:
            return self._say(refusal)
        assert isinstance(found, arguments.Arguments)
        self.envelope.mail_from = found.address
        self.envelope.smtp_utf8 = "SMTPUTF8" in found.parameters
        self._transaction_ends = self.loop.time() + self.limits.transaction
        return self._say(replies.SENDER_OK)

    def _sender_refusal(self, found: arguments.Arguments) -> Reply | None:
        refusal = self._parameter_refusal(found.parameters)
        if refusal is None and not found.address.isascii() and "SMTPUTF8" not in found.parameters:
            return replies.SENDER_NEEDS_UTF8
        return refusal

    def _parameter_refusal(self, parameters: dict[str, str]) -> Reply | None:
        offered = {"SIZE", "BODY", "SMTPUTF8"} if self.session.extended_smtp else set()
        if parameters.keys() - offered:
            return replies.UNKNOWN_PARAMETER
        size = parameters.get("SIZE", "0")
        if not (size.isascii() and size.isdigit()) or len(size) > 20 or parameters.get("SMTPUTF8"):  # RFC 1870 §4
            return replies.BAD_PARAMETER
        if parameters.get("BODY", "7BIT").upper() not in {"7BIT", "8BITMIME"}:
            return replies.BAD_PARAMETER
        if int(size) > self.limits.size:
            return replies.TOO_BIG
        return replies.FULL if int(size) > self.shared.budget.left else None

    async def smtp_RCPT(self, argument: str) -> None:  # noqa: N802
        """RFC 5321 §4.1.1.3."""
        if self.envelope.mail_from is None:
            return self._say(replies.NEED_MAIL)
        if len(self.envelope.rcpt_tos) >= self.limits.recipients:
            return self._say(replies.TOO_MANY_RECIPIENTS)
        found = arguments.recipient(argument)
        if isinstance(found, Reply):
            return self._say(found)
        if found.parameters:
            return self._say(replies.UNKNOWN_PARAMETER)
        if not found.address.isascii() and not self.envelope.smtp_utf8:
            return self._say(replies.RECIPIENT_NEEDS_UTF8)
        refusal = await self._answer(self.shared.accept_recipient(found.address))
        if refusal is not None:
            return self._say(refusal)
        self.envelope.rcpt_tos.append(found.address)
        self._idle -= 1
        return self._say(replies.RECIPIENT_OK)

    async def smtp_DATA(self, argument: str) -> None:  # noqa: N802
        """RFC 5321 §4.1.1.4; in LMTP one reply per recipient (RFC 2033 §4.2)."""
        if argument:
            return self._say(replies.NO_ARGUMENT)
        if not self.envelope.rcpt_tos:
            return self._say(replies.NEED_MAIL if self.envelope.mail_from is None else replies.NEED_RCPT)
        recipients: dict[str, str] = {}
        for address in self.envelope.rcpt_tos:
            recipients.setdefault(address.lower(), address)
        content = Content(self.limits, self.shared.budget, self._trace(list(recipients.values())))
        try:
            await self._take(content)
            if content.fault is None:
                verdicts = await self._store(recipients, content.raw())
            else:
                verdicts = dict.fromkeys(recipients, content.fault)
        finally:
            content.release()
        if self.limits.lmtp:
            for address in self.envelope.rcpt_tos:
                self._say(verdicts[address.lower()])
        else:
            self._say(replies.together(list(verdicts.values())))
        self._posts += 1
        self._idle = 0
        self._forget()
        return None

    async def _take(self, content: Content) -> None:
        """Read the mail to its true end."""
        self._output.append(replies.GO_AHEAD)
        self._set_deadline(self.limits.data_silence)
        waiting = bytes(self._input)
        self._input.clear()
        if content.feed(waiting):
            self._input += content.rest
            return
        self._content = content
        while self._content is not None:
            await self._more()

    async def _store(self, recipients: dict[str, str], raw: bytes) -> dict[str, Reply]:
        """One call per recipient, each of which commits. Over SMTP the first failure is the answer for all (S16)."""
        verdicts: dict[str, Reply] = {}
        for key, address in recipients.items():
            verdict = await self._answer(self.shared.receive(self._envelope(address, len(recipients)), raw))
            verdicts[key] = verdict
            if verdict.temporary and not self.limits.lmtp:
                return {key: verdict}
        if not self.limits.lmtp and any(verdict.accepted for verdict in verdicts.values()):
            for key, verdict in verdicts.items():
                if not verdict.accepted:
                    envelope = self._envelope(recipients[key], len(recipients))
                    failure = await self._answer(self.shared.refuse_by_mail(envelope, raw, verdict))
                    if failure is not None:
                        return {key: failure}
        return verdicts

    def _envelope(self, recipient: str, recipients: int) -> Envelope:
        return Envelope(
            sender=self.envelope.mail_from or "",
            recipient=recipient,
            door="lmtp" if self.limits.lmtp else "smtp",
            recipients=recipients,
            client=self.client,
            helo=self.helo or "",
            tls=self.tls,
            trusted=self.trusted,
        )

    def _trace(self, recipients: list[str]) -> bytes:
        return trace.received(
            trace.Hop(
                helo=self.helo or "",
                client=self.client,
                hostname=self.hostname,
                protocol=trace.protocol(
                    lmtp=self.limits.lmtp,
                    extended=self.session.extended_smtp,
                    tls=self.tls,
                    utf8=self.envelope.smtp_utf8,
                ),
                identity=secrets.token_hex(6),
                recipient=recipients[0] if len(recipients) == 1 else "",
                when=time.time(),
            )
        )

    # ---- the rest ---------------------------------------------------------------------------------------------------

    async def smtp_RSET(self, argument: str) -> None:  # noqa: N802
        """RFC 5321 §4.1.1.5."""
        if argument:
            return self._say(replies.NO_ARGUMENT)
        self._forget()
        return self._say(replies.RESET)

    async def smtp_NOOP(self, argument: str) -> None:  # noqa: N802
        """RFC 5321 §4.1.1.9; an argument means nothing."""
        self._say(replies.OK)

    async def smtp_HELP(self, argument: str) -> None:  # noqa: N802
        """RFC 5321 §4.1.1.8."""
        self._say(replies.HELP_LMTP if self.limits.lmtp else replies.HELP)

    async def smtp_VRFY(self, argument: str) -> None:  # noqa: N802
        """Nobody learns who is here (RFC 5321 §3.5.3, §7.3)."""
        self._say(replies.VERIFY)

    async def smtp_EXPN(self, argument: str) -> None:  # noqa: N802
        """Nobody learns who is here."""
        self._say(replies.NOT_OFFERED)

    async def smtp_AUTH(self, argument: str) -> None:  # noqa: N802
        """Not a submission server (S11)."""
        self._say(replies.NOT_OFFERED)

    async def smtp_BDAT(self, argument: str) -> None:  # noqa: N802
        """CHUNKING is not offered; its octets follow unasked and must not become commands (RFC 3030 §2)."""
        await self._part(replies.NOT_OFFERED)

    async def smtp_QUIT(self, argument: str) -> None:  # noqa: N802
        """RFC 5321 §4.1.1.10."""
        if argument:
            return self._say(replies.NO_ARGUMENT)
        await self._part(replies.BYE)
        return None
