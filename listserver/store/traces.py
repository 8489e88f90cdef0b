"""Everything that any table holds on a person: found, for a copy of their own; taken out (standards D2, D3)."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Text,
    cast,
    delete,
    func,
    or_,
    select,
    text,
    union_all,
    update,
)

from listserver.core import address as address_
from listserver.core.packing import pack, unpack
from listserver.core.traces import BANNED, NAME, Traces, taken_out_of_mail
from listserver.store import people as people_
from listserver.store.lists import set_site_value
from listserver.store.tables import (
    addresses,
    aliases,
    awaited,
    bans,
    bodies,
    bounces,
    events,
    holds,
    lists,
    members,
    notices,
    past_receives,
    people,
    posts,
    raw,
    sessions,
    site,
    stragglers,
    suspensions,
    thread_marks,
    thread_words,
    threads,
    tokens,
)

_ERASED = "erased:"  # begins the names of site values that remember what was erased, for backups from before
_NOT_SHOWN = ("hash", "content_hash", "bytes", "enc", "lease", "lease_until")  # bytes are in the mbox


class Whom:
    """A person, or an address that nobody has a row for, by all that they are known by."""

    def __init__(self, conn: Connection, given: str) -> None:
        person = people_.find(conn, given)
        own = people_.addresses_of(conn, person.id) if person else []
        self.person_id = person.id if person else 0  # nobody's
        self.keys = sorted({address_.key(one) for one in (*own, given)})
        spelled = sorted({one.lower() for one in (*own, given, *self.keys)})
        self._spelled = spelled
        ours = conn.execute(select(aliases.c.local).where(aliases.c.key.in_(self.keys))).scalars().all()
        written = (
            select(posts.c.author_name).where(self._of_posts()).union(select(holds.c.name).where(self._of_holds()))
        )
        names = {name for (name,) in conn.execute(written) if name and name != NAME}
        known = {*names, *([person.name] if person else [])} - {""}
        self.traces = Traces(tuple(spelled), tuple(sorted(known)), tuple(sorted(ours)))

    def wrote(self, row: Row[Any]) -> bool:
        """Whether a row of posts (person_id, author_address) is theirs."""
        return row.person_id == self.person_id or row.author_address.lower() in self._spelled

    def rows(self) -> dict[str, tuple[Table, ColumnElement[bool]]]:
        """Where they stand: a word for it, the table, and which of its rows."""
        members_ = select(members.c.id).where(members.c.person_id == self.person_id)
        return {
            "people": (people, people.c.id == self.person_id),
            "addresses": (addresses, addresses.c.key.in_(self.keys) | (addresses.c.person_id == self.person_id)),
            "memberships": (members, members.c.person_id == self.person_id),
            "earlier_choices": (past_receives, past_receives.c.member_id.in_(members_)),
            "threads": (thread_marks, thread_marks.c.member_id.in_(members_)),
            "suspensions": (suspensions, suspensions.c.member_id.in_(members_)),
            "posts": (posts, self._of_posts()),
            "held": (holds, self._of_holds()),
            "bans": (bans, bans.c.pattern.in_(self._spelled)),
            "aliases": (aliases, aliases.c.key.in_(self.keys)),
            "sessions": (sessions, sessions.c.address.in_(self.keys) | (sessions.c.person_id == self.person_id)),
            "tokens": (tokens, tokens.c.address.in_(self.keys) | (tokens.c.person_id == self.person_id)),
            "notices": (notices, self._named(notices.c.address)),
            "on_the_way": (stragglers, self._named(stragglers.c.address) | stragglers.c.member_id.in_(members_)),
            "bounces": (bounces, self._named(bounces.c.address) | bounces.c.member_id.in_(members_)),
            "events": (events, (events.c.person_id == self.person_id) | self._named(events.c.actor)),
        }

    def _named(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        return func.lower(column).in_(self._spelled)

    def _of_posts(self) -> ColumnElement[bool]:
        return (posts.c.person_id == self.person_id) | self._named(posts.c.author_address)

    def _of_holds(self) -> ColumnElement[bool]:
        return self._named(holds.c.address)


def counts(conn: Connection, whom: Whom) -> dict[str, int]:
    """How many rows there are of each kind that has any."""
    found = {
        word: conn.execute(select(func.count()).select_from(table).where(where)).scalar_one()
        for word, (table, where) in whom.rows().items()
    }
    return {word: count for word, count in found.items() if count}


def everything(conn: Connection, whom: Whom) -> dict[str, list[dict[str, Any]]]:
    """All their rows, but octets and hashes; with the names of lists beside their ids."""
    names = {row.id: row.name for row in conn.execute(select(lists.c.id, lists.c.name))}
    found: dict[str, list[dict[str, Any]]] = {}
    for word, (table, where) in whom.rows().items():
        columns = [column for column in table.c if column.name not in _NOT_SHOWN]
        rows = [
            dict(row) for row in conn.execute(select(*columns).where(where).order_by(*table.primary_key)).mappings()
        ]
        for row in rows:
            if row.get("list_id") is not None:
                row["list"] = names.get(row["list_id"])
        found[word] = rows
    return found


def mails(conn: Connection, whom: Whom, after: int, limit: int) -> list[Row[Any]]:
    """Their posts, in order: (id, received_at, author_address, enc, bytes) of the next ones after that id."""
    columns = (posts.c.id, posts.c.received_at, posts.c.author_address, raw.c.enc, raw.c.bytes)
    query = select(*columns).join(raw, raw.c.post_id == posts.c.id).where(whom.rows()["posts"][1], posts.c.id > after)
    return list(conn.execute(query.order_by(posts.c.id).limit(limit)))


def held_mails(conn: Connection, whom: Whom) -> list[Row[Any]]:
    """The same of what waits for a moderator."""
    columns = (holds.c.id, holds.c.held_at.label("received_at"), holds.c.address.label("author_address"))
    where = whom.rows()["held"][1], holds.c.bytes.is_not(None)
    return list(conn.execute(select(*columns, holds.c.enc, holds.c.bytes).where(*where).order_by(holds.c.id)))


def page(conn: Connection, after: int, limit: int) -> list[Row[Any]]:
    """The next posts of all lists after that id, with their octets and contents: to look whom they name."""
    query = (
        select(posts, raw.c.enc, raw.c.bytes, bodies.c.content, lists.c.settings)
        .join(raw, raw.c.post_id == posts.c.id)
        .join(bodies, bodies.c.post_id == posts.c.id)
        .join(lists, lists.c.id == posts.c.list_id)
        .where(posts.c.id > after)
        .order_by(posts.c.id)
        .limit(limit)
    )
    return list(conn.execute(query))


# --- taking out -------------------------------------------------------------------------------------------------------


def overwrite(conn: Connection) -> None:
    """What this transaction deletes leaves nothing behind in a SQLite file."""
    if conn.dialect.name == "sqlite":
        conn.execute(text("PRAGMA secure_delete=ON"))


def hide_bans(conn: Connection, whom: Whom, marks: dict[str, str]) -> None:
    """Bans of exactly their addresses stay, as keyed hashes. marks: address key -> its mark."""
    for row in conn.execute(select(bans.c.id, bans.c.pattern).where(whom.rows()["bans"][1])).all():
        pattern = BANNED + marks[address_.key(row.pattern)]
        conn.execute(update(bans).where(bans.c.id == row.id).values(pattern=pattern))


def forget(conn: Connection, whom: Whom) -> None:
    """Delete their rows, but posts and bans; memberships are ended before, so that lists count rightly."""
    for word, (table, where) in reversed(whom.rows().items()):
        if word not in ("posts", "bans"):
            conn.execute(delete(table).where(where))


def take_out(conn: Connection, traces: Traces) -> None:
    """What rows of others say of them: events, threads, mails that wait or that we wrote."""
    for table, column in _TEXTS:
        for row_id, value in conn.execute(select(table.c.id, column).where(_says(column, traces))).all():
            values = {column.name: traces.taken_out_of(value)}
            conn.execute(update(table).where(table.c.id == row_id).values(values))
            if table is threads:
                conn.execute(delete(thread_words).where(thread_words.c.thread_id == row_id))
    conn.execute(delete(tokens).where(_says(tokens.c.arguments, traces)))
    for row in conn.execute(_HELD).all():
        if traces.in_mail(octets := unpack(row.enc, row.bytes)):
            enc, packed = pack(taken_out_of_mail(octets, traces))
            conn.execute(update(holds).where(holds.c.id == row.id).values(enc=enc, bytes=packed))
    for row in conn.execute(_NOTICES).all():
        if traces.in_mail(row.bytes):
            octets = taken_out_of_mail(row.bytes, traces)
            conn.execute(update(notices).where(notices.c.id == row.id).values(bytes=octets))


_HELD: Select[Any] = select(holds.c.id, holds.c.enc, holds.c.bytes).where(holds.c.bytes.is_not(None))
_NOTICES: Select[Any] = select(notices.c.id, notices.c.bytes)
_TEXTS: tuple[tuple[Table, Column[Any]], ...] = (
    (events, events.c.data),
    (threads, threads.c.subject),
    (posts, posts.c.message_id),
    (awaited, awaited.c.message_id),
    (holds, holds.c.envelope),
    (holds, holds.c.subject),
    (holds, holds.c.message_id),
    (holds, holds.c.decided_by),
    (stragglers, stragglers.c.reply),
    (bounces, bounces.c.text),
)


def _says(column: Column[Any], traces: Traces) -> ColumnElement[bool]:
    wanted = [*traces.addresses, *traces.names]
    # As JSON writes it too: é is \\u00e9 there.
    spelled = {one for name in wanted for one in (name, json.dumps(name)[1:-1])}
    return or_(*(cast(column, Text).icontains(one, autoescape=True) for one in sorted(spelled)))


def merge_words(conn: Connection, *, first: bool) -> bool:
    """Write a part of SQLite's index of words anew, without the words taken out of it; whether more is to be done.

    https://www.sqlite.org/fts5.html#the_merge_command
    """
    if conn.dialect.name != "sqlite":
        return False
    before = conn.execute(_CHANGES).scalar_one()
    conn.execute(_MERGE, {"pages": -_PAGES if first else _PAGES})
    return first or conn.execute(_CHANGES).scalar_one() - before >= 2


_PAGES = 500  # that one transaction writes
_CHANGES = text("SELECT total_changes()")
_MERGE = text("INSERT INTO full_text (full_text, rank) VALUES ('merge', :pages)")


# --- what was erased, to do it again after a backup from before was read back -----------------------------------------


class Erased(NamedTuple):
    """When an address was erased, and whether the posts were deleted with it."""

    at: datetime
    deleted: bool


def remember(conn: Connection, erased: Mapping[str, Erased]) -> None:
    """Keep the marks of erased addresses (core.traces.mark)."""
    for one, (at, deleted) in erased.items():
        conn.execute(delete(site).where(site.c.name == _ERASED + one))
        set_site_value(conn, _ERASED + one, f"{at.isoformat()} {'deleted' if deleted else 'kept'}")


def remembered(conn: Connection) -> dict[str, Erased]:
    """The marks that are kept."""
    rows = conn.execute(select(site.c.name, site.c.value).where(site.c.name.startswith(_ERASED)))
    parted = [(name.removeprefix(_ERASED), *value.split(" ")) for name, value in rows]
    return {one: Erased(datetime.fromisoformat(at), kept == "deleted") for one, at, kept in parted}


def first_seen(conn: Connection) -> Iterator[tuple[str, datetime]]:
    """Every address that stands in a column of its own, and the first moment it stands there with."""
    sources = [
        (addresses.c.address, addresses.c.created_at),
        (aliases.c.address, aliases.c.created_at),
        (posts.c.author_address, posts.c.received_at),
        (holds.c.address, holds.c.held_at),
        (events.c.actor, events.c.at),
    ]
    found = union_all(*(select(column.label("address"), at.label("at")) for column, at in sources)).subquery()
    query = select(found.c.address, func.min(found.c.at)).where(found.c.address.contains("@"))
    for row in conn.execute(query.group_by(found.c.address)):
        yield row[0], row[1]
