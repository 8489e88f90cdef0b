"""What the tests with real programs share."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tests import relay


@pytest.fixture
def caught() -> Iterator[relay.Script]:
    """What reaches the world: a catching relay behind the mail server."""
    script, ready, over = relay.Script(), threading.Event(), threading.Event()

    async def serve() -> None:
        async with relay.relay(script):
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait(10)
    yield script
    over.set()
    thread.join(10)
