"""What readers cost those who post: the median time to a 250 of 20 clients, alone and with 8 readers at full speed.

A list of real posts on SQLite, one `serve` that does all; clients and readers keep their connections, and ask again as
soon as they have their answer: `python -m bench.reading`. The bar: the median grows by less than 20 %.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.archive import CONNECTIONS, Client, counted, fill, kinds
from bench.importing import LISTS, ROOT
from listserver.actions import lists as actions
from listserver.actions import membership
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.store import lists
from listserver.store.engine import Store
from tests.running import Serve

CLIENTS = 20
SECONDS = 4.0
BAR = 1.2
MEMBER = "anna@x.example"
NAME = "usrp-users"
KINDS = ("list front", "thread of 5", "post", "search")


async def post(port: int, number: int, until: float, times: list[float]) -> None:
    """Post over one connection until then; a time from the end of each mail to its 250."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()

    async def say(text: str) -> None:
        writer.write(text.encode())
        while (await reader.readline())[3:4] == b"-":
            pass

    await say("EHLO client.example\r\n")
    count = 0
    while time.perf_counter() < until:
        count += 1
        await say(f"MAIL FROM:<{MEMBER}>\r\n")
        await say(f"RCPT TO:<{NAME}@lists.example.org>\r\n")
        await say("DATA\r\n")
        head = f"From: Anna <{MEMBER}>\r\nTo: {NAME}@lists.example.org\r\nSubject: Post {number}.{count}\r\n"
        head += (
            f"Message-ID: <{time.time_ns()}.{number}@x.example>\r\nDate: {datetime.now(UTC):%a, %d %b %Y %T} +0000\r\n"
        )
        body = "The device was found, and the stream began late again today.\r\n" * 28
        began = time.perf_counter()
        writer.write(f"{head}\r\n{body}.\r\n".encode())
        answer = await reader.readline()
        times.append(time.perf_counter() - began)
        if not answer.startswith(b"250"):
            raise RuntimeError(answer.decode())
    writer.close()


async def posts(port: int, seconds: float) -> list[float]:
    """Times of all clients."""
    times: list[float] = []
    until = time.perf_counter() + seconds
    await asyncio.gather(*(post(port, number, until, times) for number in range(CLIENTS)))
    return times


async def read(port: int, paths: list[str]) -> None:
    """Read until this process is ended, and print how many pages."""
    done: list[float] = []
    asked = time.perf_counter()

    async def reader(at: int) -> None:
        client = Client(port)
        while time.perf_counter() - asked < SECONDS + 1:
            began = time.perf_counter()
            await client.get(paths[(at * 7 + len(done)) % len(paths)])
            done.append(time.perf_counter() - began)

    await asyncio.gather(*(reader(at) for at in range(CONNECTIONS)))
    print(
        f"{len(done) / (time.perf_counter() - asked):.0f} pages/s, median {1e3 * statistics.median(done):.0f} ms",
        end="",
    )


def run(url: str, folder: Path, rounds: int) -> None:
    """Rounds with and without readers in turn; prints medians and their ratio."""
    with Store.open(url) as store:
        lst = store.read_now(lambda conn: lists.find(conn, NAME))
        assert lst is not None
        now = datetime.now(UTC)
        wanted = {"posting": "anyone", "moderation": "none", "hourly_posts": "0"}
        store.write_now(lambda conn: actions.change(conn, OPERATOR, lst, wanted, now))
        store.write_now(lambda c: membership.add(c, OPERATOR, lst, [Entry(MEMBER, "Anna")], now, mode="digest"))
        found = [kind for kind in store.read_now(lambda conn: kinds(conn, NAME)) if kind.name in KINDS]
        counted(store, found)  # which follows redirects
        paths = [path for kind in found for path in kind.ours]
    limits = {"WEB__SEARCHES_PER_MINUTE": "0", "WEB__BASE_URL": "http://127.0.0.1", "RELAY__URL": f"folder://{folder}"}
    alone: list[float] = []
    together: list[float] = []
    with Serve(folder / "serve", database=url, **limits) as serve:
        for _ in range(rounds):
            alone.append(statistics.median(asyncio.run(posts(serve.ports["smtp"], SECONDS))))
            command = [sys.executable, "-m", "bench.reading", "--read", str(serve.ports["web"]), *paths]
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as readers:
                time.sleep(0.7)
                times = asyncio.run(posts(serve.ports["smtp"], SECONDS))
                together.append(statistics.median(times))
                said = readers.communicate()[0]
            print(f"  alone {1e3 * alone[-1]:.1f} ms, with readers {1e3 * together[-1]:.1f} ms", end="")
            print(f" ({len(times) / SECONDS:.0f} posts/s; {said})", flush=True)
    ratio = statistics.median(after / before for after, before in zip(together, alone, strict=True))
    print(f"the 250 of {CLIENTS} clients: {1e3 * statistics.median(alone):.1f} ms alone,", end=" ")
    print(f"{1e3 * statistics.median(together):.1f} ms with {CONNECTIONS} readers: {ratio:.2f} (bar {BAR})")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--archive", type=Path, help="an archive.db that bench.archive kept")
    parser.add_argument("--read", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        asyncio.run(read(int(given.read[0]), given.read[1:]))
        return
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        url = f"sqlite:///{folder}/archive.db"
        if given.archive:
            shutil.copyfile(given.archive, url.removeprefix("sqlite:///"))
        else:
            fill(url, [LISTS / f"{NAME}.mbox.xz"])
        run(url, Path(folder), given.rounds)


if __name__ == "__main__":
    main()
