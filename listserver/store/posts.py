"""Rows of posts: with their bytes, and with what pages and the search need of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Row,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from listserver.core.filing import Prepared
from listserver.core.packing import unpack
from listserver.store import similar
from listserver.store.fast import Fast
from listserver.store.moment import Moment
from listserver.store.tables import addresses, bodies, lists, posts, raw, threads


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post with its number and its place, about to be written."""

    id: int
    number: int
    identifier: str
    person_id: int | None
    thread_id: int
    parent_id: int | None
    distance: int
    prepared: Prepared
    due: bool = True


_PREPARED = (
    *("message_id", "content_hash", "author_name", "author_address", "subject", "subject_key"),
    *("sent_at", "received_at", "size", "files", "opening", "state"),
)

_PLACED = ("id", "list_id", "number", "identifier", "person_id", "thread_id", "parent_id", "distance", "due")
_ADD = Fast(insert(posts), *_PREPARED, *_PLACED)
_ADD_RAW = Fast(insert(raw), "post_id", "enc", "bytes")
_ADD_BODY = Fast(insert(bodies), "post_id", "content", "words")
_ADD_WORDS = Fast(
    text("INSERT INTO full_text (rowid, subject, author, text, marks) VALUES (:id, :subject, :author, :text, :marks)"),
    *("id", "subject", "author", "text", "marks"),
)
_FORGET_WORDS = text(
    "INSERT INTO full_text (full_text, rowid, subject, author, text, marks)"
    " VALUES ('delete', :id, :subject, :author, :text, :marks)"
)
_NEXT_IDS = Fast(
    select(func.nextval(func.pg_get_serial_sequence("posts", "id"))).select_from(
        func.generate_series(1, bindparam("count", type_=Integer))
    ),
    "count",
)
_LAST_ID = Fast(select(func.coalesce(func.max(posts.c.id), 0)))
_AT = bindparam("at", type_=Moment)
_FILED = Fast(
    update(lists)
    .where(lists.c.id == bindparam("list"))
    .values(
        last_number=bindparam("number"),
        posts=lists.c.posts + bindparam("more"),
        threads=lists.c.threads + bindparam("more_threads"),
        last_post_at=case(
            (or_(lists.c.last_post_at.is_(None), lists.c.last_post_at < _AT), _AT),
            else_=lists.c.last_post_at,
        ),
        changed=lists.c.changed + 1,
    ),
    *("list", "number", "more", "more_threads", "at"),
)
_PEOPLE = Fast(
    select(addresses.c.key, addresses.c.person_id).where(addresses.c.key.in_(bindparam("keys", expanding=True))), "keys"
)
_BY_NUMBER = select(posts).where(posts.c.list_id == bindparam("list"), posts.c.number == bindparam("number"))
_SEEN = select(posts).where(posts.c.state == "shown")
_SHOWN = _SEEN.where(
    posts.c.list_id == bindparam("list"), posts.c.number.in_(bindparam("numbers", expanding=True))
).order_by(posts.c.number)
_NEWEST = _SEEN.where(posts.c.list_id == bindparam("list")).order_by(posts.c.number.desc()).limit(bindparam("limit"))
_OF_THREAD = _SEEN.where(posts.c.thread_id == bindparam("thread")).order_by(posts.c.number).limit(bindparam("limit"))
_COUNT_SINCE = select(func.count()).where(
    posts.c.list_id == bindparam("list"), posts.c.received_at > bindparam("since")
)
_BY_IDENTIFIER = select(posts).where(
    posts.c.list_id == bindparam("list"), posts.c.identifier == bindparam("identifier"), posts.c.state != "deleted"
)
_BY_MESSAGE_ID = (
    select(posts)
    .where(
        posts.c.list_id == bindparam("list"), posts.c.message_id == bindparam("message_id"), posts.c.state != "deleted"
    )
    .order_by(posts.c.id)
    .limit(1)
)
_RAW = select(raw.c.enc, raw.c.bytes).where(raw.c.post_id == bindparam("id"))
_SET_STATE = update(posts).where(posts.c.id == bindparam("post")).values(state=bindparam("to"))
_EMPTY = (
    update(posts)
    .where(posts.c.id == bindparam("post"))
    .values(
        state="deleted",
        person_id=None,
        author_name="",
        author_address="",
        subject="",
        subject_key="",
        opening="",
        size=0,
    )
)
_WORDS = select(bodies.c.words).where(bodies.c.post_id == bindparam("id"))
_NO_RAW = delete(raw).where(raw.c.post_id == bindparam("id"))
_NO_BODY = delete(bodies).where(bodies.c.post_id == bindparam("id"))
_CHANGED = update(lists).where(lists.c.id == bindparam("list")).values(changed=lists.c.changed + 1)
_NOT_THE_ANSWER = (
    update(threads)
    .where(threads.c.id == bindparam("thread"), threads.c.answered_id == bindparam("post"))
    .values(answered_id=None)
)
_CHANGED_THREAD = update(threads).where(threads.c.id == bindparam("thread")).values(changed=threads.c.changed + 1)
# The title of a thread is the subject of its first post: if that goes, the next one that is shown has it.
_next_title = (
    select(posts.c.subject)
    .where(posts.c.thread_id == threads.c.id, posts.c.state == "shown")
    .order_by(posts.c.sent_at, posts.c.id)
    .limit(1)
    .scalar_subquery()
)
_NO_TITLE = update(threads).where(threads.c.root_id == bindparam("root")).values(subject=func.coalesce(_next_title, ""))
_PAGE = (
    select(posts.c.id, posts.c.received_at, posts.c.author_address, raw.c.enc, raw.c.bytes)
    .join(raw, raw.c.post_id == posts.c.id)
    .where(posts.c.list_id == bindparam("list"), posts.c.state != "deleted", posts.c.number > bindparam("after"))
    .add_columns(posts.c.number)
    .order_by(posts.c.number)
    .limit(bindparam("limit"))
)


