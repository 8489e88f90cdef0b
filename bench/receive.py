"""Durable receiving, the whole way to the 250 after the commit, against aiosmtpd that stores nothing.

A list of one member who gets digests, so that nothing leaves; SQLite (synchronous FULL) and, where Debian's PostgreSQL
is installed, PostgreSQL. smtp-source loads them in turn over ten connections: `python -m bench.receive`.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from bench.postfix import source
from bench.receive_door import rate
from listserver.actions import lists, membership
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.store import migrations
from listserver.store.engine import Store
from tests import postgres
from tests.community import NOW
from tests.running import Serve

AUTHOR, LIST = "anna@x.example", "talk@lists.example.org"
COUNTS = {2_000: 3_000, 50_000: 600}  # octets of a mail: mails of a run
BARS = {2_000: 1.0, 50_000: 4.0}
PEER_BAR = 0.7  # PostgreSQL against SQLite


@contextmanager
def server(url: str, folder: Path) -> Iterator[int]:
    """A `serve` with that list; its SMTP port."""
    migrations.upgrade(url)
    with Store.open(url) as store:
        wanted = {"hourly_posts": "0"}
        talk = store.write_now(lambda conn: lists.create(conn, OPERATOR, "talk", wanted, NOW)).list
        entries = [Entry(AUTHOR, "Anna")]
        store.write_now(lambda conn: membership.add(conn, OPERATOR, talk, entries, NOW, mode="digest"))
    with Serve(folder, database=url, only="smtp", WEB__LISTEN="") as serve:
        yield serve.ports["smtp"]


def ours(port: int) -> Callable[[int], float]:
    """Mails a second of one size into a running server."""
    return lambda size: source(port, COUNTS[size], size=size, sender=AUTHOR, to=LIST)


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peers: dict[str, Callable[[int], float]] = {"aiosmtpd": lambda size: rate("stock", size)[0]}
        peers["sqlite"] = ours(stack.enter_context(server(f"sqlite:///{folder}/l.db", folder / "sqlite")))
        if postgres.binaries():
            cluster = stack.enter_context(postgres.Server(fsync="on", full_page_writes="on"))
            with psycopg.connect(host=str(cluster.folder), user="postgres", autocommit=True) as conn:
                conn.execute("CREATE DATABASE bench")
            peers["postgresql"] = ours(stack.enter_context(server(cluster.url("bench"), folder / "postgresql")))
        for size in COUNTS:
            found = {name: [measure(size) for _ in range(rounds)] for name, measure in peers.items()}
            _print(size, {name: statistics.median(speeds) for name, speeds in found.items()})


def _print(size: int, speed: dict[str, float]) -> None:
    print(f"mails of {size:,} octets: aiosmtpd, nothing stored: {speed['aiosmtpd']:,.0f}/s = 1.0")
    ratio = speed["sqlite"] / speed["aiosmtpd"]
    print(f"  on SQLite, durable: {speed['sqlite']:,.0f}/s, ratio {ratio:.2f} (bar {BARS[size]})")
    if "postgresql" in speed:
        ratio = speed["postgresql"] / speed["sqlite"]
        print(f"  on PostgreSQL, durable: {speed['postgresql']:,.0f}/s, {ratio:.2f} of SQLite's (bar {PEER_BAR})")


if __name__ == "__main__":
    main()
