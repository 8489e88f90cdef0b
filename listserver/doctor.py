"""What `listserver doctor` asks of the DNS, the relay, the database and this machine; core.diagnosis judges it."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509

from listserver import dkim_keys, imap
from listserver.actions import lists
from listserver.authenticity import Asker, Limits, Resolver
from listserver.config import Settings, site_of
from listserver.core import diagnosis, loop_test
from listserver.core.diagnosis import Line, Sender
from listserver.core.lookup import FAILED, Check, run
from listserver.core.site import Site
from listserver.delivery import ways
from listserver.delivery.smtp import Smtp, SmtpConnection, parse
from listserver.delivery.transport import Lost, Parcel
from listserver.errors import ListserverError
from listserver.setting_kinds import on_this_machine
from listserver.store import health, queue, ticks
from listserver.store.engine import Store
from listserver.store.site import secret

T = TypeVar("T")

PATIENCE = 10.0  # seconds for any answer
WEEK = timedelta(days=7)
OLDEST = 20  # entries of the queue that are asked why they wait
REFUSALS = 1000  # that are read, at most
_DNS = Limits(question=3.0, whole=8.0)

Clock = Callable[[], datetime]


def examine(settings: Settings, clock: Clock, wait: float) -> list[Line]:
    """All that was found, in a fixed order. wait: seconds for a mail to ourselves to come back; 0 sends none."""
    with contextlib.ExitStack() as stack:
        try:
            store = stack.enter_context(Store.open(settings.database.url))
            status = store.read_now(health.status)
            site = site_of(settings, store.read_now(secret) if status.schema == status.wanted else b"")
        except ListserverError as failure:
            database = diagnosis.bad(
                "database", failure.private, "Look at [database] url, and whether its server runs."
            )
            return asyncio.run(_Doctor(settings, clock, wait).lines(database))
        database = diagnosis.database(status.engine, status.schema, status.wanted, status.size)
        doctor = _Doctor(settings, clock, wait)
        if status.schema == status.wanted:
            doctor.site, doctor.store = site, store
        return asyncio.run(doctor.lines(database))


class _Doctor:
    """site, store: None where the database cannot be used."""

    def __init__(self, settings: Settings, clock: Clock, wait: float) -> None:
        self.settings, self.clock, self.wait = settings, clock, wait
        self.site: Site | None = None
        self.store: Store | None = None
        self._resolver = Resolver(settings.dns.servers, _DNS)
        self._alive = False

    async def lines(self, database: Line) -> list[Line]:
        self._alive = self._resolver.usable and await self._resolver.alive()
        found = [line async for line in self._dns()]
        found.append(await self._tls())
        found += [line async for line in self._way_out()]
        if self.settings.imap.url:
            found.append(await self._mailbox())
        found += [await self._ports(), database, self._disk()]
        if self.store is not None:
            admin = self.settings.admin_email
            ours = self.store.read_now(lambda conn: lists.is_ours(conn, self.settings.domain, admin))
            found.append(diagnosis.operator(admin, ours=ours))
            found.append(diagnosis.unattended(self.store.read_now(health.unattended)))
        return found + list(self._stored())

    async def _ask(self, check: Check[T]) -> T:
        return await Asker(self._resolver).run(check) if self._alive else run(check, lambda _: FAILED)

    async def _dns(self) -> AsyncIterator[Line]:
        domain = self.settings.domain
        sender = await self._sender()
        yield await self._ask(diagnosis.mx(domain))
        yield await self._ask(diagnosis.ptr(sender))
        yield await self._ask(diagnosis.spf(sender))
        yield await self._dkim()
        yield await self._ask(diagnosis.dmarc(domain))

    async def _sender(self) -> Sender:
        """Where our mail goes out: by a relay elsewhere, else by this machine's addresses, or what the MX names."""
        domain, url = self.settings.domain, self.settings.relay.url
        host = "" if url.startswith("folder:") else parse(url).host
        if host and not on_this_machine(host):
            return Sender(domain, host)
        return Sender(domain, "", _public_addresses() or await self._ask(diagnosis.mx_addresses(domain)))

    async def _dkim(self) -> Line:
        folder, own = self.settings.data_dir / "dkim", self.settings.dkim
        try:
            if own.key_file is None:
                kept = [(one.key, one.state) for one in dkim_keys.stored(folder, self.settings.domain)]
            else:
                given = dkim_keys.signing(folder, self.settings.domain, own.key_file, own.selector)
                kept = [(key, "active") for key in given]
        except ListserverError as failure:
            return diagnosis.bad("dkim", failure.public, "Copies go out unsigned until it can be read.")
        return await self._ask(diagnosis.dkim([(key.name, key.record, state) for key, state in kept]))

    async def _tls(self) -> Line:
        smtp = self.settings.smtp
        if smtp.tls_cert is None:
            return diagnosis.no_certificate(any(not on_this_machine(place.host) for place in smtp.listen))
        try:
            found = x509.load_pem_x509_certificates(smtp.tls_cert.read_bytes())[0]
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(smtp.tls_cert, smtp.tls_key)
        except (OSError, ValueError) as failure:
            return diagnosis.bad(
                "tls", f"{smtp.tls_cert} cannot be used: {failure}.", "Look at [smtp] tls_cert, tls_key."
            )
        names: list[str] = []
        with contextlib.suppress(x509.ExtensionNotFound):
            alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            names = alternative.value.get_values_for_type(x509.DNSName)
        host = await self._ask(diagnosis.mx_host(self.settings.domain))
        return diagnosis.certificate(host, names, found.not_valid_after_utc, self.clock())

    # --- the way out, and back ---
    async def _way_out(self) -> AsyncIterator[Line]:
        settings = self.settings
        way = ways.transport(settings.relay.url, settings.domain, PATIENCE)
        if not isinstance(way, Smtp):
            fix = "Name a mail server in [relay] url."
            yield diagnosis.warn("relay", f"Copies are put into {settings.relay.url}: nobody gets them.", fix)
            return
        place = f"{way.relay.host}:{way.relay.port}"
        try:
            connection = await way.connect()
        except Lost as failure:
            yield diagnosis.relay(place, failure.reason, None)
            return
        try:
            async for line in self._through(connection, place, ours=on_this_machine(way.relay.host)):
                yield line
        except Lost as failure:
            yield diagnosis.relay(place, failure.reason, None)
        finally:
            await connection.close()

    async def _through(self, connection: SmtpConnection, place: str, *, ours: bool) -> AsyncIterator[Line]:
        own = f"postmaster@{self.settings.domain}"
        refusal = await connection.would_take(own, self.settings.admin_email)
        yield diagnosis.relay(place, "", refusal)
        if refusal is not None:
            return
        if ours:
            absent = f"no-such-list-{os.getpid()}@{self.settings.domain}"
            yield diagnosis.mta(place, await connection.would_take(own, own), await connection.would_take(own, absent))
        if self.wait and self.site is not None and self.store is not None:
            async for line in self._loop(connection, self.site, self.store):
                yield line

    async def _loop(self, connection: SmtpConnection, site: Site, store: Store) -> AsyncIterator[Line]:
        number, began = time.time_ns() // 1000, time.monotonic()
        mail = loop_test.write(site, number, format_datetime(self.clock()))
        own = site.address("postmaster")
        if untaken := await connection.send(Parcel(own, (own,), mail)):
            reply = untaken[0].reply
            text = f"The relay does not take a mail to ourselves: {reply.code} {reply.text}"
            yield diagnosis.warn("loop", text, "Let the mail server hand our domain's mail to `serve`.")
            return
        while time.monotonic() - began < self.wait:
            if store.read_now(lambda conn: ticks.fired(conn, loop_test.JOB, str(number))):
                yield diagnosis.loop(time.monotonic() - began, self.wait)
                if believed := self.settings.auth.believed:
                    passed = store.read_now(lambda conn: ticks.fired(conn, loop_test.FORGED, str(number)))
                    yield diagnosis.forgery(believed, passed=passed is not None)
                return
            await asyncio.sleep(0.1)
        yield diagnosis.loop(None, self.wait)

    async def _mailbox(self) -> Line:
        wanted = self.settings.imap
        try:
            place = imap.account(wanted.url, wanted.folder, wanted.move_to)
        except ListserverError as failure:
            return diagnosis.mailbox("of [imap] url", failure.public)
        return diagnosis.mailbox(str(place), await imap.problem(place))

    async def _ports(self) -> Line:
        settings = self.settings
        places = [
            (part, place)
            for part, some in (
                ("smtp", settings.smtp.listen),
                ("lmtp", settings.smtp.lmtp_listen),
                ("web", settings.web.listen),
            )
            for place in some
            if place.port
        ]
        silent, answering = [], []
        for part, (host, port) in places:
            near = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(near, port), PATIENCE)
            except (OSError, TimeoutError):
                silent.append(f"{near}:{port} ({part})")
            else:
                writer.close()
                answering.append(f"{near}:{port} ({part})")
        return diagnosis.ports(silent, answering)

    # --- this machine, and what the database knows ---
    def _disk(self) -> Line:
        url = self.settings.database.url
        place = Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite") else self.settings.data_dir
        try:
            return diagnosis.disk(shutil.disk_usage(place).free, str(place))
        except OSError as failure:
            return diagnosis.bad("disk", f"{place} cannot be looked at: {failure.strerror}.", "Look at data_dir.")

    def _stored(self) -> Iterator[Line]:
        now = self.clock()
        if self.store is None:
            yield diagnosis.clock(_synchronised(), 0.0)
            yield diagnosis.warn("queue", "It cannot be seen while the database cannot be used.", "Mend that first.")
            return
        newest = self.store.read_now(health.newest)
        yield diagnosis.clock(_synchronised(), (newest - now).total_seconds() if newest else 0.0)
        totals = self.store.read_now(queue.totals)
        oldest = now - totals.oldest if totals.oldest else None
        first = self.store.read_now(lambda conn: queue.first(conn, OLDEST))
        why = next((entry.reply for entry in first if entry.reply), "")
        yield diagnosis.queue(totals.pending + totals.retrying, totals.failed, oldest, why)
        yield diagnosis.refusals(self.store.read_now(lambda conn: health.refusals(conn, now - WEEK, REFUSALS)))


def _public_addresses() -> tuple[str, ...]:
    """This machine's own addresses that the world can reach; looking does not send anything."""
    found = []
    for family, somewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((somewhere, 9))
            found.append(str(probe.getsockname()[0]))
    return tuple(address for address in found if diagnosis.is_public(address))


def _synchronised() -> bool | None:
    """Whether something keeps the kernel's clock right (adjtimex(2)); None where it does not say."""
    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))  # no modes set: it only tells
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != 5  # TIME_ERROR
