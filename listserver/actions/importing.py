"""Importing an archive: mbox files, Maildirs and folders of mails go through the same filing as new posts.

Reading mails is most of the work, so processes beside this one do it while the database writes. What was filed is
committed by the batch: an import that was stopped is simply run again, since posts that are there are passed over.
"""

import contextlib
import gzip
import lzma
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple, cast

from sqlalchemy import Connection

from listserver.actions import access, archive
from listserver.actions.access import Verb
from listserver.actions.archive import Duplicate, Filed
from listserver.core import mbox
from listserver.core.actor import Actor
from listserver.core.filing import Prepared
from listserver.core.imported import Found, prepare_all
from listserver.core.old_links import Numbering
from listserver.core.old_links import name as old_link_name
from listserver.errors import UsageError
from listserver.helper_process import end_with_parent
from listserver.store import events, old_links
from listserver.store.engine import Store
from listserver.store.lists import List

BATCH = 250  # posts in a transaction
BATCH_OCTETS = 8_000_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did so far: posts filed, posts that were there already, where mails lie that could not be read."""

    filed: int = 0
    present: int = 0
    failed: tuple[str, ...] = ()

    @property
    def seen(self) -> int:
        """How many mails were looked at."""
        return self.filed + self.present + len(self.failed)


class OldLinks(NamedTuple):
    """How the archive that is imported named its posts. first: the number of the first mail."""

    numbering: Numbering
    first: int = 0


def run(  # noqa: PLR0913 (two of them are for few callers)
    store: Store,
    actor: Actor,
    lst: List,
    paths: Iterable[Path],
    now: datetime,
    *,
    workers: int | None = None,
    links: OldLinks | None = None,
) -> Iterator[Imported]:
    """File all mails below these paths; gives the state after each batch, the last one when all is done.

    workers: processes that read, 0 for none but this one. links: how the archive that they come from named them.
    Raises UsageError, Refused, Unavailable.
    """
    store.read_now(lambda conn: access.require(conn, actor, Verb.CONFIGURE, lst.id))
    batches = _batches(mail for path in paths for mail in mails(path))
    job = partial(prepare_all, list_id=lst.id, language=lst.settings.language, now=now)
    state = Imported()
    for ready in _worked(batches, job, (os.cpu_count() or 1) if workers is None else workers):
        posts = [one for one in ready if isinstance(one, Prepared)]
        names = _names(links, state.seen, ready) if links else []
        outcomes = store.write_now(partial(_file, lst=lst, posts=posts, names=names))
        filed = sum(isinstance(outcome, Filed) for outcome in outcomes)
        state = Imported(
            state.filed + filed,
            state.present + sum(isinstance(outcome, Duplicate) for outcome in outcomes),
            state.failed + tuple(one for one in ready if isinstance(one, str)),
        )
        yield state
    data = {"filed": state.filed, "present": state.present, "failed": len(state.failed)}
    store.write_now(lambda conn: events.record(conn, "archive-imported", actor, now, list_id=lst.id, data=data))
    yield state


def _file(conn: Connection, lst: List, posts: list[Prepared], names: list[str]) -> list[Filed | Duplicate]:
    outcomes = archive.file_all(conn, lst, posts, due=False) if posts else []
    if names:
        ids = [outcome.post_id for outcome in outcomes]
        old_links.learn(conn, lst.id, list(zip(names, ids, strict=True)))
    return outcomes


def _names(links: OldLinks, seen: int, ready: list[Prepared | str]) -> list[str]:
    """What those of a batch that could be read were called. Mails that could not be read have a number as well."""
    first = links.first + seen
    return [
        old_link_name(links.numbering, first + at, one.message_id)
        for at, one in enumerate(ready)
        if isinstance(one, Prepared)
    ]


# --- sources ----------------------------------------------------------------------------------------------------------


_DAMAGE = (EOFError, lzma.LZMAError, gzip.BadGzipFile)


def mails(path: Path) -> Iterator[Found]:
    """The mails in a file (one mail, or an mbox, perhaps compressed), a Maildir, or a folder of such files."""
    if not path.exists():
        raise UsageError(
            f"There is nothing at {path}: name an mbox file (also .gz, .xz), a Maildir or a folder of .eml."
        )
    if path.is_file():
        _require_mail(path)
        yield from _file_mails(path)
    elif (path / "cur").is_dir() and (path / "new").is_dir():
        for file in sorted((*(path / "cur").iterdir(), *(path / "new").iterdir()), key=lambda file: file.name):
            if octets := file.read_bytes():  # after a crash there may be empty ones
                yield Found(str(file), octets, None)
    else:
        for file in sorted(path.rglob("*")):
            if file.is_file() and {".eml", ".mbox"} & set(file.suffixes):
                yield from _file_mails(file)


def _require_mail(path: Path) -> None:
    """A file that was named by mistake is not filed as a post."""
    with contextlib.suppress(*_DAMAGE):  # said when it is read
        head = _head(path)
        if path.suffix != ".eml" and head and not mbox.is_mail(head):
            raise UsageError(f"{path} is neither a mail nor an mbox file: it begins with no header field.")


def _file_mails(path: Path) -> Iterator[Found]:
    try:
        head = _head(path)
        if not mbox.is_mbox(head) or path.suffix == ".eml":
            with _open(path) as opened:
                if octets := opened.read():
                    yield Found(str(path), octets, None)
            return
        with _open(path) as opened:
            for number, entry in enumerate(mbox.split(opened, unquote=mbox.quotes(head)), 1):
                yield Found(f"{path}, mail {number}", entry.raw, entry.at)
    except _DAMAGE as failure:
        raise UsageError(f"{path} is damaged ({failure}). What came before the damage is filed.") from failure


def _head(path: Path) -> bytes:
    with _open(path) as opened:
        return opened.read(mbox.HEAD)


def _open(path: Path) -> IO[bytes]:
    """The file, decompressed by what its first octets say (names of archives are often wrong)."""
    with path.open("rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    if start == b"\xfd7zXZ\x00":
        return cast(IO[bytes], lzma.open(path, "rb"))
    return path.open("rb")


def _batches(found: Iterable[Found]) -> Iterator[list[Found]]:
    batch: list[Found] = []
    octets = 0
    for mail in found:
        batch.append(mail)
        octets += len(mail.raw)
        if len(batch) == BATCH or octets >= BATCH_OCTETS:
            yield batch
            batch, octets = [], 0
    if batch:
        yield batch


# --- reading, in other processes --------------------------------------------------------------------------------------

_Job = Callable[[list[Found]], list[Prepared | str]]


def _worked(batches: Iterator[list[Found]], job: _Job, workers: int) -> Iterator[list[Prepared | str]]:
    """The batches made ready, in order. A source of one batch is not worth other processes."""
    first = list(_take(batches, 2))
    if len(first) < 2 or not workers:
        yield from map(job, first)
        yield from map(job, batches)
        return
    with _pool(workers) as pool:
        waiting: deque[Future[list[Prepared | str]]] = deque(pool.submit(job, batch) for batch in first)
        for batch in batches:
            waiting.append(pool.submit(job, batch))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _pool(workers: int) -> Executor:
    # spawn: this process has threads, and a fork would copy their locks.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent)


def _take(batches: Iterator[list[Found]], count: int) -> Iterator[list[Found]]:
    for _ in range(count):
        batch = next(batches, None)
        if batch is None:
            return
        yield batch
