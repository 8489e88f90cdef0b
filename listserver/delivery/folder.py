"""The folder transport: each copy becomes a file of a Maildir, for trying things out and for tests."""

import asyncio
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from listserver.core.envelope import Reply
from listserver.core.fate import Stage
from listserver.delivery.transport import Features, Lost, Parcel, Untaken

_FEATURES = Features(eightbit=True, utf8=True)


class Folder:
    """The transport. A copy's envelope stands in its first fields, Return-Path and Delivered-To (RFC 9228).

    The files are the mails as they would go over the wire, CRLF included.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._count = itertools.count(1)

    @property
    def features(self) -> Features:
        """All of it fits into a file."""
        return _FEATURES

    async def connect(self) -> "Folder":
        """Make the Maildir where it is not there. Raises Lost when that fails."""
        try:
            for name in ("tmp", "new", "cur"):
                (self.path / name).mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise Lost(f"the folder {self.path} cannot be made: {failure}") from failure
        return self

    async def send(self, parcel: Parcel, then: Parcel | None = None) -> Sequence[Untaken]:
        """See transport.Connection."""
        return await asyncio.to_thread(self._send, parcel)

    async def close(self) -> None:
        """Nothing to end."""

    def _send(self, parcel: Parcel) -> Sequence[Untaken]:
        mail = (parcel.head + parcel.body).replace(b"\r\n..", b"\r\n.").removeprefix(b".")
        for place, recipient in enumerate(parcel.recipients):
            name = f"{self._name}-{next(self._count)}"
            try:
                with (self.path / "tmp" / name).open("xb") as file:
                    file.write(b"Return-Path: <%b>\r\n" % parcel.sender.encode())
                    file.write(b"Delivered-To: %b\r\n" % recipient.encode() + mail)
                (self.path / "tmp" / name).rename(self.path / "new" / name)
            except OSError as failure:
                reply = Reply(452, "4.3.1", f"The folder {self.path} cannot be written: {failure.strerror}")
                return [Untaken(rest, Stage.DATA, reply) for rest in range(place, len(parcel.recipients))]
        return ()
