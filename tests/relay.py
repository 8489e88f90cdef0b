"""A relay to send into, for tests: a small SMTP server that keeps what it takes and misbehaves on order."""

import asyncio
import datetime
import ipaddress
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HANG = b"hang"  # answer nothing any more
DROP = b"drop"  # close the connection without an answer
OFFERS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")


@dataclass(frozen=True, slots=True)
class Copy:
    """What one recipient got."""

    sender: str
    recipient: str
    mail: bytes


@dataclass
class Script:
    """How the relay behaves. answer(verb, line, nth): bytes to say instead of the usual, HANG, DROP, or None.

    verb: CONNECT, EHLO, MAIL, RCPT, DATA, DOT, RSET …; nth: how many of this verb came before, over all connections.
    """

    answer: Callable[[str, str, int], bytes | None] = lambda verb, line, nth: None
    offers: tuple[str, ...] = OFFERS
    tls: ssl.SSLContext | None = None  # for STARTTLS, where offers name it
    taken: list[Copy] = field(default_factory=list)
    verbs: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    port: int = 0

    def got(self) -> list[str]:
        """The recipients in the order of their copies."""
        return [copy.recipient for copy in self.taken]


class _Closed(Exception):
    pass


class _Conversation:
    def __init__(self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.script, self.reader, self.writer = script, reader, writer
        self.sender: str | None = None
        self.recipients: list[str] = []

    async def run(self) -> None:
        await self.say("CONNECT", "", b"220 relay.example ESMTP")
        while line := (await self.reader.readline()).decode():
            self.script.lines.append(line.rstrip())
            verb = line.split(" ")[0].strip().upper()
            await getattr(self, f"on_{verb}", self.on_other)(verb, line)

    async def say(self, verb: str, line: str, usual: bytes) -> bool:
        answer = self.script.answer(verb, line, self.script.verbs[verb])
        self.script.verbs[verb] += 1
        if answer == DROP:
            raise _Closed
        if answer == HANG:
            await self.reader.read(-1)
            raise _Closed
        said = usual if answer is None else answer
        self.writer.write(said + b"\r\n")
        await self.writer.drain()
        if said.startswith(b"421"):
            raise _Closed
        return said[:1] in b"23"

    async def on_EHLO(self, verb: str, line: str) -> None:
        lines = ["relay.example", *self.script.offers]
        text = "\r\n".join(f"250{'-' if x is not lines[-1] else ' '}{x}" for x in lines)
        await self.say(verb, line, text.encode())

    async def on_MAIL(self, verb: str, line: str) -> None:
        if self.sender is not None:
            await self.say(verb, line, b"503 5.5.1 nested MAIL")
        elif await self.say(verb, line, b"250 2.1.0 sender ok"):
            self.sender, self.recipients = line[line.index("<") + 1 : line.index(">")], []

    async def on_RCPT(self, verb: str, line: str) -> None:
        if self.sender is None:
            await self.say("-", line, b"503 5.5.1 MAIL first")
        elif await self.say(verb, line, b"250 2.1.5 recipient ok"):
            self.recipients.append(line[line.index("<") + 1 : line.index(">")])

    async def on_DATA(self, verb: str, line: str) -> None:
        if not self.recipients:
            await self.say("-", line, b"503 5.5.1 no recipient")
            return
        if not await self.say(verb, line, b"354 go on"):
            return
        octets = await self.reader.readuntil(b"\r\n.\r\n")
        mail = octets[:-3].replace(b"\r\n..", b"\r\n.").removeprefix(b".")
        if await self.say("DOT", "", b"250 2.0.0 taken"):
            self.script.taken += [Copy(self.sender or "", recipient, mail) for recipient in self.recipients]
        self.sender, self.recipients = None, []

    async def on_RSET(self, verb: str, line: str) -> None:
        self.sender, self.recipients = None, []
        await self.say(verb, line, b"250 2.0.0 forgotten")

    async def on_QUIT(self, verb: str, line: str) -> None:
        await self.say(verb, line, b"221 2.0.0 bye")
        raise _Closed

    async def on_STARTTLS(self, verb: str, line: str) -> None:
        if await self.say(verb, line, b"220 2.0.0 go") and self.script.tls:
            await self.writer.start_tls(self.script.tls)

    async def on_other(self, verb: str, line: str) -> None:
        await self.say(verb, line, b"502 5.5.1 what?")


def certified(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for a server at 127.0.0.1 and mail.example.test, and for a client that trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                    x509.DNSName("mail.example.test"),
                    x509.DNSName("lists.example.org"),
                ]
            ),
            False,
        )
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(secret + certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=certificate.decode())


@asynccontextmanager
async def relay(script: Script, implicit: ssl.SSLContext | None = None) -> AsyncIterator[Script]:
    """A listening relay; script.port says where. implicit: TLS from the first octet."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Conversation(script, reader, writer).run()
        except (_Closed, OSError, asyncio.IncompleteReadError, asyncio.CancelledError, ValueError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**26, ssl=implicit)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        server.close()
