"""Processes that helpers.py starts, as tests see them; run as a module, this is one that does as it is told."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from listserver.helper_process import run

if TYPE_CHECKING:  # a process that helps has no need of it
    from listserver.helpers import Helpers


def children(pid: int | str = "self") -> set[int]:
    """The processes that a process started to run a module, and that have not ended.

    Python may have started others for itself, as multiprocessing's resource tracker is.
    """
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended since
            found.update(map(int, (task / "children").read_text().split()))
    return set(filter(_runs_a_module, found))


def _runs_a_module(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return b"\0-m\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


async def all_ready(helpers: "Helpers") -> None:
    """Wait until all of them are ready to be asked."""
    async with asyncio.timeout(60):
        while len(helpers._ready) < helpers._most:  # noqa: ASYNC110 (nobody is told of it)
            await asyncio.sleep(0.01)


def begin(greeting: bytes) -> Callable[[bytes], bytes]:
    """Answers "pid" with its own, "wait" with the same after a moment, "die" not at all; else the greeting."""
    if greeting == b"never":
        os._exit(1)

    def answer(request: bytes) -> bytes:
        if request == b"die":
            os._exit(1)
        if request == b"wait":
            time.sleep(0.3)
        return str(os.getpid()).encode() if request in (b"pid", b"wait") else greeting

    return answer


if __name__ == "__main__":
    run(begin)
