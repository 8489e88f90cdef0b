"""One `serve` per SQLite database: an advisory lock on a file beside it, let go by the kernel when the process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from listserver.errors import UsageError
from listserver.ownership import make_file


@contextmanager
def exclusive(url: str) -> Iterator[None]:
    """Hold the database at `url` alone; on PostgreSQL, which is made for many, this does nothing.

    Raises UsageError where another process holds it.
    """
    database = make_url(url).database
    if not url.startswith("sqlite") or database is None:
        yield
        return
    path = Path(f"{database}.lock")
    try:
        handle = make_file(path, path.parent)
    except FileExistsError:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
            raise UsageError(
                f"Another `listserver serve` (process {holder or 'unknown'}) has the database {database}. One SQLite "
                "database is for one of them: stop that one first, or use PostgreSQL to run several."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
