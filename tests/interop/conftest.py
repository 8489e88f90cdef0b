"""What the tests with real programs share."""

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests import relay


@contextlib.contextmanager
def catching(script: relay.Script, implicit: ssl.SSLContext | None = None) -> Iterator[relay.Script]:
    """A relay in a thread of its own."""
    ready, over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with relay.relay(script, implicit):
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield script
    finally:
        over.set()
        thread.join(10)


def until(happened: Callable[[], object], seconds: float = 30) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def caught() -> Iterator[relay.Script]:
    """What reaches the world: a catching relay behind the mail server."""
    with catching(relay.Script()) as script:
        yield script
