"""Cursors of ranges under way, in a file beside a SQLite database: to change a row takes twenty times as long.

What is written there outlives the process, as a change of the database without fsync does, but not the machine: after
loss of power the file could be further than the database, which may have forgotten that somebody on the way was put
off. So it is believed only while the machine runs on. The file belongs to one lease. Who starts after a crash moves the
rows that this lease still holds (`left`, deliveries.start_over), and the first cursor of the new lease begins the file
anew.
"""

import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from listserver.store.deliveries import Range

PLACES = 1_000
BOOT = Path("/proc/sys/kernel/random/boot_id")  # another one each time the machine starts (random(4))
_HEAD = 256  # octets: the boot and the lease, filled up with zeros
_CURSOR = struct.Struct("=qqq8x")  # of a size that divides a page: see `_write`


class Cursor(NamedTuple):
    """A range, what it is of, and the member up to whom it is done."""

    range_id: int
    what: int
    after: int


class Cursors:
    """The file of one lease."""

    def __init__(self, path: Path, lease: str) -> None:
        self._path = path
        self._lease = lease
        self._file: int | None = None
        self._free = list(range(PLACES))[::-1]
        self._places: dict[int, int] = {}

    def put(self, work: Range, after: int) -> bool:
        """Save how far a range is done; whether that was possible: the disk may be full."""
        try:
            place = self._places.get(work.id)
            if place is None:
                if self._file is None:
                    self._file = self._made()
                self._places[work.id] = place = self._free.pop()
            self._write(place, Cursor(work.id, _what(work), after))
        except (OSError, IndexError):
            return False
        return True

    def drop(self, work: Range) -> None:
        """Forget a range whose row is as far."""
        place = self._places.pop(work.id, None)
        if place is not None:
            with suppress(OSError):  # what stays behind says nothing that is not so
                self._write(place, Cursor(0, 0, 0))
            self._free.append(place)

    def close(self) -> None:
        """Remove the file, unless it has what the database does not."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            if not self._places:
                self._path.unlink(missing_ok=True)

    def _made(self) -> int:
        boot = BOOT.read_text().strip()
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.pwrite(file, f"{boot} {self._lease}".encode().ljust(_HEAD, b"\0"), 0)
        return file

    def _write(self, place: int, cursor: Cursor) -> None:
        # One write within a page: kill -9 finds it done, or not begun.
        assert self._file is not None
        os.pwrite(self._file, _CURSOR.pack(*cursor), _HEAD + place * _CURSOR.size)


def _what(work: Range) -> int:
    return work.post_id if work.post_id is not None else -(work.edition_id or 0)


def left(path: Path) -> tuple[str, list[Cursor]]:
    """What a process that was killed left behind: its lease, and its cursors; "" and none since the machine started."""
    octets, boot = b"", "-"
    with suppress(OSError):
        octets, boot = path.read_bytes(), BOOT.read_text().strip()
    then, _, lease = octets[:_HEAD].rstrip(b"\0").decode("utf-8", "replace").partition(" ")
    if then != boot:
        return "", []
    rest = octets[_HEAD:]
    rows = _CURSOR.iter_unpack(rest[: len(rest) // _CURSOR.size * _CURSOR.size])
    return lease, [Cursor(*row) for row in rows if row[0]]
