"""The running service: builds everything from the settings, runs it in one TaskGroup, and takes it down in order.

Processes are equal and keep nothing of their own: `--only` chooses the parts of this one.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NoReturn

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from listserver import jobs, log
from listserver.config import Endpoint, Settings
from listserver.errors import ListserverError, Unavailable, UsageError
from listserver.store import lock, schema
from listserver.store.engine import Store
from listserver.web import health

PARTS = ("smtp", "lmtp", "delivery", "web", "jobs", "imap")
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
        try:
            asyncio.run(Service(load, settings, store, only).run())
        except* Exception as failures:
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

    def __init__(self, load: Load, settings: Settings, store: Store, only: frozenset[str]) -> None:
        self._load = load
        self._settings = settings
        self._store = store
        self._only = only
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Start all parts, say that we are ready, and serve until told to stop; then drain."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        async with asyncio.TaskGroup() as group:
            web = self._web()
            if "jobs" in self._only:
                group.create_task(jobs.Runner(self._store, jobs.JOBS, _clock).run(self._stopping), name="jobs")
            if web is not None:
                group.create_task(web.serve(), name="web")
            group.create_task(_watchdog(self._stopping), name="watchdog")
            _tell("READY=1")
            log.info(log.Event.SERVICE_STARTED, parts=",".join(part for part in PARTS if part in self._only))
            await self._stopping.wait()
            _tell("STOPPING=1")
            log.info(log.Event.SERVICE_STOPPING)
            if web is not None:
                web.stop()
        log.info(log.Event.SERVICE_STOPPED)

    def _web(self) -> "_Web | None":
        if "web" not in self._only or not self._settings.web.listen:
            return None
        sockets = [_listen(endpoint) for endpoint in self._settings.web.listen]
        app = Starlette(routes=health.routes(self._store, _clock, self._numbers))
        return _Web(app, sockets)

    def _numbers(self) -> dict[str, float]:
        return {"memory_bytes": health.memory()}

    def _reload(self) -> None:
        try:
            fresh = self._load()
        except UsageError as failure:
            log.warning(log.Event.SERVICE_RELOADED, problem=failure.public)
            return
        log.setup(fresh.log.level, fresh.log.format)
        log.info(log.Event.SERVICE_RELOADED)


class _Web:
    """uvicorn under our signals, on sockets of ours."""

    def __init__(self, app: ASGIApp, sockets: list[socket.socket]) -> None:
        self._sockets = sockets
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=10,
                timeout_graceful_shutdown=int(GRACE / 3),
            )
        )

    async def serve(self) -> None:
        """Answer requests until `stop`."""
        await self._server.serve(self._sockets)

    def stop(self) -> None:
        """Finish the requests under way, then end."""
        self._server.should_exit = True


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the service's."""
        yield


def _listen(endpoint: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    try:
        made = socket.create_server(tuple(endpoint), family=family, backlog=1024)
    except OSError as failure:
        raise UsageError(f"web.listen = {endpoint} is not possible: {os.strerror(failure.errno or 0)}.") from failure
    log.info(log.Event.LISTENING, part="web", at=Endpoint(*made.getsockname()[:2]))
    return made


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
