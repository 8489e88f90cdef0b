"""The IMAP door: one mailbox is emptied where no mail server hands mail to us (RFC 9051, 2177).

Unread mail is what waits. It is fetched without a mark, taken in a transaction, and marked as read (or moved) only
after the commit; a crash between the two shows it again, and `inbound.receive_once` knows it. What cannot be taken now
stays unread and is tried again, ever more seldom.
"""

import asyncio
import base64
import contextlib
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import aioimaplib

from listserver import inbound, log
from listserver.actions.posting import Arrived
from listserver.core import mailbox
from listserver.core.envelope import Envelope
from listserver.core.message import read
from listserver.errors import ListserverError, Unavailable, UsageError
from listserver.setting_kinds import on_this_machine
from listserver.store.engine import Store

ANSWER = 60.0  # seconds for any answer, and between two parts of a long one
IDLE = 120.0  # seconds after which we look though the server has said nothing
POLL = 30.0  # seconds between looks where it cannot say anything
BATCH = 100  # mails between two searches
RECONNECT = (1.0, 300.0)  # seconds, first and most; doubled each time
RETRY = (10.0, 3600.0)  # of a mail that could not be taken

Take = Callable[[bytes], Awaitable[int]]  # a mail's octets -> how many addresses of ours it was for


@dataclass(frozen=True, slots=True)
class Account:
    """Where the mailbox is. tls: from the first octet. move_to: where taken mail goes, "" leaves it in the folder."""

    host: str
    port: int
    user: str
    password: str
    tls: bool
    folder: str
    move_to: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.folder}"


def account(url: str, folder: str, move_to: str) -> Account:
    """The account of the settings. Raises UsageError where the URL lacks something."""
    parts = urlsplit(url)
    if not parts.hostname or not parts.username or parts.password is None:
        raise UsageError("[imap] url is not complete: write imaps://user:password@host, with @ in a user name as %40.")
    tls = parts.scheme == "imaps"
    port = parts.port or (993 if tls else 143)
    return Account(parts.hostname, port, unquote(parts.username), unquote(parts.password), tls, folder, move_to)


class Collector:
    """Takes what lay in the mailbox. read: finds out about a mail, as for the other doors.

    trusted: Authentication-Results in it are believed, by the name that the settings give.
    """

    def __init__(
        self,
        store: Store,
        receiver: inbound.Receiver,
        read: Callable[[Envelope, bytes], Awaitable[Arrived]],
        clock: Callable[[], datetime],
        trusted: bool,
    ) -> None:
        self._store, self._receiver, self._read, self._clock, self._trusted = store, receiver, read, clock, trusted

    async def take(self, octets: bytes) -> int:
        """Give a mail to each address of ours that it was for, and not twice to any; how many those are.

        Raises Unavailable where it has to wait.
        """
        post = read(octets)
        found = await self._store.read(lambda conn: inbound.recipients(conn, self._receiver, post))
        sender, raw = mailbox.sender(post), mailbox.as_received(octets)
        for recipient in found:
            envelope = Envelope(sender, recipient, "imap", recipients=len(found), trusted=self._trusted)
            await self._one(await self._read(envelope, raw))
        return len(found)

    async def _one(self, arrived: Arrived) -> None:
        now = self._clock()
        reply = await self._store.write(lambda conn: inbound.receive_once(conn, self._receiver, arrived, now))
        if reply is not None and not reply.accepted:
            log.info(log.Event.INBOUND_REFUSED, part="imap", to=arrived.envelope.recipient, status=reply.status)


