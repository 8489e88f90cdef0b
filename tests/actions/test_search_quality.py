"""Whether "best" finds what people look for: posts of real lists, sought by some of their words, on both engines."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Row, select

from listserver.actions import importing
from listserver.core import content
from listserver.core.actor import OPERATOR
from listserver.core.packing import unpack_json
from listserver.core.query_text import read_query
from listserver.store import lists, search
from listserver.store.engine import Store
from listserver.store.search import Results, Scope, Sort
from listserver.store.tables import bodies, posts, threads

NAMES = ("twisted-python", "usrp-users")
QUERIES = 200
HARDEST = 30
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_WORD = re.compile(r"(?<![\w@./-])[a-z]{4,20}(?![\w@/-])")


@dataclass(frozen=True)
class Sought:
    """A post, and how somebody may look for it who remembers three of its words, and its author or its year."""

    typed: str
    list_id: int
    post: Row[Any]


@contextmanager
def filled(url: str, folder: Path) -> Iterator[Store]:
    """The real lists in a database."""
    with Store.open(url) as store:
        for name in NAMES:
            list_id = store.write_now(lambda conn, name=name: lists.add(conn, name, {}, NOW))
            lst = store.read_now(lambda conn, list_id=list_id: lists.get(conn, list_id))
            for _ in importing.run(store, OPERATOR, lst, [folder / f"{name}.mbox.xz"], NOW):
                pass
        yield store


def sought(conn: Connection) -> list[Sought]:
    """Drawn by chance, but the same at each run; posts with few words of their own say nothing."""
    wanted = (
        select(posts, bodies.c.content, threads.c.identifier.label("thread"))
        .join(bodies, bodies.c.post_id == posts.c.id)
        .join(threads, threads.c.id == posts.c.thread_id)
        .where(posts.c.state == "shown")
        .order_by(posts.c.list_id, posts.c.number)
    )
    rng = random.Random(5)
    rows = rng.sample(list(conn.execute(wanted)), 3_000)
    texts = [content.own(unpack_json(row.content)).lower()[:4_000] for row in rows]
    counted = Counter(word for text in texts for word in set(_WORD.findall(text)))
    common = {word for word, _ in counted.most_common(100)}
    found: list[Sought] = []
    for row, text in zip(rows, texts, strict=True):
        words = sorted(set(_WORD.findall(text)) - common)
        names = re.findall(r"[^\s\"':]{3,}", row.author_name)
        if len(words) >= 8 and names:
            known = f"from:{names[-1]}" if len(found) % 2 else f"since:{row.sent_at.year} until:{row.sent_at.year}"
            found.append(Sought(" ".join([*rng.sample(words, 3), known]), row.list_id, row))
    return found[:QUERIES]


def look(store: Store, one: Sought, *, by_thread: bool = False) -> Results:
    query = read_query(one.typed, NOW.date())
    how: dict[str, Any] = {"sort": Sort.BEST, "by_thread": by_thread}
    return store.read_now(lambda conn: search.search(conn, [Scope(one.list_id, "en")], query, **how))


def place(results: Results, one: Sought) -> int:
    """Where the post stands among the results, from 1; 21 if it is not on the first page."""
    return next(
        (at for at, hit in enumerate(results.hits, 1) if hit.identifier == one.post.identifier), search.PAGE + 1
    )


def explained(results: Results, one: Sought, at: int) -> str:
    """Why others stand before it."""
    before = results.hits[: at - 1]
    if not before:
        return "nothing stands before it"
    words = set(one.typed.split()[:3])
    named = sum(bool(words & set(_WORD.findall(hit.subject.lower()))) for hit in before)
    newer = sum(hit.sent_at > one.post.sent_at for hit in before)
    size = f"it has {one.post.size / 1000:.0f} kB"
    there = (
        f"{results.posts} posts have all words; of those before it {named} name one in the subject, {newer} are newer"
    )
    return f"{there}; {size}"


@pytest.mark.soak
def test_known_posts_are_found_and_both_engines_agree(shared: Path, sqlite_url: str, postgres_url: str) -> None:
    folder = shared / "data" / "lists"
    with filled(sqlite_url, folder) as store, filled(postgres_url, folder) as other:
        asked = store.read_now(sought)
        found = [look(store, one) for one in asked]
        places = [place(results, one) for results, one in zip(found, asked, strict=True)]
        tops = [[hit.identifier for hit in results.hits[:3]] for results in found]
        theirs = [[hit.identifier for hit in look(other, one).hits[:3]] for one in asked]
        threads = [[hit.thread_identifier for hit in look(store, one, by_thread=True).hits[:5]] for one in asked]
    alike = sum(top == their for top, their in zip(tops, theirs, strict=True))
    first = sum(at <= 5 for at in places)
    grouped = sum(one.post.thread in top for one, top in zip(asked, threads, strict=True))
    print(
        f"\n{len(asked)} queries: the post among the first five {first / QUERIES:.1%}, first {places.count(1)}", end=""
    )
    print(f"; its thread among the first five {grouped / QUERIES:.1%}; engines agree on three {alike / QUERIES:.1%}")
    print(f"the {HARDEST} hardest:")
    hardest = sorted(zip(places, asked, found, strict=True), key=lambda each: -each[0] * 10_000 - each[2].posts)
    for at, one, results in hardest[:HARDEST]:
        print(f"  {at if at <= search.PAGE else '> 20':>4}  {one.typed:60} {explained(results, one, at)}")
    assert len(asked) == QUERIES
    assert first >= 0.95 * QUERIES
    assert grouped >= 0.95 * QUERIES
    assert alike >= 0.9 * QUERIES
