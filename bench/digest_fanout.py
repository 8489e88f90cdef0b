"""One digest to 100,000 members, beside posts to as many: `python -m bench.digest_fanout`.

A `serve` sends into smtp-sink: a post of 2 kB, the digest, whose readers have chosen its three forms in turn, and a
post of as many octets as the digest has in the mean. Each copy has its own return address and links. They take turns,
and only the ratios count.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, update

from bench.fanout import OPEN, Found, fan_out, left, measured, post, sender
from bench.postfix import sink
from listserver.actions import archive, digests
from listserver.core.actor import OPERATOR
from listserver.core.message import read
from listserver.core.site import Site
from listserver.store import lists, migrations, tables
from listserver.store.digests import Edition, Issue
from listserver.store.engine import Store
from tests import community

FORMS = ("html", "plain", "mime")
POSTS = 20  # in one digest
LINE = "The sensor drifts by two percent a week in humid air; we correct it against salt.\r\n"
SITE = Site("lists.example.org", "Lists", "admin@example.org", "en", "https://lists.example.org", b"s" * 32)


def readers(conn: Connection, members: int) -> int:
    """A list whose members have chosen the forms of its digest in turn; its id."""
    made, table = community.build(conn, members, "digest", **OPEN), tables.members
    for place, form in enumerate(FORMS):
        chosen = table.c.list_id == made.list_id, table.c.id % len(FORMS) == place
        conn.execute(update(table).where(*chosen).values(mode="daily", receives="daily", digest_form=form))
    return made.list_id


def close(conn: Connection, list_id: int) -> Edition:
    """File some posts, and put a digest of them on its way."""
    now, lst = datetime.now(UTC), lists.get(conn, list_id)
    mails = [
        f"From: Anna <anna@x.example>\r\nSubject: Sensor {n // 3}\r\nMessage-ID: <{time.time_ns()}@x.example>\r\n"
        f"Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n\r\n{LINE * 12}"
        for n in range(POSTS)
    ]
    archive.file_all(conn, lst, [archive.prepare(read(mail.encode()), list_id, "en", now) for mail in mails])
    (edition,) = digests.send(conn, OPERATOR, lst, now, everything=True)
    return edition


def octets(conn: Connection, edition: Edition) -> int:
    """The mean size of its forms."""
    issues = (Issue(edition.id, form, ((edition.after, edition.upto),)) for form in FORMS)
    return int(statistics.mean(len(digests.compose(conn, SITE, issue)[1] or b"") for issue in issues))


def rates(folder: Path, members: int, rounds: int) -> None:
    """Print the medians."""
    url = f"sqlite:///{folder}/listserver.db"
    migrations.upgrade(url)
    with Store.open(url) as store, sink() as port:
        list_id = store.write_now(lambda conn: readers(conn, members))
        store.write_now(lambda conn: community.build(conn, members, "each", **OPEN))
        size = store.write_now(lambda conn: octets(conn, close(conn, list_id)))
        found: dict[str, list[Found]] = {"post, 2 kB": [], "digest": [], "post as large": []}
        with sender(folder, url, port) as serve:
            while left(store):
                time.sleep(0.1)  # the first digest, which is not counted
            idle = serve.memory()
            smtp = serve.ports["smtp"]
            begin: dict[str, Callable[[], object]] = {
                "post, 2 kB": lambda: post(smtp, "each", 1),
                "digest": lambda: store.write_now(lambda conn: close(conn, list_id)),
                "post as large": lambda: post(smtp, "each", 1, octets=size),
            }
            for _ in range(rounds):
                for name, one in begin.items():
                    found[name].append(fan_out(serve, store, members, one))
    print(f"{members:,} members, {POSTS} posts in a digest of {size:,} octets; memory before: {idle >> 20} MiB")
    for name, some in found.items():
        speed, cpu = (
            statistics.median(figures) for figures in zip(*((one.speed, one.cpu) for one in some), strict=True)
        )
        ratios = [one.speed / other.speed for one, other in zip(some, found["post as large"], strict=True)]
        most = max(one.memory for one in some) >> 20
        print(
            f"{name:14} {speed:8,.0f} copies/s, {statistics.median(ratios):.2f} of a post as large; "
            f"{cpu:.0f} µs of processor time a copy; memory at most {most} MiB"
        )


if __name__ == "__main__":
    measured(__doc__, rates, members=100_000, rounds=3)
