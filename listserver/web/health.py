"""/healthz for load balancers and /metrics for Prometheus."""

import asyncio
import json
import resource
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from listserver import log
from listserver.errors import Unavailable
from listserver.store import metrics
from listserver.store.engine import Store
from listserver.web.asgi import Handler
from listserver.web.http import Request, Response

PATIENCE = 3.0  # seconds for the database to answer
_ONE = select(1)
_NO_STORE = {"cache-control": "no-store"}

Numbers = Callable[[], Mapping[str, float]]


def handler(store: Store, clock: Callable[[], datetime], process: Numbers, others: Handler) -> Handler:
    """The two pages, before all others. process: numbers of this process, such as connections, by name."""

    async def healthz() -> Response:
        try:
            await asyncio.wait_for(store.read(_ask), PATIENCE)
        except (Unavailable, TimeoutError):
            return _state("unavailable", 503)
        return _state("ok", 200)

    async def metricsz(request: Request) -> Response:
        # Numbers for who runs the site: not for those who come by the proxy that stands before the archive.
        if "forwarded" in request.headers or "x-forwarded-for" in request.headers:
            return Response(404, b"Not found.\n", "text/plain; charset=utf-8", _NO_STORE)
        try:
            found = await store.read(lambda conn: metrics.gauges(conn, clock()))
        except Unavailable:
            found = {}
        text = exposition(found, process(), log.counts())
        return Response(200, text.encode(), "text/plain; version=0.0.4; charset=utf-8", _NO_STORE)

    async def answer(request: Request) -> Response:
        if request.path not in ("/healthz", "/metrics"):
            return await others(request)
        if request.method not in ("GET", "HEAD"):
            return Response(405, b"", "", {"allow": "GET, HEAD"})
        return await (healthz() if request.path == "/healthz" else metricsz(request))

    return answer


def _state(word: str, status: int) -> Response:
    return Response(status, json.dumps({"status": word, "database": word}).encode(), "application/json", _NO_STORE)


def exposition(database: Mapping[str, float], process: Mapping[str, float], events: Mapping[log.Event, int]) -> str:
    """The numbers in Prometheus's text format."""
    lines = ["# TYPE listserver_database_up gauge", f"listserver_database_up {int(bool(database))}"]
    for name, value in [*database.items(), *process.items()]:
        lines += [f"# TYPE listserver_{name} gauge", f"listserver_{name} {value:.15g}"]
    lines += ["# HELP listserver_events_total Events since this process started, as in the log."]
    lines += ["# TYPE listserver_events_total counter"]
    lines += [f'listserver_events_total{{event="{event}"}} {count}' for event, count in sorted(events.items())]
    return "\n".join(lines) + "\n"


def memory() -> int:
    """Resident memory of this process in octets."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _ask(conn: Connection) -> None:
    conn.execute(_ONE)
