"""The SMTP transport: a pipelining client (RFC 5321, 2920) for one relay, with TLS, AUTH and Postfix's XVERP."""

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

import idna

from listserver.core.envelope import Reply
from listserver.core.fate import Stage
from listserver.delivery.transport import Features, Lost, Parcel, Untaken
from listserver.delivery.wire import CHUNK, Answer, Closing, Wire, cleaned
from listserver.errors import UsageError
from listserver.setting_kinds import on_this_machine

PATIENCE = 300.0  # seconds for an answer (RFC 5321 §4.5.3.2)
AFTER_DOT = 2  # times as long for the answer to the dot (§4.5.3.2.6: 10 minutes)
CONNECT = 60.0
GOODBYE = 2.0
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}

_ADDRESS = re.compile(r"[^\x00-\x20\x7f<>]+")


@dataclass(frozen=True, slots=True)
class RelayUrl:
    """What a relay's url says. tls "opportunistic": unverified, and in clear where it is not to be had."""

    host: str
    port: int
    tls: Literal["none", "opportunistic", "required", "implicit"]
    user: str = ""
    password: str = ""


def parse(url: str) -> RelayUrl:
    """The relay of smtp://, smtps:// (RFC 8314) or smtp+starttls://[user:password@]host[:port]. Raises UsageError.

    smtp:// uses STARTTLS where it is offered, except to this very machine, where nobody listens and it only costs.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or PORTS[parts.scheme]
    except (KeyError, ValueError):
        port = 0
    host = parts.hostname or ""
    if not port or not host:
        raise UsageError(
            f"relay = {url!r} is not possible: write smtp://host, smtps://host or smtp+starttls://host, "
            "with user:password@ and :port where needed."
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme == "smtp" and user and not on_this_machine(host):
        raise UsageError(
            "relay = smtp:// with a password would send it in clear where the relay offers no TLS: "
            "write smtps:// or smtp+starttls://."
        )
    if parts.scheme == "smtps":
        return RelayUrl(host, port, "implicit", user, password)
    if parts.scheme == "smtp+starttls":
        return RelayUrl(host, port, "required", user, password)
    return RelayUrl(host, port, "none" if on_this_machine(host) else "opportunistic", user, password)


class Smtp:
    """The transport. hello: our name for EHLO. context: for TLS that must be verified; default: the system's roots."""

    def __init__(
        self, relay: RelayUrl, hello: str, *, patience: float = PATIENCE, context: ssl.SSLContext | None = None
    ) -> None:
        self.relay = relay
        self.hello = hello.encode("ascii", "replace")
        self.patience = patience
        if relay.tls == "opportunistic":
            self.context = ssl.create_default_context()
            self.context.check_hostname = False  # RFC 7435: some protection is better than none
            self.context.verify_mode = ssl.CERT_NONE
        elif relay.tls != "none":
            self.context = context or ssl.create_default_context()

    async def connect(self) -> "SmtpConnection":
        """A new conversation, greeted, under TLS and signed in as the relay's url says. Raises Lost."""
        clear = self.relay.tls in ("none", "opportunistic")
        try:
            return await self._connect(self.relay.tls != "none")
        except _TlsFailed as failure:
            if not clear:
                raise Lost(failure.reason) from failure
            return await self._connect(False)

    async def _connect(self, tls: bool) -> "SmtpConnection":
        relay = self.relay
        implicit = self.context if relay.tls == "implicit" else None
        try:
            async with asyncio.timeout(min(self.patience, CONNECT)):
                _, wire = await asyncio.get_running_loop().create_connection(
                    lambda: Wire(self.patience),
                    relay.host,
                    relay.port,
                    ssl=implicit,
                    happy_eyeballs_delay=None if on_this_machine(relay.host) else 0.25,
                )
        except (OSError, TimeoutError) as failure:
            why = str(failure) or "no answer in time"
            raise Lost(f"no connection to the relay {relay.host}:{relay.port}: {why}") from failure
        connection = SmtpConnection(wire)
        try:
            await self._greet(connection, tls)
        except BaseException:
            wire.fail("given up")
            raise
        return connection

    async def _greet(self, connection: "SmtpConnection", tls: bool) -> None:
        wire = connection.wire
        (banner,) = await wire.take(1)
        _need(banner, b"220", "does not want us")
        offers = await self._ehlo(wire)
        if tls and self.relay.tls != "implicit":
            if b"STARTTLS" in offers:
                await self._start_tls(wire)
                offers = await self._ehlo(wire)
            elif self.relay.tls == "required":
                raise Lost("the relay offers no STARTTLS, and its url says that TLS is required")
        if self.relay.user:
            await self._sign_in(wire, offers.get(b"AUTH", ()))
        connection.features = _features(offers)

    async def _ehlo(self, wire: Wire) -> dict[bytes, tuple[bytes, ...]]:
        wire.write(b"EHLO %b\r\n" % self.hello)
        (answer,) = await wire.take(1)
        if answer[:1] == b"5":  # RFC 5321 §3.2: no extensions then
            wire.write(b"HELO %b\r\n" % self.hello)
            (answer,) = await wire.take(1)
            _need(answer, b"250", "does not greet us")
            return {}
        _need(answer, b"250", "does not greet us")
        words = [line.upper().split() for line in answer.split(b"\n")[1:]]
        return {line[0]: tuple(line[1:]) for line in words if line}

    async def _start_tls(self, wire: Wire) -> None:
        wire.write(b"STARTTLS\r\n")
        (answer,) = await wire.take(1)
        if answer[:3] != b"220":
            raise _TlsFailed(f"the relay refused STARTTLS: {_quote(answer)}")
        if not wire.silent():
            raise Lost("the relay sent more behind its answer to STARTTLS: somebody may sit between us")
        try:
            await wire.start_tls(self.context, self.relay.host)
        except Lost as failure:
            raise _TlsFailed(failure.reason) from failure

    async def _sign_in(self, wire: Wire, mechanisms: Sequence[bytes]) -> None:
        user, password = self.relay.user.encode(), self.relay.password.encode()
        if b"PLAIN" in mechanisms:  # RFC 4616
            wire.write(b"AUTH PLAIN %b\r\n" % base64.b64encode(b"\0%b\0%b" % (user, password)))
        elif b"LOGIN" in mechanisms:
            for line in (b"AUTH LOGIN", base64.b64encode(user)):
                wire.write(line + b"\r\n")
                (answer,) = await wire.take(1)
                _need(answer, b"334", "does not let us sign in")
            wire.write(base64.b64encode(password) + b"\r\n")
        else:
            raise Lost("the relay offers neither AUTH PLAIN nor AUTH LOGIN, and its url holds a password")
        (answer,) = await wire.take(1)
        _need(answer, b"235", "does not let us sign in")


