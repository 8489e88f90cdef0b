"""A mailbox to fetch from, for tests: a small IMAP server that keeps its mail in memory and misbehaves on order."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

DROP = b"drop"  # close the connection without an answer


@dataclass
class Mail:
    """One mail in the folder."""

    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class Mailbox:
    """A folder, and how its server behaves. answer(verb, line, nth): a tagged answer instead of the usual, DROP, or
    None; verb: LOGIN, SELECT, SEARCH, FETCH, STORE, MOVE, IDLE; nth: how many of this verb came before."""

    mails: dict[int, Mail] = field(default_factory=dict)
    answer: Callable[[str, str, int], bytes | None] = lambda verb, line, nth: None
    offers: str = "IMAP4rev1 IDLE MOVE"
    validity: int = 1
    password: str = "secret"
    moved: list[tuple[int, str]] = field(default_factory=list)
    verbs: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    port: int = 0
    _idling: list[asyncio.StreamWriter] = field(default_factory=list)

    def put(self, raw: bytes) -> int:
        """A mail arrives; those who wait are told."""
        uid = max(self.mails, default=0) + 1
        self.mails[uid] = Mail(raw)
        for writer in self._idling:
            writer.write(b"* %d EXISTS\r\n" % len(self.mails))
        return uid

    def unread(self) -> list[int]:
        """The UIDs that still wait."""
        return [uid for uid, mail in self.mails.items() if "\\Seen" not in mail.flags]


class _Closed(Exception):
    pass


class _Conversation:
    def __init__(self, box: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.box, self.reader, self.writer = box, reader, writer

    async def run(self) -> None:
        self.writer.write(b"* OK ready\r\n")
        while line := (await self.reader.readline()).decode().rstrip("\r\n"):
            self.box.lines.append(line)
            tag, _, command = line.partition(" ")
            verb, _, rest = command.removeprefix("UID ").strip().partition(" ")
            await self.do(tag, verb.upper(), rest)

    async def do(self, tag: str, verb: str, rest: str) -> None:
        answer = self.box.answer(verb, rest, self.box.verbs[verb])
        self.box.verbs[verb] += 1
        if answer == DROP:
            raise _Closed
        if answer is None:
            answer = await getattr(self, f"on_{verb}")(rest) or b"OK done"
        self.writer.write(tag.encode() + b" " + answer + b"\r\n")
        await self.writer.drain()

    async def on_CAPABILITY(self, rest: str) -> None:
        self.writer.write(f"* CAPABILITY {self.box.offers}\r\n".encode())

    async def on_LOGIN(self, rest: str) -> bytes | None:
        return None if rest == f'"lists@example.org" "{self.box.password}"' else b"NO who are you?"

    async def on_SELECT(self, rest: str) -> None:
        self.writer.write(f"* {len(self.box.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.box.validity}] x\r\n".encode())

    async def on_SEARCH(self, rest: str) -> None:
        larger = re.search(r"LARGER ([0-9]+)", rest)
        least = int(larger[1]) if larger else 0
        found = [uid for uid in self.box.unread() if len(self.box.mails[uid].raw) > least]
        self.writer.write(f"* SEARCH {' '.join(map(str, found))}\r\n".encode())

    async def on_FETCH(self, rest: str) -> None:
        uid = int(rest.split(" ")[0])
        if uid in self.box.mails:
            raw = self.box.mails[uid].raw
            self.writer.write(b"* 1 FETCH (UID %d BODY[] {%d}\r\n%b)\r\n" % (uid, len(raw), raw))

    async def on_STORE(self, rest: str) -> None:
        uid, _, flags = rest.partition(" +FLAGS.SILENT ")
        self.box.mails[int(uid)].flags |= set(flags.strip("()").split())

    async def on_MOVE(self, rest: str) -> None:
        uid, _, folder = rest.partition(" ")
        del self.box.mails[int(uid)]
        self.box.moved.append((int(uid), folder))
        self.writer.write(b"* 1 EXPUNGE\r\n")

    async def on_IDLE(self, rest: str) -> None:
        self.writer.write(b"+ idling\r\n")
        self.box._idling.append(self.writer)
        try:
            assert await self.reader.readline() in (b"DONE\r\n", b"")
        finally:
            self.box._idling.remove(self.writer)


@asynccontextmanager
async def serving(box: Mailbox) -> AsyncIterator[Mailbox]:
    """A listening server; box.port says where."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Conversation(box, reader, writer).run()
        except (_Closed, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
