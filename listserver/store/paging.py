"""Rows of threads and posts portion by portion, for machines: each portion begins where the one before ended."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import BindParameter, Connection, and_, bindparam, or_, select

from listserver.store.fast import Fast
from listserver.store.moment import Moment
from listserver.store.reading import LINE, Line
from listserver.store.tables import posts, threads

NEWEST = datetime(9999, 1, 1, tzinfo=UTC), 2**62  # before which everything is
OLDEST = datetime(1, 1, 1, tzinfo=UTC), 0
Mark = tuple[datetime, int]  # a moment, and an id among those of the same moment


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A thread, with what its first post shows of itself ("" where readers may not see that)."""

    id: int
    identifier: str
    subject: str
    posts: int
    first_at: datetime
    last_at: datetime
    answered: bool
    opening: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post. thread, parent: the identifiers of its thread and of the post that it answers, None if none is shown."""

    post: Line
    thread: str
    parent: str | None


_at = bindparam("at", type_=Moment)
_id: BindParameter[int] = bindparam("id")
_most: BindParameter[int] = bindparam("limit")
_root = posts.alias("root")
_THREADS = Fast(
    select(
        *(
            threads.c.id,
            threads.c.identifier,
            threads.c.subject,
            threads.c.posts,
            threads.c.first_at,
            threads.c.last_at,
        ),
        *(threads.c.answered_id.is_not(None), _root.c.opening, _root.c.author_name),
        *(_root.c.author_address, _root.c.state),
    )
    .join(_root, _root.c.id == threads.c.root_id)
    .where(
        threads.c.list_id == bindparam("list"),
        or_(_root.c.state == "shown", threads.c.posts > 1),
        or_(threads.c.last_at < _at, and_(threads.c.last_at == _at, threads.c.id < _id)),
    )
    .order_by(threads.c.last_at.desc(), threads.c.id.desc())
    .limit(_most),
    *("list", "at", "id", "limit"),
)
_parent = posts.alias("parent")
_POSTS = (
    select(*LINE, threads.c.identifier, _parent.c.identifier)
    .select_from(posts)
    .join(threads, threads.c.id == posts.c.thread_id)
    .outerjoin(_parent, and_(_parent.c.id == posts.c.parent_id, _parent.c.state == "shown"))
    .where(posts.c.state == "shown")
)
_OF_LIST = Fast(
    _POSTS.where(posts.c.list_id == bindparam("list"), posts.c.number < _id)
    .order_by(posts.c.number.desc())
    .limit(_most),
    *("list", "id", "limit"),
)
_OF_THREAD = Fast(
    _POSTS.where(
        posts.c.thread_id == bindparam("thread"),
        or_(posts.c.sent_at > _at, and_(posts.c.sent_at == _at, posts.c.id > _id)),
    )
    .order_by(posts.c.sent_at, posts.c.id)
    .limit(_most),
    *("thread", "at", "id", "limit"),
)
_ONE = Fast(_POSTS.where(posts.c.id == _id), "id")


def threads_of(conn: Connection, list_id: int, before: Mark, limit: int) -> list[ThreadRow]:
    """Threads by their last post, newest first."""
    rows = _THREADS.all(conn, {"list": list_id, "at": before[0], "id": before[1], "limit": limit})
    return [ThreadRow(*row[:7], *(row[7:10] if row[10] == "shown" else ("", "", ""))) for row in rows]


def posts_of(conn: Connection, list_id: int, before: int, limit: int) -> list[PostRow]:
    """Posts of a list with smaller numbers, newest first."""
    return [_post(row) for row in _OF_LIST.all(conn, {"list": list_id, "id": before, "limit": limit})]


def posts_of_thread(conn: Connection, thread_id: int, after: Mark, limit: int) -> list[PostRow]:
    """Posts of a thread, oldest first."""
    rows = _OF_THREAD.all(conn, {"thread": thread_id, "at": after[0], "id": after[1], "limit": limit})
    return [_post(row) for row in rows]


def post(conn: Connection, post_id: int) -> PostRow | None:
    """One post, None where it is not shown."""
    row = _ONE.first(conn, {"id": post_id})
    return None if row is None else _post(row)


def _post(row: tuple[object, ...]) -> PostRow:
    cut = len(LINE)
    return PostRow(Line(*row[:cut]), row[cut], row[cut + 1])  # type: ignore[arg-type]
