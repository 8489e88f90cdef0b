"""How long `listserver --help` and `serve` take to start, beside Python itself; memory of an idle `serve`."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from listserver.store import migrations
from tests.running import Serve

ROUNDS = 7


def seconds(act: Callable[[], object]) -> float:
    """The median of a few."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def command(*words: str) -> Callable[[], object]:
    """That as a process."""
    return lambda: subprocess.run([sys.executable, *words], check=True, capture_output=True)


def main() -> None:
    """Print it."""
    bare = seconds(command("-c", "pass"))
    print(f"python -c pass: {bare:.2f} s = 1.0")
    took = seconds(command("-m", "listserver", "--help"))
    print(f"listserver --help: {took:.2f} s, {took / bare:.1f} times that (bar 0.25 s)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/l.db"
        migrations.upgrade(url)
        serve = Serve(folder / "serve", database=url)
        began = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            with serve:
                began.append(time.perf_counter() - start)
                memory = serve.memory()
        ready = statistics.median(began)
        print(f"listserver serve, until it listens: {ready:.2f} s, {ready / bare:.1f} times that (bar 1.0 s)")
        print(f"idle: {memory >> 20} MiB resident (bar 90 MB)")


if __name__ == "__main__":
    main()
