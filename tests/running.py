"""`listserver serve` as a process of its own, on ports that the kernel chooses."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from listserver.store import site
from listserver.store.engine import Store

PATIENCE = 60.0  # seconds for it to be ready, or to end; a busy machine is no failure


class Serve:
    """`with Serve(folder, database=url) as serve:` is ready inside; `serve.ports["smtp"]`, `serve.log()`.

    folder: an own one, for the log. settings: as in the environment, such as RELAY__URL="folder:///x".
    """

    def __init__(self, folder: Path, *, database: str, only: str = "", **settings: str) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._only = only
        self._settings = {
            "DOMAIN": "lists.example.org",
            "DATABASE__URL": database,
            "DATA_DIR": str(folder),
            "SMTP__LISTEN": "127.0.0.1:0",
            "WEB__LISTEN": "127.0.0.1:0",
            **settings,
        }
        self.ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a command line for the same site needs."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("LISTSERVER_")}
        kept["PYTHONPATH"] = str(Path(__file__).parent.parent)  # this checkout, whatever is installed
        return kept | {f"LISTSERVER_{key}": value for key, value in self._settings.items()}

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        """All that it said, over restarts."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def memory(self) -> int:
        """Its resident memory in octets."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+([0-9]+) kB", status)[0]) * 1024

    def cpu(self) -> float:
        """Seconds of processor time that it and the processes that it started have taken."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        children = [pid for task in tasks for pid in (task / "children").read_text().split()]
        times = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in [self.pid, *children]]
        return sum(int(time[11]) + int(time[12]) for time in times) / os.sysconf("SC_CLK_TCK")

    def start(self) -> None:
        """Start it and wait until it says READY=1."""
        with Store.open(self._settings["DATABASE__URL"]) as store:
            store.write_now(lambda conn: site.make_secret(conn, b"s" * 32))
        notify = self.folder / "notify"
        notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel, (self.folder / "log").open("ab") as log:
            channel.bind(str(notify))
            began = time.monotonic()
            said = log.tell()
            command = [sys.executable, "-m", "listserver", "serve"] + (["--only", self._only] if self._only else [])
            self._process = subprocess.Popen(
                command,
                env=self.environment | {"NOTIFY_SOCKET": str(notify)},
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
            while not select.select([channel], [], [], 0.05)[0]:
                assert self._process.poll() is None, f"serve ended: {self.log()}"
                assert time.monotonic() - began < PATIENCE, f"serve is not ready: {self.log()}"
            assert channel.recv(100) == b"READY=1"
        found = re.findall(r"listening part=(\w+) at=\S*:([0-9]+)", self.log()[said:])
        self.ports = {part: int(port) for part, port in found}

    def kill(self) -> None:
        """kill -9, as power failure would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM, and wait; its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()
