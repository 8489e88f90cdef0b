"""Exporting an archive: the bytes as they arrived, into files that every mail program reads."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from listserver.actions import access
from listserver.actions.access import Verb
from listserver.core import mbox
from listserver.core.actor import Actor
from listserver.core.packing import unpack
from listserver.errors import UsageError
from listserver.store import posts
from listserver.store.engine import Store
from listserver.store.lists import List

PAGE = 200  # posts held at a time

_Pages = Iterator[list[Row[Any]]]


def export(store: Store, actor: Actor, lst: List, form: str, out: Path) -> Iterator[int]:
    """Write all posts but deleted ones below the folder `out`; gives how many are written after each page.

    form: "mbox" (OUT/LIST.mbox, mboxrd) or "maildir" (OUT/LIST/). They hold everybody's addresses, so they are made
    for their owner only. Raises UsageError where that is there already.
    """
    store.read_now(lambda conn: access.require(conn, actor, Verb.CONFIGURE, lst.id))
    target = out / (f"{lst.name}.mbox" if form == "mbox" else lst.name)
    if target.exists():
        raise UsageError(f"{target} is there already. Name another folder with --out, or move it away.")
    out.mkdir(parents=True, exist_ok=True)
    write = _mbox if form == "mbox" else _maildir
    yield from write(target, _pages(store, lst))


def _pages(store: Store, lst: List) -> _Pages:
    after = 0
    while page := store.read_now(partial(_page, list_id=lst.id, after=after)):
        yield page
        after = page[-1].number


def _page(conn: Connection, list_id: int, after: int) -> list[Row[Any]]:
    return posts.page_of_raw(conn, list_id, after, PAGE)


def _mbox(target: Path, pages: _Pages) -> Iterator[int]:
    count = 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for page in pages:
            for row in page:
                head = mbox.separator(row.author_address, row.received_at)
                file.write(head + mbox.quote(unpack(row.enc, row.bytes)))
            count += len(page)
            yield count


def _maildir(target: Path, pages: _Pages) -> Iterator[int]:
    count = 0
    target.mkdir(mode=0o700)
    for folder in ("tmp", "new", "cur"):
        (target / folder).mkdir()
    for page in pages:
        for row in page:
            # Names sort by number, so that an import gives the posts the same order.
            name = f"{row.number:010}.{int(row.received_at.timestamp())}.listserver:2,S"
            (target / "cur" / name).write_bytes(unpack(row.enc, row.bytes))
        count += len(page)
        yield count