class _TlsFailed(Lost):
    """The relay offered STARTTLS, and it did not work."""


def _need(answer: Answer, code: bytes, what: str) -> None:
    if answer[:3] != code:
        raise Lost(f"the relay {what}: {_quote(answer)}")


def _quote(answer: Answer) -> str:
    reply = cleaned(answer)
    return f"{reply.code} {reply.status} {reply.text}"


def _features(offers: dict[bytes, tuple[bytes, ...]]) -> Features:
    size = offers.get(b"SIZE", ())
    return Features(
        pipelining=b"PIPELINING" in offers,
        eightbit=b"8BITMIME" in offers,
        utf8=b"SMTPUTF8" in offers,
        xverp=b"XVERP" in offers,
        size=int(size[0]) if size and size[0].isdigit() else 0,
    )


class _Envelope:
    """A parcel's commands. places: the recipients that are named to the relay; untaken: those that cannot be."""

    __slots__ = ("commands", "parcel", "places", "untaken")

    def __init__(self, parcel: Parcel, features: Features) -> None:
        self.parcel = parcel
        self.places: Sequence[int] = ()
        self.untaken: list[Untaken] = []
        self.commands: Sequence[bytes] = ()
        if impossible := _impossible(parcel, features):
            self.untaken = [Untaken(place, Stage.DATA, impossible) for place in range(len(parcel.recipients))]
            return
        names: list[bytes] = []
        places: list[int] = []
        utf8 = parcel.utf8
        for place, recipient in enumerate(parcel.recipients):
            name = _name(recipient, features.utf8)
            if isinstance(name, Reply):
                self.untaken.append(Untaken(place, Stage.RCPT, name))
                continue
            places.append(place)
            names.append(b"RCPT TO:<%b>\r\n" % name)
            utf8 = utf8 or not name.isascii()
        if names:
            self.places = places
            self.commands = (_mail(parcel, utf8), *names, b"DATA\r\n")

    def refused(self, stage: Stage, answer: Answer) -> None:
        """All that were named to the relay and not refused by it yet are now."""
        reply = _failure(answer)
        done = {untaken.place for untaken in self.untaken}
        self.untaken.extend(Untaken(place, stage, reply) for place in self.places if place not in done)


