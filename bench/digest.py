"""How many bytes a digest has, by form, and how much of it is the authors' own text: `python -m bench.digest`.

Digests of 30 posts each are made of the lists in ../shared/data/lists (or the mboxes named). The figure is the median,
over these digests, of the bytes of text + HTML to the bytes of a MIME digest of the same posts.
"""

import statistics
import sys
import tempfile
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection

from listserver.actions import archive, digests, importing
from listserver.core import content, repair
from listserver.core.message import read
from listserver.core.packing import unpack_json
from listserver.core.site import Site
from listserver.store import digests as rows
from listserver.store import lists, migrations
from listserver.store.digests import Issue
from listserver.store.engine import Store

SITE = Site("lists.example", "Lists", "admin@lists.example", "en", "https://lists.example", b"s" * 32)
NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)
LISTS = Path(__file__).parent.parent.parent / "shared" / "data" / "lists"
POSTS, SIZE = 1_500, 30
FORMS = ("mime", "plain", "html")


def fill(store: Store, path: Path) -> int:
    """A list of the posts in the middle of an mbox; gives its id."""
    name = path.name.partition(".")[0]
    list_id = store.write_now(lambda conn: lists.add(conn, name, {}, NOW))
    lst = store.read_now(lambda conn: lists.get(conn, list_id))
    batch = []
    for mail in islice(importing.mails(path), 2_000, 2_000 + POSTS):
        post = read(mail.raw)
        at = repair.arrival(post, mail.at, NOW) or NOW
        batch.append(archive.prepare(post, list_id, "en", at, author=repair.author(post)))
    for start in range(0, len(batch), 250):
        store.write_now(lambda conn, some=batch[start : start + 250]: archive.file_all(conn, lst, some))  # type: ignore[misc]
    return list_id


def measure(conn: Connection, list_id: int) -> list[tuple[dict[str, int], int]]:
    """For each digest: bytes by form, and characters of own text."""
    found = []
    for after in range(0, POSTS - SIZE, SIZE):
        upto = after + SIZE
        edition = rows.find(conn, rows.add(conn, list_id, "daily", after, upto, NOW))
        assert edition is not None
        sizes = {}
        for form in FORMS:
            _, mail = digests.compose(conn, SITE, Issue(edition.id, form, ((after, upto),)))
            sizes[form] = len(mail or b"")
        texts = [content.own(unpack_json(row.content)) for row in rows.items(conn, edition, raws=False)]
        found.append((sizes, sum(len(text.encode()) for text in texts)))
    return found


def main() -> None:
    paths = [Path(arg) for arg in sys.argv[1:]] or sorted(LISTS.glob("*.mbox.xz"))
    print(f"{'':30} {'MIME':>9} {'plain':>9} {'html':>9} html/MIME   own text: MIME  plain   html")
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/bench.db"
            migrations.upgrade(url)
            with Store.open(url) as store:
                list_id = fill(store, path)
                found = store.write_now(lambda conn, of=list_id: measure(conn, of))  # type: ignore[misc]
        middle = {form: int(statistics.median(sizes[form] for sizes, _ in found)) for form in FORMS}
        ratio = statistics.median(sizes["html"] / sizes["mime"] for sizes, _ in found)
        own = [statistics.median(octets / sizes[form] for sizes, octets in found) for form in FORMS]
        sizes_ = " ".join(f"{middle[form]:9,}" for form in FORMS)
        shares = f"{own[0]:16.2f} {own[1]:6.2f} {own[2]:6.2f}"
        print(f"{path.name.partition('.')[0]:24} ({len(found):3}) {sizes_} {ratio:9.2f} {shares}")


if __name__ == "__main__":
    main()