class Door:
    """Empties one mailbox, for as long as it runs. size: octets of a mail, at most."""

    def __init__(self, place: Account, take: Take, size: int) -> None:
        self._place, self._take, self._size = place, take, size
        self._validity = ""
        self._failures = 0
        self._waiting: dict[int, tuple[float, float]] = {}  # UID of what failed -> when to try again, seconds then

    async def run(self, stopping: asyncio.Event) -> None:
        """Fetch until told to stop. What is then under way is taken, and known again by the next start."""
        work = asyncio.create_task(self._forever())
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        for task in (work, stop):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work

    async def _forever(self) -> None:
        while True:
            try:
                await self._session()
            except (ListserverError, OSError, TimeoutError, aioimaplib.AioImapException) as failure:
                log.warning(log.Event.MAILBOX_UNREACHABLE, at=self._place, reason=_reason(failure))
            except Exception as failure:  # whatever a server says, this door does not take the others down
                log.error(log.Event.MAILBOX_UNREACHABLE, failure, at=self._place)
            await asyncio.sleep(min(RECONNECT[0] * 2**self._failures, RECONNECT[1]))
            self._failures = min(self._failures + 1, 16)

    async def _session(self) -> None:
        async with connected(self._place) as session:
            self._know(await session.select(self._place.folder))
            log.info(log.Event.LISTENING, part="imap", at=self._place)
            while True:
                left = await self._look(session)
                self._failures = 0
                if not left:
                    await session.wait(self._pause())

    def _know(self, validity: str) -> None:
        """Forget UIDs that mean nothing any more (RFC 9051 §2.3.1.1)."""
        if validity != self._validity:
            self._validity, self._waiting = validity, {}

    async def _look(self, session: "Session") -> bool:
        """Take a batch of what waits; whether there is more."""
        now = time.monotonic()
        large = await session.search(f"UNSEEN UNDELETED LARGER {self._size}")
        for uid in large[:BATCH]:
            log.warning(log.Event.INBOUND_REFUSED, part="imap", uid=uid, reason=f"It is larger than {self._size}.")
            await session.done(uid, "", r"\Seen \Flagged")
        unread = await session.search("UNSEEN UNDELETED")
        self._waiting = {uid: kept for uid, kept in self._waiting.items() if uid in set(unread)}
        due = [uid for uid in unread if uid not in self._waiting or self._waiting[uid][0] <= now]
        for uid in due[:BATCH]:
            await self._one(session, uid)
        return len(due) > BATCH or len(large) > BATCH

    async def _one(self, session: "Session", uid: int) -> None:
        raw = await session.fetch(uid)
        if raw is None:  # another process was faster
            return
        try:
            known = await self._take(raw)
        except Unavailable as failure:
            log.warning(log.Event.INBOUND_DEFERRED, part="imap", uid=uid, reason=failure.private)
            self._put_off(uid)
            return
        except Exception as failure:  # standards S23: an unknown failure loses no mail
            log.error(log.Event.INBOUND_FAILED, failure, part="imap", uid=uid)
            self._put_off(uid)
            return
        self._waiting.pop(uid, None)
        if known:
            await session.done(uid, self._place.move_to, r"\Seen")
        else:
            log.info(log.Event.INBOUND_REFUSED, part="imap", uid=uid, reason="It was sent to no address of ours.")
            await session.done(uid, "", r"\Seen \Flagged")

    def _put_off(self, uid: int) -> None:
        seconds = min(2 * self._waiting.get(uid, (0.0, RETRY[0] / 2))[1], RETRY[1])
        self._waiting[uid] = time.monotonic() + seconds, seconds

    def _pause(self) -> float:
        soonest = min((when for when, _ in self._waiting.values()), default=float("inf"))
        return max(0.0, min(IDLE, soonest - time.monotonic()))