def next_ids(conn: Connection, count: int) -> Callable[[], list[int]]:
    """Ids for that many new posts: asked for now, given when the result is called."""
    if conn.dialect.name == "postgresql":
        ids = _NEXT_IDS.ask(conn, {"count": count})
        return lambda: [row[0] for row in ids()]
    last: int = _LAST_ID.all(conn, {})[0][0]
    return lambda: list(range(last + 1, last + 1 + count))


def people_of(conn: Connection, keys: Iterable[str]) -> Callable[[], dict[str, int]]:
    """Address key -> the person who has it; unknown ones are left out. Asked for now, given when called."""
    wanted = list(keys)
    found = _PEOPLE.ask(conn, {"keys": wanted}) if wanted else list
    return lambda: {row.key: row.person_id for row in found()}


def add(conn: Connection, list_id: int, new: Sequence[NewPost]) -> None:
    """Write the rows of new posts; their threads are there already."""
    _ADD.put(conn, *(_row(list_id, post) for post in new))
    _ADD_RAW.put(conn, *({"post_id": p.id, "enc": p.prepared.enc, "bytes": p.prepared.octets} for p in new))
    _ADD_BODY.put(conn, *({"post_id": p.id, "content": p.prepared.content, "words": p.prepared.words} for p in new))
    if conn.dialect.name == "sqlite":
        _ADD_WORDS.put(conn, *({"id": p.id, **p.prepared.words._asdict()} for p in new))


def _row(list_id: int, post: NewPost) -> dict[str, Any]:
    row = {name: getattr(post.prepared, name) for name in _PREPARED}
    return row | {
        "id": post.id,
        "list_id": list_id,
        "number": post.number,
        "identifier": post.identifier,
        "person_id": post.person_id,
        "thread_id": post.thread_id,
        "parent_id": post.parent_id,
        "distance": post.distance,
        "due": post.due,
    }


def count_filed(conn: Connection, list_id: int, new: Sequence[NewPost], more_threads: int) -> None:
    """Bring a list's counters up to its new posts."""
    _FILED.put(
        conn,
        {
            "list": list_id,
            "number": new[-1].number,
            "more": len(new),
            "more_threads": more_threads,
            "at": max(post.prepared.received_at for post in new),
        },
    )


def by_number(conn: Connection, list_id: int, number: int) -> Row[Any] | None:
    """The post's row, deleted ones too."""
    return conn.execute(_BY_NUMBER, {"list": list_id, "number": number}).first()


def shown(conn: Connection, list_id: int, numbers: Sequence[int]) -> list[Row[Any]]:
    """The rows of posts that readers may see, among those with these numbers, oldest first."""
    return list(conn.execute(_SHOWN, {"list": list_id, "numbers": list(numbers)}))


