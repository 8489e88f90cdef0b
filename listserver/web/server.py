"""uvicorn under our own signals, on sockets of ours."""

import contextlib
import os
import socket
from collections.abc import Iterator

import uvicorn

from listserver import log
from listserver.errors import UsageError
from listserver.web.asgi import App


class Web:
    """Serves one application. grace: seconds that requests under way have to end."""

    def __init__(self, app: App, sockets: list[socket.socket], grace: float) -> None:
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
                timeout_graceful_shutdown=int(grace),
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


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises UsageError where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    name = f"[{host}]" if ":" in host else host
    try:
        made = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as failure:
        reason = os.strerror(failure.errno or 0)
        raise UsageError(
            f"Nothing can listen on {name}:{port}: {reason}. Choose another port, or end what is there."
        ) from failure
    # asyncio sets this only on sockets that were made with IPPROTO_TCP; without it, the body waits for the ACK of the
    # head (Nagle's algorithm): 40 ms a page.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    log.info(log.Event.LISTENING, part="web", at=f"{name}:{made.getsockname()[1]}")
    return made
