"""Gathering the facts of a judgement: the only reads that it may depend on, in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, union_all

from listserver.core import address
from listserver.core.envelope import Envelope
from listserver.core.filing import message_id
from listserver.core.message import Post
from listserver.core.policy import Author, Facts, matches
from listserver.core.site import Site
from listserver.store.lists import List
from listserver.store.tables import addresses, bans, holds, members, people, posts

MAX_AUTHORS = 10  # From with more mailboxes is held anyway (R3)

_AUTHORS = (
    select(
        addresses.c.key,
        people.c.id,
        people.c.name,
        members.c.id,
        members.c.role,
        members.c.state,
        members.c.moderated,
        members.c.known,
        members.c.accepted_posts,
    )
    .join(people, people.c.id == addresses.c.person_id)
    .outerjoin(members, (members.c.person_id == addresses.c.person_id) & (members.c.list_id == bindparam("list_id")))
    .where(addresses.c.key.in_(bindparam("keys", expanding=True)))
)
_BANS = select(bans.c.pattern).where((bans.c.list_id == bindparam("list_id")) | bans.c.list_id.is_(None))
_SAME = union_all(
    *(
        select(table.c.id).where(
            table.c.list_id == bindparam("list_id"),
            table.c.message_id == bindparam("message_id"),
            table.c.content_hash == bindparam("content_hash"),
        )
        for table in (posts, holds)
    )
).limit(1)
_RATES = select(
    select(func.count())
    .where(
        posts.c.list_id == bindparam("list_id"),
        posts.c.person_id == bindparam("person_id"),
        posts.c.received_at > bindparam("hour_ago"),
    )
    .scalar_subquery(),
    select(func.count())
    .where(posts.c.list_id == bindparam("list_id"), posts.c.received_at > bindparam("day_ago"))
    .scalar_subquery(),
)


def gather(conn: Connection, site: Site, lst: List, envelope: Envelope, post: Post, now: datetime) -> Facts:
    """The facts about this post on this list: four statements, three where the list limits no rates."""
    patterns = conn.execute(_BANS, {"list_id": lst.id}).scalars().all()
    authors = tuple(_banned(a, patterns) for a in _known(conn, lst, [b.address for b in post.authors[:MAX_AUTHORS]]))
    same = {"list_id": lst.id, "message_id": message_id(post), "content_hash": post.content_hash}
    hour_posts, day_posts = _rates(conn, lst, authors, now)
    own = site.address(lst.name)
    return Facts(
        list_name=lst.name,
        settings=lst.settings,
        envelope=envelope,
        authors=authors,
        addresses=frozenset({own.casefold()}),
        marks=frozenset({own.casefold(), own.casefold().replace("@", ".")}),
        duplicate=conn.execute(_SAME, same).first() is not None,
        hour_posts=hour_posts,
        day_posts=day_posts,
        misdirected="",
    )


def author(conn: Connection, lst: List, given: str) -> Author:
    """What we know of one address on this list; bans are not looked at."""
    return _known(conn, lst, [given])[0]


def _known(conn: Connection, lst: List, given: Sequence[str]) -> list[Author]:
    if not given:
        return []
    keys = [address.key(a) for a in given]
    rows = {row[0]: row for row in conn.execute(_AUTHORS, {"list_id": lst.id, "keys": keys})}
    return [_from_row(a, key, rows.get(key)) for a, key in zip(given, keys, strict=True)]


def _from_row(given: str, key: str, row: Sequence[Any] | None) -> Author:
    if row is None:
        return Author(given, key)
    _, person_id, name, member_id, role, state, moderated, known, accepted = row
    if member_id is None:
        return Author(given, key, person_id=person_id, name=name)
    return Author(given, key, person_id, member_id, name, role, state, moderated, known, accepted)


def _banned(author: Author, patterns: Sequence[str]) -> Author:
    ban = next((p for p in patterns if matches(author.key, p)), "")
    return replace(author, ban=ban) if ban else author


def _rates(conn: Connection, lst: List, authors: Sequence[Author], now: datetime) -> tuple[int, int]:
    person_id = authors[0].person_id if authors else None
    if not lst.settings.daily_posts and (person_id is None or not lst.settings.hourly_posts):
        return 0, 0
    arguments = {
        "list_id": lst.id,
        "person_id": person_id,
        "hour_ago": now - timedelta(hours=1),
        "day_ago": now - timedelta(days=1),
    }
    row = conn.execute(_RATES, arguments).one()
    return row[0], row[1]
