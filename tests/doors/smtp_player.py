"""Plays a dialogue file against a listener. The language:

    # comment
    set NAME=VALUE          a field of Limits (tls=yes, networks comma-separated, budget=OCTETS)
    c: text                 the client sends a line; lines that follow one another leave in one write
    c~ text                 the same without CRLF. In both: \\r \\n \\0 \\xHH \\\\, and {text*count} is repetition
    s: text                 the server answers this line, * is anything. `s 99x: text`: so many of them
    pause SECONDS           what was sent leaves, then nothing for so long
    tls                     the client starts TLS
    half                    the client sends no more, but reads
    hangup                  the client is gone
    connect NAME            another client, which speaks from here on
    use NAME                the client that was there before speaks again (the first is `1`)
    closed                  the server has closed
    shutdown                the listener is told to close
    got RECIPIENT: text     this was stored (without our Received field), in order
    header text             the Received field of the last one, unfolded, * is anything
    told RECIPIENT: text    a refusal was sent by mail
    nothing                 nothing more was stored

Lines before the first `s:` of a client leave together with its connection.
"""

import asyncio
import contextlib
import fnmatch
import ipaddress
import re
import socket
import ssl
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from listserver.core.envelope import Envelope, Reply
from listserver.errors import Unavailable
from listserver.smtp import Budget, Limits, Listener

PATIENCE = 3.0
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|[rn0\\])|\{(.+?)\*(\d+)\}")


@dataclass
class House:
    """What stands behind the door in these tests: it takes mail by the local part, and remembers what it got."""

    got: asyncio.Queue[tuple[Envelope, bytes]] = field(default_factory=asyncio.Queue)
    told: list[tuple[str, str]] = field(default_factory=list)

    async def accept_recipient(self, address: str) -> Reply | None:
        """boom@ and down@ fail here; unknown ones are refused."""
        local, _, domain = address.lower().partition("@")
        if local == "boom":
            raise ValueError("secret: /etc/passwd")
        if local == "down":
            raise Unavailable("The database is not there.", "disk full")
        known = {
            "talk",
            "dev",
            "postmaster",
            "abuse",
            "talk-request",
            "reject",
            "crash",
            "busy",
            "slow",
            "pöst",
            "full",
        }
        if local not in known or domain not in {"", "lists.example"}:
            return Reply(550, "5.1.1", "There is no such address here")
        return None

    async def receive(self, envelope: Envelope, raw: bytes) -> Reply:
        """reject@ and full@ are refused, crash@ and busy@ fail, slow@ takes its time."""
        local = envelope.recipient.lower().partition("@")[0]
        if local in {"reject", "full"}:
            return Reply(550, "5.7.1", "Members only")
        if local == "crash":
            raise RuntimeError("secret: /etc/passwd")
        if local == "busy":
            raise Unavailable("The database is locked.", "locked")
        if local == "slow":
            await asyncio.sleep(0.1)
        self.got.put_nowait((envelope, raw))
        return Reply(250, "2.0.0", f"Filed for {local}")

    async def refuse_by_mail(self, envelope: Envelope, raw: bytes, verdict: Reply) -> None:
        """Remember it; there is no room to tell full@."""
        if envelope.recipient.startswith("full@"):
            raise Unavailable("The disk is full.")
        self.told.append((envelope.recipient, verdict.text))


def unescape(text: str) -> bytes:
    """The octets that a text of a dialogue stands for."""

    def octets(match: re.Match[str]) -> str:
        if match[2]:
            return unescape(match[2]).decode("latin-1") * int(match[3])
        simple = {"r": "\r", "n": "\n", "0": "\0", "\\": "\\"}
        return simple.get(match[1]) or chr(int(match[1][1:], 16))

    return ESCAPE.sub(octets, text.encode().decode("latin-1")).encode("latin-1")


def split_received(raw: bytes) -> tuple[str, bytes]:
    """Our Received field, unfolded, and the rest."""
    match = re.match(rb"Received: .*\r\n(?:[ \t].*\r\n)*?\t\w{3}, .*\r\n", raw)
    assert match, raw[:200]
    return match[0].decode().replace("\r\n\t", " ").strip(), raw[match.end() :]


class Client:
    """One connection of a player."""

    def __init__(self) -> None:
        self.early = b""
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def send(self, octets: bytes, port: int) -> None:
        """Send; the first time connect, so that what is sent is there before the server has said a word."""
        if self.writer is None:
            sock = socket.create_connection(("127.0.0.1", port))
            sock.sendall(octets)
            self.reader, self.writer = await asyncio.open_connection(sock=sock)
        elif octets:
            self.writer.write(octets)
            with contextlib.suppress(ConnectionError):
                await self.writer.drain()

    async def line(self) -> str:
        """The next line of the server, "" where it has closed."""
        assert self.reader is not None
        try:
            line = await asyncio.wait_for(self.reader.readline(), PATIENCE)
        except ConnectionError:
            return ""
        assert not line or line.endswith(b"\r\n"), line
        return line.decode("ascii").removesuffix("\r\n")


