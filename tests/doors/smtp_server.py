"""A mail door in a process of its own, so that its memory can be measured: `with Door(size=1000) as door`."""

import asyncio
import ipaddress
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

from listserver.core.envelope import Envelope, Reply
from listserver.smtp import Limits, Listener

ROOT = Path(__file__).parent.parent.parent
FRIEND = "127.0.9.1"  # a trusted address; all other loopback addresses are strangers
TRUSTED = (ipaddress.IPv4Network("127.0.9.0/24"),)


class Door:
    """The process; keywords are fields of Limits."""

    def __init__(self, **limits: float) -> None:
        self._limits = limits
        self.port = 0

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.doors.smtp_server", json.dumps(self._limits)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self._start = self.memory("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)
        assert self._process.returncode == 0

    def memory(self, name: str) -> int:
        """VmRSS (now) or VmHWM (at its height), in octets."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(name))

    def growth(self) -> float:
        """How much memory it took at its height beyond what it had when it was ready, in MiB."""
        return (self.memory("VmHWM") - self._start) / 2**20

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        """A connection from that loopback address."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(source, 0))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock


async def _accept_recipient(address: str) -> Reply | None:
    return None if address.startswith("talk@") else Reply(550, "5.1.1", "There is no such address here")


async def _receive(envelope: Envelope, raw: bytes) -> Reply:
    return Reply(250, "2.0.0", "Filed")


async def _refuse_by_mail(envelope: Envelope, raw: bytes, verdict: Reply) -> None:
    raise AssertionError("nothing is refused here")


async def _serve(limits: Limits) -> None:
    listener = Listener(limits, _accept_recipient, _receive, _refuse_by_mail)
    await listener.start()
    print(listener.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await listener.close()


if __name__ == "__main__":
    asyncio.run(_serve(Limits(trusted=TRUSTED, grace=1.0, **json.loads(sys.argv[1]))))
