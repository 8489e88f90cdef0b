"""The running service: builds everything from the settings, runs it in one TaskGroup, and takes it down in order.

Processes are equal and keep nothing of their own: `--only` chooses the parts of this one.
"""

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NoReturn

from sqlalchemy import Connection

from listserver import dkim_keys, imap, inbound, jobs, log
from listserver.actions.posting import Arrived
from listserver.authenticity import Authenticator, Resolver
from listserver.config import Endpoint, Settings, checks_of, site_of
from listserver.core.envelope import Envelope, Reply
from listserver.core.signing import Key
from listserver.core.site import Site
from listserver.delivery import ways
from listserver.delivery.worker import Options, Worker
from listserver.errors import ListserverError, Unavailable, UsageError
from listserver.preparing import Preparing
from listserver.smtp import Budget, Limits, Listener
from listserver.store import lock, schema
from listserver.store.engine import Store
from listserver.store.site import secret
from listserver.web import asgi, health, pages
from listserver.web.guard import Guard
from listserver.web.server import Web, listen

PARTS = ("smtp", "lmtp", "delivery", "web", "jobs", "imap")
MOST_KNOWN = 10_000  # addresses of ours that are remembered
GRACE = 30.0  # seconds that running transactions have to end when we stop
SWITCH = 0.0005  # seconds: a thread that renders or writes lets the event loop run after at most this

Load = Callable[[], Settings]


def run(load: Load, only: frozenset[str] = frozenset(PARTS)) -> None:
    """Serve until SIGTERM or SIGINT. Raises UsageError where something cannot be had: a port, the database."""
    settings = load()
    log.setup(settings.log.level, settings.log.format)
    sys.setswitchinterval(SWITCH)
    with lock.exclusive(settings.database.url), Store.open(settings.database.url) as store:
        store.read_now(schema.require)
        site = replace(site_of(settings, store.read_now(secret)), signs=bool(_keys(settings)))
        try:
            asyncio.run(Service(load, settings, store, site, only).run())
        except (
            ExceptionGroup
        ) as failures:  # not except*: what that raises comes wrapped in another group (Python 3.11.2)
            _explain(failures)


def _explain(failures: ExceptionGroup[Exception]) -> NoReturn:
    """One clear sentence if that is what went wrong, else a trace in the log."""
    first = failures.exceptions[0]
    if isinstance(first, ListserverError):
        raise first
    for failure in failures.exceptions:
        log.error(log.Event.SERVICE_FAILED, failure)
    raise Unavailable("A part of the service failed; the log says how.")


def parts(text: str) -> frozenset[str]:
    """The parts that `--only` names. Raises UsageError with what there is."""
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if unknown := names - set(PARTS):
        raise UsageError(f"--only {', '.join(sorted(unknown))} is not possible: the parts are {', '.join(PARTS)}.")
    return names or frozenset(PARTS)