def _impossible(parcel: Parcel, features: Features) -> Reply | None:
    if parcel.utf8 and not features.utf8:
        return Reply(554, "5.6.7", "The relay takes no mail with UTF-8 in its header")
    if parcel.eightbit and not features.eightbit:
        return Reply(554, "5.6.3", "The relay takes no mail with 8-bit text, and this one must not be changed")
    if features.size and len(parcel.head) + len(parcel.body) > features.size:
        return Reply(552, "5.3.4", f"The relay takes no mail of more than {features.size} octets")
    return None


def _name(address: str, utf8: bool) -> bytes | Reply:
    if not _ADDRESS.fullmatch(address):
        return Reply(501, "5.1.3", "This address cannot be written in SMTP")
    if address.isascii() or utf8:
        return address.encode()
    local, _, domain = address.rpartition("@")
    with contextlib.suppress(idna.IDNAError):
        if local.isascii():
            return local.encode() + b"@" + idna.encode(domain, uts46=True)
    return Reply(550, "5.6.7", "The relay takes no addresses beyond ASCII (RFC 6531)")


def _mail(parcel: Parcel, utf8: bool) -> bytes:
    verp = b" XVERP=+=" if parcel.verp else b""
    body = b" BODY=8BITMIME" if parcel.eightbit else b""
    return b"MAIL FROM:<%b>%b%b%b\r\n" % (parcel.sender.encode(), body, b" SMTPUTF8" if utf8 else b"", verp)


def _failure(answer: Answer) -> Reply:
    reply = cleaned(answer)
    if not 400 <= reply.code < 600:
        raise Lost(f"the relay gave an answer that makes no sense here: {_quote(answer)}")
    return reply


