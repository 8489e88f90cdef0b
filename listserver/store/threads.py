"""Rows of threads, and the shelf: what bears on new posts, loaded and written back in a fixed number of statements."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, insert, select, true, union_all, update

from listserver.core.subject import parse_subject
from listserver.core.thread import SLACK, WINDOW, Newcomer, Shelf, Standing, Thread, Waiting
from listserver.store.fast import Fast
from listserver.store.tables import awaited, posts, thread_marks, threads

FAR_UP = 1_000  # ancestors that are looked at before a post may adopt another
CHUNK = 500  # values in one IN

_STANDING = (
    posts.c.id,
    posts.c.identifier,
    posts.c.message_id,
    posts.c.subject,
    posts.c.sent_at,
    posts.c.thread_id,
    posts.c.parent_id,
    posts.c.distance,
)
_THREAD = (
    threads.c.identifier.label("thread_identifier"),
    threads.c.subject.label("thread_subject"),
    threads.c.root_id,
    threads.c.parent_id.label("grew_from"),
    threads.c.posts,
    threads.c.first_at,
    threads.c.last_at,
    threads.c.last_id,
)
_ALL = (*_STANDING, posts.c.content_hash, posts.c.number, *_THREAD)
_PLACED = select(*_ALL).join(threads, threads.c.id == posts.c.thread_id)

_KNOWN = Fast(
    _PLACED.where(
        posts.c.list_id == bindparam("list"), posts.c.identifier.in_(bindparam("identifiers", expanding=True))
    ),
    *("list", "identifiers"),
)
_WAITING_PLACED = (
    select(*_ALL, awaited.c.message_id.label("absent"), awaited.c.distance.label("steps"), awaited.c.joins)
    .select_from(awaited)
    .join(posts, posts.c.id == awaited.c.post_id)
    .join(threads, threads.c.id == posts.c.thread_id)
    .where(awaited.c.list_id == bindparam("list"))
)
_FOR_THESE = _WAITING_PLACED.where(awaited.c.message_id.in_(bindparam("these", expanding=True)))
_LIKE_THESE = _WAITING_PLACED.where(
    awaited.c.message_id.in_(bindparam("named", expanding=True)), awaited.c.joins == true()
)
_FOR_EITHER = Fast(union_all(_FOR_THESE, _LIKE_THESE), "list", "these", "named")
_FOR_ALONE = Fast(_FOR_THESE, "list", "these")
_SAME_SUBJECT = Fast(
    _PLACED.where(
        posts.c.list_id == bindparam("list"),
        posts.c.subject_key == bindparam("key"),
        posts.c.sent_at.between(bindparam("earliest"), bindparam("latest")),
    )
    .order_by(posts.c.sent_at.desc(), posts.c.id.desc())
    .limit(1),
    *("list", "key", "earliest", "latest"),
)
_up = (
    select(posts.c.id, posts.c.parent_id)
    .where(posts.c.id.in_(bindparam("ids", expanding=True)))
    .cte("up", recursive=True)
)
_up = _up.union(select(posts.c.id, posts.c.parent_id).join(_up, posts.c.id == _up.c.parent_id))
_UPWARD = select(_up.c.id).limit(bindparam("limit")).subquery()
_ANCESTORS = _PLACED.join(_UPWARD, _UPWARD.c.id == posts.c.id)

_COLUMNS = ("identifier", "subject", "root_id", "parent_id", "posts", "first_at", "last_at", "last_id")
_ADD = Fast(insert(threads), "id", "list_id", "changed", *_COLUMNS)
_CHANGE = Fast(
    update(threads)
    .where(threads.c.id == bindparam("thread"))
    .values(
        {
            **{column: bindparam(f"new_{column}") for column in _COLUMNS},
            "changed": threads.c.changed + 1,
        }
    ),
    *("thread", *(f"new_{column}" for column in _COLUMNS)),
)
_MOVE = update(posts).where(posts.c.thread_id == bindparam("gone")).values(thread_id=bindparam("into"))
_REGROW = update(threads).where(threads.c.parent_id == bindparam("gone")).values(parent_id=bindparam("into"))
_MARKED_BOTH = thread_marks.alias()
_MARKS_KEPT = (
    update(thread_marks)
    .where(
        thread_marks.c.thread_id == bindparam("gone"),
        ~exists().where(
            _MARKED_BOTH.c.member_id == thread_marks.c.member_id, _MARKED_BOTH.c.thread_id == bindparam("into")
        ),
    )
    .values(thread_id=bindparam("into"))
)
_GONE = threads.alias()
_ANSWER_KEPT = (
    update(threads)
    .where(threads.c.id == bindparam("into"), threads.c.answered_id.is_(None))
    .values(answered_id=select(_GONE.c.answered_id).where(_GONE.c.id == bindparam("gone")).scalar_subquery())
)
_REMOVE = delete(threads).where(threads.c.id == bindparam("gone"))
_REPARENT = (
    update(posts)
    .where(posts.c.id == bindparam("post"))
    .values(parent_id=bindparam("parent"), distance=bindparam("steps"))
)
_AWAIT = Fast(insert(awaited), "list_id", "message_id", "post_id", "distance", "joins")
_asker, _answer, _thanks = posts.alias("asker"), posts.alias("answer"), posts.alias("thanks")
# The first thanks counts: by who asked, for a post of somebody else in the same thread.
_ANSWER = (
    select(_answer.c.id)
    .select_from(_thanks)
    .join(_answer, _answer.c.id == _thanks.c.parent_id)
    .join(_asker, _asker.c.id == threads.c.root_id)
    .where(
        *(_thanks.c.id == bindparam("post"), _thanks.c.thread_id == threads.c.id, _answer.c.thread_id == threads.c.id),
        *(_thanks.c.state == "shown", _answer.c.state == "shown", _thanks.c.author_address != ""),
        _thanks.c.author_address == _asker.c.author_address,
        _answer.c.author_address != _asker.c.author_address,
    )
    .correlate(threads)
    .scalar_subquery()
)
_SOLVED = (
    update(threads)
    .where(threads.c.id == bindparam("thread"), threads.c.answered_id.is_(None))
    .values(answered_id=_ANSWER)
)
_ARRIVED = delete(awaited).where(
    awaited.c.list_id == bindparam("list"), awaited.c.message_id.in_(bindparam("these", expanding=True))
)


def known(conn: Connection, list_id: int, identifiers: Sequence[str]) -> Callable[[], list[Row[Any]]]:
    """Rows of the posts with these identifiers, each with its thread: for `load` and to find duplicates.

    They are asked for now, and given when the result is called.
    """
    chunks = (list(identifiers[start : start + CHUNK]) for start in range(0, len(identifiers), CHUNK))
    asked = [_KNOWN.ask(conn, {"list": list_id, "identifiers": some}) for some in chunks]
    return lambda: sorted((row for rows in asked for row in rows()), key=lambda row: int(row.id))


def load(conn: Connection, list_id: int, newcomers: Sequence[Newcomer], rows: Iterable[Row[Any]]) -> Shelf:
    """The shelf for placing these posts. rows: those of `known` for all that the newcomers name, oldest first."""
    shelf = Shelf()
    for row in rows:
        post = _put(shelf, row)
        shelf.named.setdefault(post.message_id, post)
    _load_waiting(conn, list_id, newcomers, shelf)
    arriving = {new.message_id for new in newcomers}
    for new in newcomers:
        subject = parse_subject(new.subject)
        if subject.reply and subject.key and not any(n in shelf.named or n in arriving for n in new.lineage):
            window = {"earliest": new.sent_at - WINDOW, "latest": new.sent_at + SLACK}
            for like in _SAME_SUBJECT.all(conn, {"list": list_id, "key": subject.key, **window}):
                shelf.offer(_put(shelf, like))
    adopting = _adopting(shelf, newcomers)
    if adopting and shelf.named:
        ids = [post.id for post in shelf.named.values()]
        for above in conn.execute(_ANCESTORS, {"ids": ids, "limit": FAR_UP * adopting}):
            _put(shelf, above)
    return shelf


def save_waiting(conn: Connection, list_id: int, shelf: Shelf, new: set[int]) -> None:
    """Write who waits for whom, and which older posts were adopted; after the rows of the new posts (ids `new`)."""
    moved = [p for p in shelf.reparented if p not in new]
    if moved:
        conn.execute(
            _REPARENT,
            [{"post": p, "parent": shelf.posts[p].parent_id, "steps": shelf.posts[p].distance} for p in moved],
        )
    here = set(shelf.arrived)
    waits = [w for w in shelf.waits if w.message_id not in here]
    if here:
        conn.execute(_ARRIVED, {"list": list_id, "these": list(here)})
    if waits:
        _AWAIT.put(
            conn,
            *(
                {
                    "list_id": list_id,
                    "message_id": w.message_id,
                    "post_id": w.post_id,
                    "distance": w.distance,
                    "joins": w.joins,
                }
                for w in waits
            ),
        )


def save_threads(conn: Connection, list_id: int, shelf: Shelf) -> tuple[list[int], int]:
    """Write the rows of new, changed and merged threads; the ids of new ones, and by how many the list has grown."""
    begun = [shelf.threads[t] for t in sorted(shelf.began) if t in shelf.threads]
    if begun:
        _ADD.put(conn, *({"id": t.id, "list_id": list_id, "changed": 0, **_columns(t)} for t in begun))
    changed = [shelf.threads[t] for t in sorted(shelf.touched - shelf.began)]
    if changed:
        _CHANGE.put(conn, *({"thread": t.id, **{f"new_{k}": v for k, v in _columns(t).items()}} for t in changed))
    gone = [t for t in shelf.merged if t not in shelf.began]
    for thread in gone:
        into = _survivor(shelf, thread)
        conn.execute(_MOVE, {"gone": thread, "into": into})
        conn.execute(_REGROW, {"gone": thread, "into": into})
        conn.execute(_MARKS_KEPT, {"gone": thread, "into": into})
        conn.execute(_ANSWER_KEPT, {"gone": thread, "into": into})
        conn.execute(_REMOVE, {"gone": thread})
    return [thread.id for thread in begun], len(begun) - len(gone)


def mark_answered(conn: Connection, thanks: Sequence[tuple[int, int]]) -> None:
    """What these (thread, post) say solved their threads, where their authors are those to say so. One statement."""
    if thanks:
        conn.execute(_SOLVED, [{"thread": thread, "post": post} for thread, post in thanks])


def _survivor(shelf: Shelf, thread: int) -> int:
    while thread in shelf.merged:
        thread = shelf.merged[thread]
    return thread


def _columns(thread: Thread) -> dict[str, Any]:
    return {column: getattr(thread, column) for column in _COLUMNS}


def _load_waiting(conn: Connection, list_id: int, newcomers: Sequence[Newcomer], shelf: Shelf) -> None:
    """Who waits for the new posts, and who waits for what they name and is not here either."""
    these = list({new.message_id for new in newcomers})
    named = list({name for new in newcomers for name in _perhaps_absent(new, shelf)})
    seen: set[tuple[str, int]] = set()  # a row may come by both ways
    for start in range(0, max(len(these), len(named)), CHUNK):
        for row in _waiting(conn, list_id, these[start : start + CHUNK], named[start : start + CHUNK]):
            if (row.absent, row.id) in seen:
                continue
            seen.add((row.absent, row.id))
            post = _put(shelf, row)
            shelf.awaiting.setdefault(row.absent, []).append(Waiting(row.absent, post.id, row.steps, row.joins))
            if row.joins:
                shelf.joins[row.absent] = post


def _waiting(conn: Connection, list_id: int, these: list[str], named: list[str]) -> list[Any]:
    if not these:
        return list(conn.execute(_LIKE_THESE, {"list": list_id, "named": named}))
    if not named:
        return _FOR_ALONE.all(conn, {"list": list_id, "these": these})
    return _FOR_EITHER.all(conn, {"list": list_id, "these": these, "named": named})


def _perhaps_absent(new: Newcomer, shelf: Shelf) -> list[str]:
    """The ancestors of which a thread may know although they are not here; mostly none (see Shelf.place)."""
    if new.lineage and new.lineage[0] in shelf.named and shelf.named[new.lineage[0]].parent_id is not None:
        return []
    return [name for name in new.lineage if name not in shelf.named]


def _adopting(shelf: Shelf, newcomers: Sequence[Newcomer]) -> int:
    """How many newcomers with ancestors are waited for, by posts that are here or by some that come with them."""
    named: set[str] = set()
    count = 0
    for new in newcomers:
        count += bool(new.lineage) and (new.message_id in shelf.awaiting or new.message_id in named)
        named.update(new.lineage)
    return count


def _put(shelf: Shelf, row: Any) -> Standing:
    if row.thread_id not in shelf.threads:
        shelf.threads[row.thread_id] = Thread(
            row.thread_id,
            row.thread_identifier,
            row.thread_subject,
            row.root_id,
            row.grew_from,
            row.posts,
            row.first_at,
            row.last_at,
            row.last_id,
        )
    return shelf.know(
        Standing(
            row.id,
            row.identifier,
            row.message_id,
            row.subject,
            row.sent_at,
            row.thread_id,
            row.parent_id,
            row.distance,
        )
    )
