"""Mails of another archive made ready for ours. Other processes do this, so it needs nothing but core."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from listserver.core import repair
from listserver.core.filing import Prepared, prepare
from listserver.core.message import read


class Found(NamedTuple):
    """A mail in a source. place: for people. at: when it came, as its mbox separator says."""

    place: str
    raw: bytes
    at: datetime | None


def prepare_all(batch: Iterable[Found], list_id: int, language: str, now: datetime) -> list[Prepared | str]:
    """Mails that follow each other, ready for that list; of one that shows a fault of ours, its place and the fault."""
    ready: list[Prepared | str] = []
    previous = now
    for mail in batch:
        try:
            post = read(mail.raw)
            previous = repair.arrival(post, mail.at, now) or previous  # without any date, the order decides
            prepared = prepare(post, list_id, language, previous, author=repair.author(post))
            known_by = repair.content_hash(post)
            ready.append(prepared if known_by == prepared.content_hash else replace(prepared, content_hash=known_by))
        except Exception as failure:  # one mail that shows a fault of ours must not end the import of thousands
            ready.append(f"{mail.place}: {failure!r}")
    return ready
