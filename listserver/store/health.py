"""How the database is: its size and numbers, and whether it is sound."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, text

from listserver.store.schema import HEAD, revision
from listserver.store.tables import bounces, events, lists, members, posts, raw, stragglers

_SQLITE_SIZE = text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
_POSTGRES_SIZE = text("SELECT pg_database_size(current_database())")
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'listserver' "
    "AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True, slots=True)
class Status:
    """engine: "sqlite" or "postgresql". schema: "" for an empty database; wanted: this program's. size: octets."""

    engine: str
    schema: str
    wanted: str
    size: int
    lists: int
    members: int
    posts: int


def unattended(conn: Connection) -> list[str]:
    """Lists that nobody decides about: without moderators and owners, so that nobody is told of what waits."""
    deciding = select(members.c.list_id).where(members.c.role != "member")
    return list(conn.execute(select(lists.c.name).where(lists.c.id.not_in(deciding)).order_by(lists.c.name)).scalars())


def status(conn: Connection) -> Status:
    """The state of the database, of whatever schema it is."""
    found = revision(conn)
    size = conn.execute(_SQLITE_SIZE if conn.dialect.name == "sqlite" else _POSTGRES_SIZE).scalar_one()
    counts = (
        [conn.execute(select(func.count()).select_from(table)).scalar_one() for table in (lists, members, posts)]
        if found
        else [0, 0, 0]
    )
    return Status(conn.dialect.name, found, HEAD, size, *counts)


def others(conn: Connection) -> int:
    """Connections that other processes of ours have to this PostgreSQL database."""
    return int(conn.execute(_OTHERS).scalar_one())


_NEWEST = select(func.max(events.c.at))
_POSTGRES_CLOCK = text("SELECT clock_timestamp()")
_REFUSALS = (
    select(bounces.c.text)
    .where(bounces.c.at >= bindparam("since"), bounces.c.text != "")
    .order_by(bounces.c.at.desc(), bounces.c.id.desc())
    .limit(bindparam("count"))
)
_WAITING = (
    select(stragglers.c.reply)
    .where(stragglers.c.reply != "")
    .order_by(stragglers.c.id.desc())
    .limit(bindparam("count"))
)


def newest(conn: Connection) -> datetime | None:
    """The latest moment that the database knows: its server's clock, or its last event; None if there is neither."""
    if conn.dialect.name == "postgresql":
        found: datetime = conn.execute(_POSTGRES_CLOCK).scalar_one()
        return found
    return conn.execute(_NEWEST).scalar()


def refusals(conn: Connection, since: datetime, count: int) -> list[str]:
    """What receivers and the relay said when they refused, the newest `count` of both, the oldest first."""
    values = {"since": since, "count": count}
    found = [*conn.execute(_REFUSALS, values).scalars(), *conn.execute(_WAITING, values).scalars()]
    return found[::-1]


def problems(conn: Connection) -> list[str]:
    """What is wrong with the database, a sentence each; reads all of it."""
    found = _sqlite_problems(conn) if conn.dialect.name == "sqlite" else []
    for (name,) in conn.execute(_POST_COUNTS):
        found.append(f"List {name} counts its posts wrongly.")
    for (name,) in conn.execute(_MEMBER_COUNTS):
        found.append(f"List {name} counts its members wrongly.")
    if without := conn.execute(_NO_BYTES).scalar_one():
        found.append(f"{without} posts have lost their bytes.")
    return found


def _sqlite_problems(conn: Connection) -> list[str]:
    answers = conn.execute(text("PRAGMA integrity_check(100)")).scalars()
    found = [f"SQLite: {answer}." for answer in answers if answer != "ok"]
    for table, row, parent, _ in conn.execute(text("PRAGMA foreign_key_check")):
        found.append(f"Row {row} of {table} points at nothing in {parent}.")
    return found


_number_of_posts = (
    select(func.count()).select_from(posts).where(posts.c.list_id == lists.c.id).correlate(lists).scalar_subquery()
)
_number_of_members = (
    select(func.count()).select_from(members).where(members.c.list_id == lists.c.id).correlate(lists).scalar_subquery()
)
_POST_COUNTS = select(lists.c.name).where(lists.c.posts != _number_of_posts)
_MEMBER_COUNTS = select(lists.c.name).where(lists.c.members != _number_of_members)
_NO_BYTES = (
    select(func.count())
    .select_from(posts.outerjoin(raw, raw.c.post_id == posts.c.id))
    .where(raw.c.post_id.is_(None), posts.c.state != "deleted")
)
