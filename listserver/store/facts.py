"""Gathering the facts of a judgement: the only reads that it may depend on, in a fixed number of statements."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, union_all

from listserver.core import address
from listserver.core.envelope import Envelope
from listserver.core.filing import message_id
from listserver.core.message import Post
from listserver.core.misdirected import misdirected
from listserver.core.policy import Author, Facts, matches
from listserver.core.site import Site
from listserver.core.traces import BANNED, mark
from listserver.store.fast import Fast
from listserver.store.lists import List
from listserver.store.tables import addresses, bans, holds, members, people, posts

MAX_AUTHORS = 10  # From with more mailboxes is held anyway (R3)

_AUTHOR = Fast(
    select(
        people.c.id,
        people.c.name,
        members.c.id,
        members.c.role,
        members.c.state,
        members.c.moderated,
        members.c.known,
        members.c.accepted_posts,
        members.c.topics,
    )
    .join(people, people.c.id == addresses.c.person_id)
    .outerjoin(members, (members.c.person_id == addresses.c.person_id) & (members.c.list_id == bindparam("list_id")))
    .where(addresses.c.key == bindparam("key")),
    "list_id",
    "key",
)
_BANS = Fast(
    select(bans.c.pattern).where((bans.c.list_id == bindparam("list_id")) | bans.c.list_id.is_(None)), "list_id"
)
_SAME = Fast(
    union_all(
        *(
            select(table.c.id).where(
                table.c.list_id == bindparam("list_id"),
                table.c.message_id == bindparam("message_id"),
                table.c.content_hash == bindparam("content_hash"),
            )
            for table in (posts, holds)
        )
    ).limit(1),
    "list_id",
    "message_id",
    "content_hash",
)
_RATES = Fast(
    select(
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
    ),
    "list_id",
    "person_id",
    "hour_ago",
    "day_ago",
)


def gather(conn: Connection, site: Site, lst: List, envelope: Envelope, post: Post, now: datetime) -> Facts:
    """The facts about this post on this list: three statements and one for each author, of whom nearly all have one."""
    bans_of = _BANS.ask(conn, {"list_id": lst.id})
    asked = [_author(conn, lst, box.address) for box in post.authors[:MAX_AUTHORS]]
    same = _SAME.ask(conn, {"list_id": lst.id, "message_id": message_id(post), "content_hash": post.content_hash})
    patterns = [row[0] for row in bans_of()]
    authors = tuple(_banned(one(), patterns, site.secret) for one in asked)
    hour_posts, day_posts = _rates(conn, lst, authors, now)
    own = site.address(lst.name)
    return Facts(
        list_name=lst.name,
        settings=lst.settings,
        envelope=envelope,
        authors=authors,
        addresses=_own_addresses(own.casefold(), post),
        marks=frozenset({own.casefold(), own.casefold().replace("@", ".")}),
        duplicate=bool(same()),
        hour_posts=hour_posts,
        day_posts=day_posts,
        misdirected=misdirected(post.subject, post.own) or "",
    )


def _own_addresses(own: str, post: Post) -> frozenset[str]:
    """The list's address, and those for answers to its items that the post is sent to."""
    name, _, domain = own.rpartition("@")
    given = (box.address.casefold() for box in post.recipients)
    starts = (f"{name}+re.", f"{name}-re.")
    return frozenset({own, *(one for one in given if one.startswith(starts) and one.endswith(f"@{domain}"))})


def author(conn: Connection, lst: List, given: str) -> Author:
    """What we know of one address on this list; bans are not looked at."""
    return _author(conn, lst, given)()


def _author(conn: Connection, lst: List, given: str) -> Callable[[], Author]:
    key = address.key(given)
    rows = _AUTHOR.ask(conn, {"list_id": lst.id, "key": key})

    def answer() -> Author:
        found = rows()
        return _from_row(given, key, found[0]) if found else Author(given, key)

    return answer


def _from_row(given: str, key: str, row: tuple[Any, ...]) -> Author:
    person_id, name, member_id, role, state, moderated, known, accepted, topics = row
    if member_id is None:
        return Author(given, key, person_id=person_id, name=name)
    return Author(given, key, person_id, member_id, name, role, state, moderated, known, accepted, topics)


def _banned(author: Author, patterns: Sequence[str], secret: bytes) -> Author:
    erased = any(pattern.startswith(BANNED) for pattern in patterns) and BANNED + mark(secret, author.key)
    ban = next((p for p in patterns if p == erased or matches(author.key, p)), "")
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
    row = _RATES.first(conn, arguments)
    assert row is not None
    return row[0], row[1]