def newest(conn: Connection, list_id: int, limit: int) -> list[Row[Any]]:
    """The rows of a list's newest posts that readers may see, newest first."""
    return list(conn.execute(_NEWEST, {"list": list_id, "limit": limit}))


def of_thread(conn: Connection, thread_id: int, limit: int) -> list[Row[Any]]:
    """The rows of a thread's posts that readers may see, oldest first."""
    return list(conn.execute(_OF_THREAD, {"thread": thread_id, "limit": limit}))


def count_since(conn: Connection, list_id: int, since: datetime) -> int:
    """How many posts a list got since then."""
    return int(conn.execute(_COUNT_SINCE, {"list": list_id, "since": since}).scalar_one())


def by_identifier(conn: Connection, list_id: int, identifier: str) -> Row[Any] | None:
    """The row of the post with that identifier, unless it was deleted."""
    return conn.execute(_BY_IDENTIFIER, {"list": list_id, "identifier": identifier}).first()


def by_message_id(conn: Connection, list_id: int, message_id: str) -> Row[Any] | None:
    """The row of the first post with that Message-ID, unless it was deleted."""
    return conn.execute(_BY_MESSAGE_ID, {"list": list_id, "message_id": message_id}).first()


def raw_of(conn: Connection, post_id: int) -> bytes | None:
    """The bytes as they arrived; None if the post was deleted."""
    row = conn.execute(_RAW, {"id": post_id}).first()
    return None if row is None else unpack(row.enc, row.bytes)


def set_state(conn: Connection, list_id: int, thread_id: int, post_id: int, state: str) -> None:
    """Show or hide a post; what nobody sees is not what answered its thread."""
    conn.execute(_SET_STATE, {"post": post_id, "to": state})
    if state != "shown":
        conn.execute(_NOT_THE_ANSWER, {"thread": thread_id, "post": post_id})
    _touch(conn, list_id, thread_id)


def empty(conn: Connection, list_id: int, thread_id: int, post_id: int) -> None:
    """Leave nothing of a post but its place: a tombstone that keeps its thread whole."""
    if conn.dialect.name == "sqlite":
        _forget_words(conn, post_id)
    conn.execute(_NO_RAW, {"id": post_id})
    conn.execute(_NO_BODY, {"id": post_id})
    conn.execute(_EMPTY, {"post": post_id})
    conn.execute(_NO_TITLE, {"root": post_id})
    similar.forget(conn, post_id)
    conn.execute(_NOT_THE_ANSWER, {"thread": thread_id, "post": post_id})
    _touch(conn, list_id, thread_id)


def rewrite(conn: Connection, row: Row[Any], new: Prepared) -> None:
    """Put another text in the place of a post's (row of posts), under its author in `new`; its place stays."""
    if conn.execute(_RAW, {"id": row.id}).first() is None:  # it was deleted just now
        return
    columns = ("author_name", "author_address", "subject", "subject_key", "opening", "size", "files")
    values: dict[str, Any] = {name: getattr(new, name) for name in columns}
    if not new.author_address:
        values["person_id"] = None
    conn.execute(update(posts).where(posts.c.id == row.id).values(**values))
    similar.forget(conn, row.id)
    conn.execute(update(raw).where(raw.c.post_id == row.id).values(enc=new.enc, bytes=new.octets))
    if conn.dialect.name == "sqlite":
        _forget_words(conn, row.id)
        _ADD_WORDS.many(conn, [{"id": row.id, **new.words._asdict()}])
    conn.execute(update(bodies).where(bodies.c.post_id == row.id).values(content=new.content, words=new.words))
    _touch(conn, row.list_id, row.thread_id)


def _forget_words(conn: Connection, post_id: int) -> None:
    words = conn.execute(_WORDS, {"id": post_id}).scalar_one()
    conn.execute(_FORGET_WORDS, {"id": post_id, **words._asdict()})


def _touch(conn: Connection, list_id: int, thread_id: int) -> None:
    conn.execute(_CHANGED, {"list": list_id})
    conn.execute(_CHANGED_THREAD, {"thread": thread_id})


def page_of_raw(conn: Connection, list_id: int, after: int, limit: int) -> list[Row[Any]]:
    """Rows (number, received_at, author_address, enc, bytes) of the list's next posts after that number."""
    return list(conn.execute(_PAGE, {"list": list_id, "after": after, "limit": limit}))
