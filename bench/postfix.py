"""Postfix's generator and sink, found on the PATH or under .peers/postfix, where tests/needs unpacks them."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


def postfix(name: str) -> tuple[list[str], dict[str, str]]:
    """A tool of Postfix, and the environment that it needs. Ends the program where it is absent."""
    peers = Path(os.environ.get("PEERS", ROOT / ".peers"))
    for place in (shutil.which(name), f"/usr/sbin/{name}", peers / "postfix/usr/sbin" / name):
        if place and Path(place).exists():
            library = Path(place).parent.parent / "lib/postfix"
            return [str(place)], {**os.environ, **({"LD_LIBRARY_PATH": str(library)} if library.exists() else {})}
    sys.exit(f"{name} is not here: apt install postfix, or unpack its package into .peers/postfix.")


@contextmanager
def sink() -> Iterator[int]:
    """A smtp-sink; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command, environment = postfix("smtp-sink")
    user = ["-u", "root"] if os.geteuid() == 0 else []
    with subprocess.Popen([*command, *user, f"127.0.0.1:{port}", "1000"], env=environment) as process:
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.02)
            yield port
        finally:
            process.terminate()


def source(port: int, count: int, *, size: int = 2000, sender: str = "a@b.example", to: str = "c@d.example") -> float:
    """smtp-source -d with ten connections: mails a second."""
    command, environment = postfix("smtp-source")
    numbers = ["-d", "-s", "10", "-l", str(size), "-m", str(count)]
    start = time.perf_counter()
    subprocess.run([*command, *numbers, "-f", sender, "-t", to, f"127.0.0.1:{port}"], check=True, env=environment)
    return count / (time.perf_counter() - start)