class Player:
    """Plays one file."""

    def __init__(self, path: Path, tls: ssl.SSLContext) -> None:
        self.house = House()
        self.lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
        self.clients = {"1": Client()}
        self.client = self.clients["1"]
        self.out = b""
        self.header = ""
        self.tls = tls
        self.listener = self._listener()

    def _listener(self) -> Listener:
        wanted = dict(line.removeprefix("set ").split("=", 1) for line in self.lines if line.startswith("set "))
        self.lines = [line for line in self.lines if not line.startswith("set ")]
        budget = Budget(int(wanted.pop("budget", 2**27)))
        limits = Limits(hostname="door.example", trusted=())
        types = {f.name: type(getattr(limits, f.name)) for f in fields(Limits)}
        values: dict[str, Any] = {}
        for name, text in wanted.items():
            if name == "tls":
                values[name] = self.tls
            elif types[name] is tuple:
                values[name] = tuple(ipaddress.ip_network(n) for n in text.split(","))
            elif types[name] is bool:
                values[name] = text == "yes"
            else:
                values[name] = types[name](text)
        limits = replace(limits, **values)
        return Listener(limits, self.house.accept_recipient, self.house.receive, self.house.refuse_by_mail, budget)

    async def play(self) -> None:
        """Play all lines; AssertionError where the server does not keep to them."""
        await self.listener.start()
        closing = None
        try:
            for number, line in enumerate(self.lines):
                verb, _, text = line.partition(" ")
                if verb == "shutdown":
                    await self._flush()
                    closing = asyncio.create_task(self.listener.close())
                    continue
                try:
                    await self._step(verb, text)
                except (AssertionError, TimeoutError) as failure:
                    raise AssertionError(f"at line {number + 1}, {line[:120]!r}: {failure!r}") from failure
        finally:
            for client in self.clients.values():
                if client.writer is not None:
                    client.writer.transport.abort()
            await (closing or self.listener.close())
            assert self.listener.connections == 0

    async def _step(self, verb: str, text: str) -> None:
        if verb in {"c:", "c~"}:
            self.out += unescape(text) + (b"\r\n" if verb == "c:" else b"")
            return
        await self._flush()
        if verb.startswith("s"):
            count = int(text.partition("x:")[0]) if verb == "s" else 1
            pattern = text.partition("x: ")[2] if verb == "s" else text
            for _ in range(count):
                line = await self.client.line()
                assert fnmatch.fnmatchcase(line, pattern.replace("[", "[[]")), f"the server said {line!r}"
            return
        await getattr(self, f"_{verb}")(text)

    async def _flush(self) -> None:
        octets, self.out = self.out, b""
        await self.client.send(octets, self.listener.port)

    async def _pause(self, text: str) -> None:
        await asyncio.sleep(float(text))

    async def _tls(self, text: str) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        assert self.client.writer is not None
        await asyncio.wait_for(self.client.writer.start_tls(context), PATIENCE)

    async def _half(self, text: str) -> None:
        assert self.client.writer is not None
        self.client.writer.write_eof()

    async def _hangup(self, text: str) -> None:
        assert self.client.writer is not None
        self.client.writer.transport.abort()

    async def _connect(self, text: str) -> None:
        self.client = self.clients[text] = Client()

    async def _use(self, text: str) -> None:
        self.client = self.clients[text]

    async def _closed(self, text: str) -> None:
        line = await self.client.line()
        assert line == "", f"the server said {line!r}"

    async def _got(self, text: str) -> None:
        recipient, _, content = text.partition(": ")
        envelope, raw = await asyncio.wait_for(self.house.got.get(), PATIENCE)
        self.header, rest = split_received(raw)
        assert (envelope.recipient, rest) == (recipient, unescape(content)), (envelope, rest[:500])
        assert envelope.door == ("lmtp" if self.listener.limits.lmtp else "smtp")

    async def _header(self, text: str) -> None:
        assert fnmatch.fnmatchcase(self.header, text.replace("[", "[[]")), self.header

    async def _told(self, text: str) -> None:
        assert self.house.told.pop(0) == tuple(text.split(": ", 1))

    async def _nothing(self, text: str) -> None:
        assert self.house.got.empty()
        assert self.house.told == []