class Service:
    """One process of the service."""

    def __init__(self, load: Load, settings: Settings, store: Store, site: Site, only: frozenset[str]) -> None:
        self._load = load
        self._settings = settings
        self._store = store
        self._site = site
        self._only = only
        self._stopping = asyncio.Event()
        self._tls = _tls(settings)
        self._receiver = inbound.Receiver(self._site, checks_of(settings))
        auth = settings.auth
        resolver, seals = Resolver(settings.dns.servers), settings.dkim.arc == "on"
        authenticator = Authenticator(resolver, auth.believed, auth.trusted_sealers, seals=seals)
        self._reception = Reception(store, self._receiver, authenticator)
        self._listeners = self._doors()

    async def run(self) -> None:
        """Start all parts, say that we are ready, and serve until told to stop; then drain."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        async with asyncio.TaskGroup() as group:
            web, reception = self._web(), self._reception
            for part, listener in self._listeners:
                await listener.start()
                log.info(log.Event.LISTENING, part=part, at=Endpoint(listener.limits.host, listener.port))
            tasks = [group.create_task(work) for work in self._background(web)]
            gc.freeze()  # what is there now stays: to look through it for garbage took 40 ms again and again
            _tell("READY=1")
            log.info(log.Event.SERVICE_STARTED, parts=",".join(part for part in PARTS if part in self._only))
            await self._stopping.wait()
            _tell("STOPPING=1")
            log.info(log.Event.SERVICE_STOPPING)
            if web is not None:
                web.stop()
            tasks += [group.create_task(listener.close()) for _, listener in self._listeners]
            for late in (await asyncio.wait(tasks, timeout=GRACE))[1]:
                late.cancel()
            await reception.close()
        log.info(log.Event.SERVICE_STOPPED)

    def _background(self, web: Web | None) -> Iterator[Coroutine[Any, Any, None]]:
        if "jobs" in self._only:
            yield jobs.Runner(self._store, jobs.table(self._site), _clock).run(self._stopping)
        if "delivery" in self._only:
            yield self._worker().run(self._stopping)
        if "imap" in self._only and self._settings.imap.url:
            yield self._mailbox().run(self._stopping)
        if web is not None:
            yield web.serve()
        yield _watchdog(self._stopping)

    def _worker(self) -> Worker:
        relay = self._settings.relay
        name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        seals = self._settings.dkim.arc == "on"
        keys = _keys(self._settings)
        options = Options(name, relay.connections, relay.per_second, relay.xverp != "off", keys, seals)
        way = ways.transport(relay.url, self._settings.domain, relay.timeout)
        return Worker(self._store, way, self._site, _clock, options)

    def _doors(self) -> list[tuple[str, Listener]]:
        smtp = self._settings.smtp
        reception = self._reception
        budget = Budget()
        common = Limits(
            hostname=self._settings.domain,
            tls=self._tls,
            trusted=smtp.trusted_hosts,
            proxies=smtp.proxies,
            size=smtp.max_size,
        )
        required = smtp.tls_required == "on"
        return [
            (
                part,
                Listener(
                    replace(
                        common,
                        host=place.host,
                        port=place.port,
                        lmtp=part == "lmtp",
                        tls_required=required and part == "smtp",
                    ),
                    reception.accept_recipient,
                    reception.receive,
                    reception.refuse_by_mail,
                    budget,
                ),
            )
            for part, places in (("smtp", smtp.listen), ("lmtp", smtp.lmtp_listen))
            for place in (places if part in self._only else ())
        ]

    def _mailbox(self) -> imap.Door:
        settings = self._settings
        place = imap.account(settings.imap.url, settings.imap.folder, settings.imap.move_to)
        # Results under the name of our own domain anybody could have written: no server on the way removes them (A3).
        trusted = settings.auth.believed not in ("", settings.domain)
        collector = imap.Collector(self._store, self._receiver, self._reception.read, _clock, trusted)
        return imap.Door(place, collector.take, settings.smtp.max_size)

    def _web(self) -> Web | None:
        if "web" not in self._only or not self._settings.web.listen:
            return None
        sockets = [listen(*endpoint) for endpoint in self._settings.web.listen]
        https = self._site.base_url.startswith("https:")
        guard = Guard(self._settings.web.searches_per_minute, self._settings.web.proxies)
        site = pages.handler(self._store, self._site, _clock, guard)
        everything = health.handler(self._store, _clock, self._numbers, site)
        return Web(asgi.app(everything, https=https), sockets, GRACE / 3)

    def _numbers(self) -> dict[str, float]:
        clients = sum(listener.connections for _, listener in self._listeners)
        return {"memory_bytes": health.memory(), "smtp_clients": clients}

    def _reload(self) -> None:
        try:
            fresh = self._load()
        except UsageError as failure:
            log.warning(log.Event.SERVICE_RELOADED, problem=failure.public)
            return
        log.setup(fresh.log.level, fresh.log.format)
        if self._tls is not None and fresh.smtp.tls_cert is not None:
            self._tls.load_cert_chain(fresh.smtp.tls_cert, fresh.smtp.tls_key)  # for connections from now on
        log.info(log.Event.SERVICE_RELOADED, applied="log, certificate")


class Reception:
    """What the doors ask: the meaning of a mail, on this store."""

    def __init__(self, store: Store, receiver: inbound.Receiver, authenticator: Authenticator) -> None:
        self._store = store
        self._receiver = receiver
        self._authenticator = authenticator
        self._preparing = Preparing()
        self._last: tuple[bytes, Arrived] | None = None
        self._ours: dict[str, inbound.Shelf | None] = {}

    async def accept_recipient(self, address: str) -> Reply | None:
        """None where the address is ours, else the refusal. Raises Unavailable.

        What was ours a moment ago is not looked up again: if the list has gone meanwhile, `receive` says so.
        """
        if address in self._ours:
            return None
        found = await self._store.read(lambda conn: inbound.accept_recipient(conn, self._receiver, address))
        if isinstance(found, Reply):
            return found
        if len(self._ours) >= MOST_KNOWN:
            self._ours.clear()
        self._ours[address] = found
        return None

    async def receive(self, envelope: Envelope, raw: bytes) -> Reply:
        """The verdict on one mail for one recipient, after its commit. Raises Unavailable."""
        with self._preparing.under_way():
            arrived = await self.read(envelope, raw)
            return await self._store.write_together(self._receive, (arrived, _clock()))

    def _receive(self, conn: Connection, mails: Sequence[tuple[Arrived, datetime]]) -> list[Reply]:
        return inbound.receive_all(
            conn, self._receiver, [arrived for arrived, _ in mails], max(now for _, now in mails)
        )

    async def close(self) -> None:
        """End what helps; nothing comes any more."""
        await self._preparing.close()

    async def refuse_by_mail(self, envelope: Envelope, raw: bytes, verdict: Reply) -> None:
        """Tell the author of a refusal that the dialogue could not say. Raises Unavailable."""
        arrived = await self.read(envelope, raw)
        now = _clock()
        await self._store.write(lambda conn: inbound.refuse_by_mail(conn, self._receiver, arrived, verdict, now))

    async def read(self, envelope: Envelope, raw: bytes) -> Arrived:
        """A mail for one recipient, read, and what is known about where it is from."""
        if self._last is not None and self._last[0] is raw:  # the same mail, for its next recipient
            known = self._last[1]
            return replace(known, envelope=replace(envelope, authenticity=known.envelope.authenticity))
        arrived = await self._preparing.prepare(envelope, raw, self._ours.get(envelope.recipient), _clock())
        found = await self._authenticator.check(envelope, arrived.post)
        arrived = replace(arrived, envelope=replace(envelope, authenticity=found))
        self._last = (raw, arrived) if envelope.recipients > 1 else None
        return arrived


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.smtp.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.smtp.tls_cert, settings.smtp.tls_key)
    except OSError as failure:
        raise UsageError(f"smtp.tls_cert = {settings.smtp.tls_cert} cannot be used: {failure}.") from failure
    return context


def _keys(settings: Settings) -> tuple[Key, ...]:
    """The keys that sign our copies. Without them mail flows unsigned, with a word in the log (standards A9)."""
    own = settings.dkim
    try:
        keys = dkim_keys.signing(settings.data_dir / "dkim", settings.domain, own.key_file, own.selector)
    except UsageError as failure:
        log.warning(log.Event.DKIM_UNSIGNED, reason=failure.public)
        return ()
    if not keys:
        log.info(log.Event.DKIM_UNSIGNED, reason="There are no keys: `listserver dkim create` makes them.")
    return keys


def _clock() -> datetime:
    return datetime.now(UTC)


async def _watchdog(stopping: asyncio.Event) -> None:
    """Tell systemd that the event loop turns, twice as often as it asks for (sd_watchdog_enabled(3))."""
    period = int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
    while period and not stopping.is_set():
        _tell("WATCHDOG=1")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), period)


def _tell(state: str) -> None:
    """sd_notify(3), where systemd started us."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel, contextlib.suppress(OSError):
            channel.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
