"""Which threads are alike: an index of the words of their subjects, read when a thread begins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, union_all, update

from listserver.core.similar import NEWEST, WORDS, likest
from listserver.store.fast import Fast
from listserver.store.tables import posts, thread_words, threads

_NO_WORD = -1


@dataclass(frozen=True, slots=True)
class Alike:
    """A thread that is like another one."""

    identifier: str
    subject: str
    posts: int
    first_at: datetime


def _with_word(at: int) -> Any:
    newest = (
        select(thread_words.c.word, thread_words.c.thread_id)
        .where(
            thread_words.c.list_id == bindparam("list"),
            thread_words.c.word == bindparam(f"w{at}"),
            thread_words.c.thread_id < bindparam("before"),
        )
        .order_by(thread_words.c.thread_id.desc())
        .limit(NEWEST)
        .subquery()
    )
    return select(newest.c.word, newest.c.thread_id)


_ADD = Fast(insert(thread_words), "list_id", "word", "thread_id")
_OLDER = Fast(union_all(*map(_with_word, range(WORDS))), "list", "before", *(f"w{at}" for at in range(WORDS)))
_SET = Fast(
    update(threads).where(threads.c.id == bindparam("thread")).values(alike=bindparam("found")), "thread", "found"
)
_FORGET = delete(thread_words).where(
    thread_words.c.thread_id.in_(select(threads.c.id).where(threads.c.root_id == bindparam("root")))
)
_root = posts.alias("root")
_TITLES = Fast(
    select(threads.c.id, threads.c.identifier, threads.c.subject, threads.c.posts, threads.c.first_at)
    .join(_root, _root.c.id == threads.c.root_id)
    .where(
        threads.c.id.in_(bindparam("ids", expanding=True)),
        or_(_root.c.state == "shown", threads.c.posts > 1),
        threads.c.subject != "",
    ),
    "ids",
)


def learn(conn: Connection, list_id: int, begun: Mapping[int, Sequence[int]]) -> None:
    """Note the words (core.similar.telling) of new threads, and which older ones are like them.

    One statement for all words, and one for each new thread with some.
    """
    rows = [
        {"list_id": list_id, "word": word, "thread_id": thread} for thread, words in begun.items() for word in words
    ]
    _ADD.put(conn, *rows)
    asked = {thread: _older(conn, list_id, thread, words) for thread, words in begun.items() if words}
    alike = [{"thread": thread, "found": " ".join(map(str, likest(older())))} for thread, older in asked.items()]
    _SET.put(conn, *(one for one in alike if one["found"]))


def _older(conn: Connection, list_id: int, thread: int, words: Sequence[int]) -> Callable[[], dict[int, list[int]]]:
    """Older threads by word: asked for now, given when the result is called."""
    given = dict.fromkeys((f"w{at}" for at in range(WORDS)), _NO_WORD)
    given |= {f"w{at}": word for at, word in enumerate(words)}
    rows = _OLDER.ask(conn, {"list": list_id, "before": thread, **given})

    def older() -> dict[int, list[int]]:
        found: dict[int, list[int]] = {word: [] for word in words}
        for row in rows():
            found[row.word].append(row.thread_id)
        return found

    return older


def forget(conn: Connection, root_id: int) -> None:
    """The post that began a thread says something else now, or nothing: nothing is like it any more."""
    conn.execute(_FORGET, {"root": root_id})


def titles(conn: Connection, alike: str) -> list[Alike]:
    """The threads that a row of threads names as alike, best first, as far as readers may see them; one statement."""
    ids = [int(one) for one in alike.split()]
    rows = {row.id: Alike(*row[1:]) for row in _TITLES.all(conn, {"ids": ids})} if ids else {}
    return [rows[one] for one in ids if one in rows]
