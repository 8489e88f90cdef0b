"""How fast the mail door takes mails that nobody stores, against aiosmtpd as it comes: `python bench/receive_door.py`.

Both serve in a process of their own and are loaded in turn by Postfix's smtp-source. Only the ratios count.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.postfix import source  # noqa: E402
from listserver.core.envelope import Envelope, Reply  # noqa: E402
from listserver.smtp import Limits, Listener  # noqa: E402

SIZES = {2_000: 6_000, 50_000: 1_500}  # octets of a mail: mails of a run
BARS = {2_000: 2.0, 50_000: 6.0}


async def accept_recipient(address: str) -> Reply | None:
    """Everybody is known."""
    return None


async def receive(envelope: Envelope, raw: bytes) -> Reply:
    """Everything is taken, nothing stored."""
    return Reply(250, "2.0.0", "OK")


async def refuse_by_mail(envelope: Envelope, raw: bytes, verdict: Reply) -> None:
    """Nothing is refused."""


class Empty:
    """aiosmtpd's handler that stores nothing."""

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
        """Taken."""
        return "250 OK"


async def serve(which: str) -> None:
    """Listen, print the port, serve until standard input ends, print the CPU seconds since its first line."""
    if which == "ours":
        listener = Listener(Limits(), accept_recipient, receive, refuse_by_mail)
        await listener.start()
        port = listener.port
    else:
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(Empty(), hostname="x"), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    start = time.process_time()
    await asyncio.to_thread(sys.stdin.read)
    print(time.process_time() - start, flush=True)
    os._exit(0)


def rate(which: str, size: int) -> tuple[float, float]:
    """One run against a fresh server: mails a second, and mails per second of the server's CPU time."""
    with subprocess.Popen(
        [sys.executable, __file__, "--serve", which], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        assert server.stdin is not None
        source(port, SIZES[size] // 10, size=size)
        server.stdin.write("\n")
        server.stdin.flush()
        speed = source(port, SIZES[size], size=size)
        server.stdin.close()
        cpu = float(server.stdout.readline())
    return speed, SIZES[size] / cpu


def main() -> None:
    """Print a table of medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", choices=("ours", "stock"))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.serve))
        return
    print("load: smtp-source -d, 10 connections, nothing stored")
    print("mails a second, and per second of the server's CPU time, which a busy machine distorts less")
    print(f"{'mail':>8}  {'aiosmtpd':>8}  {'ours':>8}  {'ratio':>6}  {'aiosmtpd':>8}  {'ours':>8}  {'ratio':>6}  bar")
    for size, bar in BARS.items():
        runs: dict[str, list[tuple[float, float]]] = {"stock": [], "ours": []}
        for _ in range(arguments.rounds):
            for which, found in runs.items():
                found.append(rate(which, size))
        line = f"{size:>8}"
        for column in (0, 1):
            stock, ours = (statistics.median(run[column] for run in found) for found in runs.values())
            line += f"  {stock:>8.0f}  {ours:>8.0f}  {ours / stock:>6.1f}"
        print(f"{line}  {bar}", flush=True)


if __name__ == "__main__":
    main()