class SmtpConnection:
    """One conversation. Answers are matched to commands by their count (RFC 2920 §3.1; standards O6)."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.features = Features()
        self._ahead: _Envelope | None = None
        self._open = False  # a transaction has begun that no dot will end

    async def send(self, parcel: Parcel, then: Parcel | None = None) -> Sequence[Untaken]:
        """See transport.Connection."""
        try:
            return await self._send(parcel, then)
        except Lost as loss:
            self.wire.fail(loss.reason)
            raise

    async def _send(self, parcel: Parcel, then: Parcel | None) -> Sequence[Untaken]:
        pipelining = self.features.pipelining
        envelope, self._ahead = self._ahead, None
        if envelope is None:
            envelope = _Envelope(parcel, self.features)
            if pipelining and envelope.places:
                self.wire.write(self._commands(envelope))
        elif envelope.parcel is not parcel:
            raise Lost("another parcel was announced")
        if not envelope.places:
            return envelope.untaken
        go = await (self._answers(envelope) if pipelining else self._ask(envelope))
        if not go:
            return envelope.untaken
        following = self._announce(then) if pipelining and then is not None else b""
        if len(envelope.untaken) == len(parcel.recipients):
            # 354 though every recipient was refused: a lone dot (RFC 2920 §3.1), whose answer means nothing.
            self.wire.write(b".\r\n" + following)
            await self.wire.take(1)
            return envelope.untaken
        dot = await self._bytes(parcel, following)
        if dot[:1] != b"2":
            envelope.refused(Stage.DATA, dot)
        return envelope.untaken

    async def would_take(self, sender: str, recipient: str) -> Reply | None:
        """Whether it takes mail from here to there: None, or its refusal; nothing is sent. Raises Lost."""
        refusal = None
        for line in (b"MAIL FROM:<%b>\r\n" % sender.encode(), b"RCPT TO:<%b>\r\n" % recipient.encode()):
            answer = await self._command(line)
            if answer[:1] != b"2":
                refusal = _failure(answer)
                break
        await self._command(b"RSET\r\n")
        return refusal

    async def close(self) -> None:
        """See transport.Connection."""
        with contextlib.suppress(Lost):
            if self._ahead is None:
                self.wire.write(b"QUIT\r\n")
                await self.wire.take(1, GOODBYE)
        self.wire.fail("we are done")

    def _commands(self, envelope: _Envelope) -> bytes:
        return (b"RSET\r\n" if self._open else b"") + b"".join(envelope.commands)

    def _announce(self, parcel: Parcel) -> bytes:
        self._ahead = _Envelope(parcel, self.features)
        return b"".join(self._ahead.commands)

    async def _answers(self, envelope: _Envelope) -> bool:
        """Whether the relay waits for the bytes; all commands have been written."""
        if self._open:
            await self.wire.take(1)
            self._open = False
        mail, *named, data = await self.wire.take(len(envelope.commands))
        if mail[:1] != b"2":
            envelope.refused(Stage.MAIL, mail)
        else:
            for place, answer in zip(envelope.places, named, strict=True):
                if answer[:1] != b"2":
                    envelope.untaken.append(Untaken(place, Stage.RCPT, _failure(answer)))
        if data[:3] != b"354":
            self._open = True
            envelope.refused(Stage.DATA, data)
        return not self._open

    async def _ask(self, envelope: _Envelope) -> bool:
        """The same, one command at a time, for a relay without PIPELINING."""
        if self._open:
            await self._command(b"RSET\r\n")
            self._open = False
        mail, *named, data = envelope.commands
        answer = await self._command(mail)
        if answer[:1] != b"2":
            envelope.refused(Stage.MAIL, answer)
            return False
        self._open = True
        for place, command in zip(envelope.places, named, strict=True):
            answer = await self._command(command)
            if answer[:1] != b"2":
                envelope.untaken.append(Untaken(place, Stage.RCPT, _failure(answer)))
        if len(envelope.untaken) == len(envelope.parcel.recipients):
            return False
        answer = await self._command(data)
        self._open = answer[:3] != b"354"
        if self._open:
            envelope.refused(Stage.DATA, answer)
        return not self._open

    async def _command(self, line: bytes) -> Answer:
        self.wire.write(line)
        (answer,) = await self.wire.take(1)
        return answer

    async def _bytes(self, parcel: Parcel, following: bytes) -> Answer:
        wire = self.wire
        if len(parcel.body) <= CHUNK:
            wire.write(b"".join((parcel.head, parcel.body, b".\r\n", following)))
        else:
            wire.write(parcel.head)
            await wire.write_all(parcel.body)
            wire.write(b".\r\n" + following)
        try:
            (dot,) = await wire.take(1, wire.patience * AFTER_DOT)
        except Closing:
            raise
        except Lost as loss:
            raise Lost(loss.reason, after_dot=True) from loss
        return dot
