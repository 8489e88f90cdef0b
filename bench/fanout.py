"""One post to 10,000 members, as the whole program does it, against Postfix's smtp-source -d: `python bench/fanout.py`.

A `serve` takes the post by SMTP into SQLite, composes, and sends into smtp-sink, once a personal copy for each member
and once equal copies in batches; smtp-source sends as many mails of 2 kB into the same sink. They take turns, and only
the ratios count.
"""

import argparse
import asyncio
import smtplib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.postfix import sink, source  # noqa: E402
from listserver.store import migrations, tables  # noqa: E402
from listserver.store.engine import Store  # noqa: E402
from tests import community  # noqa: E402
from tests.relay import Script, relay  # noqa: E402
from tests.running import Serve  # noqa: E402

BARS = {"each": 1.0, "batch": 3.0}
OPEN = {"posting": "anyone", "moderation": "none", "non_members": "accept", "hourly_posts": 0}


def post(port: int, name: str, number: int, octets: int = 2_000) -> float:
    """Post by SMTP; the moment of its 250. octets: of each copy, about."""
    mail = (
        f"From: Anna <anna@x.example>\r\nTo: {name}@lists.example.org\r\nSubject: bench {number}\r\n"
        f"Message-ID: <{time.time_ns()}@x.example>\r\nDate: Sun, 01 Mar 2026 12:00:00 +0000\r\n\r\n"
    ) + ("x" * 70 + "\r\n") * ((octets - 850) // 72)
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("anna@x.example", [f"{name}@lists.example.org"], mail)
        return time.perf_counter()


def left(store: Store) -> int:
    """Rows on their way out."""
    rows = select(func.count()).select_from(tables.deliveries)
    return store.read_now(lambda conn: conn.execute(rows).scalar_one())


class Found(NamedTuple):
    """speed: copies a second from the 250 to the last row. memory: the server's meanwhile. cpu: µs a copy."""

    speed: float
    memory: int
    cpu: float


def fan_out(serve: Serve, store: Store, count: int, begin: Callable[[], object]) -> Found:
    """So many copies, which `begin` plans."""
    before = serve.cpu()
    begin()
    start = time.perf_counter()
    memory = 0
    while left(store):
        memory = max(memory, serve.memory())
        time.sleep(0.03)
    seconds = time.perf_counter() - start
    return Found(count / seconds, memory, 1e6 * (serve.cpu() - before) / count)


def sender(folder: Path, url: str, port: int, **settings: str) -> Serve:
    """A server that takes posts and sends copies to that port of this machine."""
    settings |= {"RELAY__URL": f"smtp://127.0.0.1:{port}", "WEB__LISTEN": ""}
    return Serve(folder, database=url, only="smtp,delivery", **settings)


def measured(doc: str | None, measure: Callable[[Path, int, int], None], *, members: int, rounds: int) -> None:
    """The program: `measure` in a folder for it, with as many members and rounds as the command line says."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n\n")[0])
    parser.add_argument("--members", type=int, default=members)
    parser.add_argument("--rounds", type=int, default=rounds)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.members, arguments.rounds)


def rates(folder: Path, members: int, rounds: int) -> None:
    """Print the medians and the ratios."""
    url = f"sqlite:///{folder}/listserver.db"
    migrations.upgrade(url)
    with Store.open(url) as store, sink() as port:
        for name in BARS:
            store.write_now(lambda conn, name=name: community.build(conn, members, name, copies=name, **OPEN))
        with sender(folder, url, port) as serve:
            smtp = serve.ports["smtp"]
            idle = serve.memory()
            found: dict[str, list[float]] = {"source": [], "each": [], "batch": []}
            cpu: dict[str, list[float]] = {name: [] for name in BARS}
            most = 0
            for number in range(rounds + 1):  # the first is not counted
                found["source"].append(source(port, members))
                for name in BARS:
                    one = fan_out(serve, store, members, partial(post, smtp, name, number))
                    found[name].append(one.speed)
                    cpu[name].append(one.cpu)
                    most = max(most, one.memory)
    base = statistics.median(found["source"][1:])
    print(f"smtp-source -d -s 10 -l 2000: {base:,.0f}/s = 1.0")
    for name, bar in BARS.items():
        speed = statistics.median(found[name][1:])
        ratios = [ours / theirs for ours, theirs in zip(found[name][1:], found["source"][1:], strict=True)]
        middle = statistics.median(ratios)
        print(f"copies = {name}, {members:,} members: {speed:,.0f}/s, ratio {middle:.2f} of each round (bar {bar});")
        print(f"  processor time {statistics.median(cpu[name][1:]):.0f} µs a copy")
    print(f"memory: idle {idle >> 20} MiB, during a fan-out at most {most >> 20} MiB")


async def first_copy(folder: Path, rounds: int) -> None:
    """Print the time from the 250 to the first copy, which our own relay sees."""
    url = f"sqlite:///{folder}/first.db"
    migrations.upgrade(url)
    seen: list[float] = []

    def answer(verb: str, line: str, nth: int) -> bytes | None:
        if verb == "DOT":
            seen.append(time.perf_counter())
        return None

    async with relay(Script(answer)) as script:
        with Store.open(url) as store:
            store.write_now(lambda conn: community.build(conn, 10, "first", **OPEN))
        times = []
        with sender(folder / "first", url, script.port) as serve:
            for number in range(rounds):
                seen.clear()
                accepted = await asyncio.to_thread(post, serve.ports["smtp"], "first", number)
                while len(seen) < 10:  # noqa: ASYNC110
                    await asyncio.sleep(0.002)
                times.append(1000 * (seen[0] - accepted))
    print(f"first copy after the 250: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms (bar 50)")


def everything(folder: Path, members: int, rounds: int) -> None:
    """Print all of it."""
    rates(folder, members, rounds)
    asyncio.run(first_copy(folder, 20))


if __name__ == "__main__":
    measured(__doc__, everything, members=10_000, rounds=5)
