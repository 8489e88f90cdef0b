"""What DKIM costs: a fan-out with RSA-2048 on, and with both keys, as ratios to without: `python -m bench.signing`.

Three servers, alike but for their keys, take turns into the same smtp-sink. Processor time is that of the server and of
the processes that sign for it.
"""

import shutil
import statistics
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from bench.fanout import OPEN, Found, fan_out, measured, post, sender
from bench.postfix import sink
from listserver import dkim_keys
from listserver.core.signing import Key
from listserver.store import migrations
from listserver.store.engine import Store
from tests import community
from tests.running import Serve

COPIES = ("each", "batch")
KINDS = ("unsigned", "RSA-2048", "both keys")
_NOW = datetime(2026, 3, 1, tzinfo=UTC)


def settings(folder: Path, kind: str) -> dict[str, str]:
    """The keys of one server."""
    if kind == "unsigned":
        return {}
    (folder / kind).mkdir(parents=True, exist_ok=True)
    found = {one.key.algorithm: one for one in dkim_keys.create(folder / kind / "dkim", "lists.example.org", _NOW)}
    if kind == "both keys":
        return {}
    own = shutil.copy(found["rsa"].path, folder / kind / "own.pem")
    shutil.rmtree(folder / kind / "dkim")
    return {"DKIM__KEY_FILE": str(own), "DKIM__SELECTOR": "s1"}


def ratios(folder: Path, members: int, rounds: int) -> None:
    """Print the medians and the ratios."""
    found: dict[tuple[str, str], list[Found]] = {(kind, name): [] for kind in KINDS for name in COPIES}
    with sink() as port, ExitStack() as stack:
        running: dict[str, tuple[Serve, Store]] = {}
        for kind in KINDS:
            url = f"sqlite:///{folder}/{kind}.db"
            migrations.upgrade(url)
            store = stack.enter_context(Store.open(url))
            for name in COPIES:
                store.write_now(lambda conn, name=name: community.build(conn, members, name, copies=name, **OPEN))
            serve = stack.enter_context(sender(folder / kind, url, port, **settings(folder, kind)))
            running[kind] = serve, store
        for number in range(rounds + 1):  # the first is not counted
            for kind, (serve, store) in running.items():
                for name in COPIES:
                    begin = partial(post, serve.ports["smtp"], name, number)
                    found[kind, name].append(fan_out(serve, store, members, begin))
    for name in COPIES:
        base = found["unsigned", name][1:]
        print(f"copies = {name}, {members:,} members, unsigned: {_rate(base):,.0f}/s = 1.0, {_cpu(base):.0f} µs a copy")
        for kind in KINDS[1:]:
            mine = found[kind, name][1:]
            ratio = statistics.median(ours.speed / bare.speed for ours, bare in zip(mine, base, strict=True))
            print(f"  {kind}: {_rate(mine):,.0f}/s, ratio {ratio:.2f} of each round, {_cpu(mine):.0f} µs a copy")
    print(f"processor time of a signature alone, RSA-2048: {alone():.0f} µs")


def _rate(found: list[Found]) -> float:
    return statistics.median(one.speed for one in found)


def _cpu(found: list[Found]) -> float:
    return statistics.median(one.cpu for one in found)


def alone() -> float:
    """Processor time of one RSA-2048 signature, in µs."""
    key = Key("lists.example.org", "s1", rsa.generate_private_key(65537, 2048))
    start = time.process_time()
    for _ in range(1000):
        key.sign_digest(b"d" * 32)
    return 1000 * (time.process_time() - start)


if __name__ == "__main__":
    measured(__doc__, ratios, members=10_000, rounds=5)