class Session:
    """A connection that is signed in. Every method raises Unavailable where the server refuses or is gone."""

    def __init__(self, client: aioimaplib.IMAP4, lost: asyncio.Future[None]) -> None:
        self._client, self._lost = client, lost

    async def select(self, folder: str) -> str:
        """Open a folder; its UIDVALIDITY."""
        lines = await self._ask("SELECT", self._client.select(aioimaplib.quoted(_folder(folder))))
        found = re.search(rb"UIDVALIDITY ([0-9]+)", b" ".join(lines))
        return found[1].decode() if found else ""

    async def search(self, what: str) -> list[int]:
        """The UIDs of what is found, the oldest first."""
        lines = await self._ask("SEARCH", self._client.uid_search(what, charset=None))
        return sorted(int(word) for line in lines[:-1] for word in bytes(line).split() if word.isdigit())

    async def fetch(self, uid: int) -> bytes | None:
        """A mail's octets, unmarked; None if it is not there any more."""
        lines = await self._ask("FETCH", self._client.uid("FETCH", str(uid), "(UID BODY.PEEK[])"), long=True)
        return next((bytes(line) for line in lines if isinstance(line, bytearray)), None)  # a literal is one

    async def done(self, uid: int, move_to: str, flags: str) -> None:
        """Mark a mail, and move it where `move_to` says so."""
        await self._ask("STORE", self._client.uid("STORE", str(uid), "+FLAGS.SILENT", f"({flags})"))
        if move_to:
            if not self._client.has_capability("MOVE"):  # RFC 6851
                raise Unavailable("The server cannot move mail: leave [imap] move_to empty.")
            await self._ask("MOVE", self._client.uid("MOVE", str(uid), aioimaplib.quoted(_folder(move_to))))

    async def wait(self, seconds: float) -> None:
        """Until something new is there, or that much time is over."""
        if not self._client.has_capability("IDLE"):
            await self._until(asyncio.sleep(min(seconds, POLL)), None)
            return
        idle = await self._until(self._client.idle_start(timeout=seconds + ANSWER), ANSWER)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not any(b"EXISTS" in line for line in await self._until(self._client.wait_server_push(), None)):
                    pass
        self._client.idle_done()
        await self._until(idle, ANSWER)

    async def _ask(self, name: str, question: Awaitable[Any], *, long: bool = False) -> list[bytes | bytearray]:
        """The lines of a command's answer. long: it may take longer, as long as it goes on."""
        response = await self._until(question, None if long else ANSWER)
        if response.result != "OK":
            said = bytes(response.lines[-1]).decode("utf-8", "replace") if response.lines else ""
            raise Unavailable(f"The server answers {name} with {response.result} {said}".strip())
        return list(response.lines)

    async def _until(self, question: Awaitable[Any], seconds: float | None) -> Any:
        task = asyncio.ensure_future(question)
        try:
            await asyncio.wait({task, self._lost}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise Unavailable("The server closed the connection." if self._lost.done() else "It does not answer.")
        finally:
            task.cancel()


@contextlib.asynccontextmanager
async def connected(place: Account) -> AsyncIterator[Session]:
    """A connection, encrypted unless it stays on this machine, and signed in."""
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def gone(_: Exception | None) -> None:
        if not lost.done():
            lost.set_result(None)

    context = ssl.create_default_context()
    tls = context if place.tls else None
    client = aioimaplib.IMAP4(place.host, place.port, timeout=ANSWER, conn_lost_cb=gone, ssl_context=tls)
    session = Session(client, lost)
    try:
        await session._until(client.wait_hello_from_server(), ANSWER)
        if not place.tls:
            await _encrypt(client, context, place.host)
        await _sign_in(session, client, place)
        yield session
    finally:
        client._client_task.cancel()
        if client.protocol.transport is not None:
            client.protocol.transport.abort()


async def problem(place: Account) -> str:
    """Why a mailbox cannot be fetched, a sentence; "" if it can."""
    try:
        async with connected(place) as session:
            await session.select(place.folder)
    except (ListserverError, OSError, TimeoutError, aioimaplib.AioImapException) as failure:
        return _reason(failure)
    return ""


def _reason(failure: Exception) -> str:
    """What the library's own failures say may hold a password."""
    return str(failure) if isinstance(failure, ListserverError | OSError) and str(failure) else "It does not answer."


async def _encrypt(client: aioimaplib.IMAP4, context: ssl.SSLContext, host: str) -> None:
    """STARTTLS where the way leaves this machine: no password goes in clear."""
    if on_this_machine(host):
        return
    protocol = client.protocol
    if not client.has_capability("STARTTLS"):
        raise Unavailable("The server offers no encryption: use imaps://, no password is sent in clear.")
    async with asyncio.timeout(ANSWER):
        response = await protocol.execute(aioimaplib.Command("STARTTLS", protocol.new_tag(), loop=protocol.loop))
        if response.result != "OK" or protocol.incomplete_line:  # RFC 9051 §11.1: nothing may wait behind the OK
            raise Unavailable("The server refuses STARTTLS.")
        loop = asyncio.get_running_loop()
        protocol.transport = await loop.start_tls(protocol.transport, protocol, context, server_hostname=host)
        await protocol.capability()


async def _sign_in(session: "Session", client: aioimaplib.IMAP4, place: Account) -> None:
    if client.get_state() != "AUTH":  # PREAUTH
        await session._ask("LOGIN", client.login(aioimaplib.quoted(place.user), place.password))
    await session._until(client.protocol.capability(), ANSWER)  # there may be more of it now


def _folder(name: str) -> str:
    """A folder's name in modified UTF-7 (RFC 3501 §5.1.3)."""

    def coded(run: re.Match[str]) -> str:
        octets = base64.b64encode(run[0].encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
        return f"&{octets.decode()}-"

    return re.sub(r"[^\x20-\x7e]+", coded, name.replace("&", "&-"))
