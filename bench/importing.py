"""How fast an archive is imported, with threads and search index: `python -m bench.importing [--growth] MBOX …`.

Ours is `listserver archive import` as a command; beside it public-inbox (Debian: apt install public-inbox) files the
same mails in the same run. Both use all processors; on a busy machine compare CPU seconds, which count all processes.
With --growth the first file is imported again and again under new Message-IDs, and the cost of a post printed as the
archive grows.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from listserver.actions import archive, importing  # noqa: E402
from listserver.core import mbox  # noqa: E402
from listserver.core.filing import Prepared, prepare  # noqa: E402
from listserver.core.imported import Found  # noqa: E402
from listserver.core.message import read  # noqa: E402
from listserver.store import lists, migrations  # noqa: E402
from listserver.store.engine import Store  # noqa: E402

LISTS = ROOT.parent / "shared" / "data" / "lists"
FILES = ("usrp-users.mbox.xz", "twisted-python.mbox.xz")
MARKS = (10_000, 30_000, 100_000, 200_000, 300_000, 400_000)
BARS = {"usrp-users": "2.0 x public-inbox", "twisted-python": "1,500 posts/s"}
PEER = """
use strict; use PublicInbox::InboxWritable;
my ($dir, $file) = @ARGV;
my $ibx = PublicInbox::InboxWritable->new({inboxdir => $dir, name => 'bench', version => 2,
  -primary_address => 'bench@example.org', address => ['bench@example.org'], indexlevel => 'full'}, {nproc => 2});
$ibx->init_inbox();
open my $fh, '<', $file or die; $ibx->import_mbox($fh, 'mboxrd');
"""


@dataclass(frozen=True)
class Took:
    """Seconds of the clock and of all processors."""

    wall: float
    cpu: float


def run(command: list[str]) -> Took:
    """What a command and its children take."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    quiet = subprocess.DEVNULL  # public-inbox has a word on each pipermail address
    subprocess.run(command, check=True, stdout=quiet, stderr=quiet, env=os.environ | {"PYTHONPATH": str(ROOT)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(time.perf_counter() - began, cpu)


def compare(source: Path, work: Path) -> None:
    """Import one mbox here and there, and print both."""
    name = source.name.partition(".")[0]
    plain = work / f"{name}.mbox"
    with plain.open("wb") as file:
        count = 0
        for found in importing.mails(source):
            file.write(b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + mbox.quote(found.raw))
            count += 1
    listserver = [sys.executable, "-m", "listserver", "--config", str(work / "listserver.toml")]
    run([*listserver, "list", "create", name])
    ours = run([*listserver, "archive", "import", name, str(plain)])
    print(f"{name}: {count} posts, {plain.stat().st_size / count / 1000:.1f} kB each; bar {BARS.get(name, 'none')}")
    print(f"  listserver    {count / ours.wall:6.0f} posts/s  {1e3 * ours.cpu / count:6.2f} ms CPU a post")
    if shutil.which("public-inbox-index") is None:
        print("  public-inbox is not installed: nothing to compare with")
        return
    (work / "peer.pl").write_text(PEER)
    peer = run(["perl", str(work / "peer.pl"), str(work / f"{name}.inbox"), str(plain)])
    print(f"  public-inbox  {count / peer.wall:6.0f} posts/s  {1e3 * peer.cpu / count:6.2f} ms CPU a post")
    print(f"  ratio         {peer.wall / ours.wall:6.2f} by the clock, {peer.cpu / ours.cpu:.2f} by CPU", flush=True)


def growth(source: Path, work: Path, until: int) -> None:
    """Import the same posts under new names until the archive is large; print what a post costs on the way."""
    url = f"sqlite:///{work / 'growth.db'}"
    migrations.upgrade(url)
    now = datetime.now(UTC)
    with Store.open(url) as store:
        list_id = store.write_now(lambda conn: lists.add(conn, "growth", {}, now))
        lst = store.read_now(lambda conn: lists.get(conn, list_id))
        ready = [_prepared(found, list_id, now) for found in importing.mails(source)]
        filed, spent, marks = 0, 0.0, [*(m for m in MARKS if m < until), until]
        first = 0.0
        since = 0
        for batch in _again(ready):
            began = time.process_time()  # of all threads: other programs do not count
            store.write_now(lambda conn, batch=batch: archive.file_all(conn, lst, batch))
            spent += time.process_time() - began
            filed += len(batch)
            if filed >= marks[0]:
                cost = 1e6 * spent / (filed - since)
                first = first or cost
                print(
                    f"  {filed:7} posts: {cost:5.0f} us CPU a post since the last line, {cost / first:.2f} x",
                    flush=True,
                )
                marks.pop(0)
                spent, since = 0.0, filed
            if not marks:
                return


def _prepared(found: Found, list_id: int, now: datetime) -> Prepared:
    post = read(found.raw)
    return prepare(post, list_id, "en", post.date or now)


def _again(ready: list[Prepared]) -> Iterator[list[Prepared]]:
    turn = 0
    while True:
        for start in range(0, len(ready), importing.BATCH):
            yield [
                replace(
                    post,
                    message_id=f"{turn}.{post.message_id}",
                    lineage=tuple(f"{turn}.{name}" for name in post.lineage),
                    subject_key=f"{post.subject_key} {turn}",
                )
                for post in ready[start : start + importing.BATCH]
            ]
        turn += 1


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mbox", nargs="*", type=Path, default=[LISTS / name for name in FILES])
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--until", type=int, default=500_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        work = Path(folder)
        if given.growth:
            growth(given.mbox[0], work, given.until)
            return
        run([sys.executable, "-m", "listserver", "init", "--domain", "lists.example.org", "--dir", str(work)])
        for source in given.mbox:
            compare(source, work)


if __name__ == "__main__":
    main()
