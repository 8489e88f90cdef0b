"""One post to 1,000 members through a real Postfix, against smtp-source into the same: `python -m bench.real_relay`.

Once a personal copy for each member, a transaction each, and once equal copies with XVERP, for which Postfix makes the
return addresses. It has a queue file a mail, and sends on into smtp-sink meanwhile; its queue is empty before each
round. They take turns, and only the ratios count.
"""

import argparse
import re
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from bench.fanout import OPEN, fan_out, post, sender
from bench.postfix import sink, source
from listserver.store import migrations
from listserver.store.engine import Store
from tests import community
from tests.interop.mtas import postfix
from tests.interop.peers import Peer

BARS = {"each": 0.95, "batch": 6.0}
QUEUES = ("maildrop", "incoming", "active", "deferred")
XVERP = "smtpd_authorized_verp_clients = 127.0.0.0/8\nsmtpd_client_connection_count_limit = 0\n"


def rest(peer: Peer) -> None:
    """Wait until Postfix has sent all on."""
    folders = [peer.folder / "spool/postfix" / name for name in QUEUES]
    while any(path.is_file() for folder in folders for path in folder.rglob("*")):
        time.sleep(0.2)


def rates(folder: Path, members: int, rounds: int) -> dict[str, list[float]]:
    """Mails a second that Postfix took, of smtp-source and of each way of ours; a list has one figure a round."""
    url = f"sqlite:///{folder}/listserver.db"
    migrations.upgrade(url)
    found: dict[str, list[float]] = {"source": [], **{name: [] for name in BARS}}
    with Store.open(url) as store, sink() as behind, postfix(behind, XVERP) as peer:
        for name in BARS:
            store.write_now(lambda conn, name=name: community.build(conn, members, name, copies=name, **OPEN))
        serve = sender(folder, url, peer.port, DOMAIN="lists.example.org")
        with serve:
            for number in range(rounds + 1):
                found["source"].append(source(peer.port, members))
                rest(peer)
                for name in BARS:
                    found[name].append(
                        fan_out(serve, store, members, partial(post, serve.ports["smtp"], name, number)).speed
                    )
                    rest(peer)
    return {name: speeds[1:] for name, speeds in found.items()}  # the first round is not counted


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=re.split(r"\n\n", __doc__ or "")[0])
    parser.add_argument("--members", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = rates(Path(folder), arguments.members, arguments.rounds)
    print(f"smtp-source -d -s 10 -l 2000 into Postfix: {statistics.median(found['source']):,.0f}/s = 1.0")
    for name, bar in BARS.items():
        ratios = [ours / theirs for ours, theirs in zip(found[name], found["source"], strict=True)]
        speed = statistics.median(found[name])
        print(f"copies = {name}: {speed:,.0f}/s, ratio {statistics.median(ratios):.2f} of each round (bar {bar})")


if __name__ == "__main__":
    main()
