"""Gathering the facts of a judgement: the only reads that it may depend on, in a fixed number of statements."""

from collections.abc import Callable, Collection, Mapping, Sequence
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

_AUTHORS = Fast(
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
        members.c.topics,
    )
    .join(people, people.c.id == addresses.c.person_id)
    .outerjoin(members, (members.c.person_id == addresses.c.person_id) & (members.c.list_id == bindparam("list_id")))
    .where(addresses.c.key.in_(bindparam("keys", expanding=True))),
    *("list_id", "keys"),
)
_BANS = Fast(
    select(bans.c.pattern).where((bans.c.list_id == bindparam("list_id")) | bans.c.list_id.is_(None)), "list_id"
)
_SAME = Fast(
    union_all(
        *(
            select(table.c.message_id, table.c.content_hash).where(
                table.c.list_id == bindparam("list_id"),
                table.c.message_id.in_(bindparam("message_ids", expanding=True)),
                table.c.content_hash.in_(bindparam("hashes", expanding=True)),
            )
            for table in (posts, holds)
        )
    ),
    *("list_id", "message_ids", "hashes"),
)
_OF_PEOPLE = Fast(
    select(posts.c.person_id, func.count())
    .where(
        posts.c.list_id == bindparam("list_id"),
        posts.c.person_id.in_(bindparam("people", expanding=True)),
        posts.c.received_at > bindparam("hour_ago"),
    )
    .group_by(posts.c.person_id),
    *("list_id", "people", "hour_ago"),
)
_OF_LIST = Fast(
    select(func.count()).where(posts.c.list_id == bindparam("list_id"), posts.c.received_at > bindparam("day_ago")),
    *("list_id", "day_ago"),
)


def gather(conn: Connection, site: Site, lst: List, envelope: Envelope, post: Post, now: datetime) -> Facts:
    """The facts about this post on this list."""
    (known,) = gather_all(conn, site, lst, [(envelope, post)], now)
    return known


def gather_all(
    conn: Connection, site: Site, lst: List, mails: Sequence[tuple[Envelope, Post]], now: datetime
) -> list[Facts]:
    """The facts about each of these posts: at most five statements, however many posts and authors there are.

    What one of them changes of another's is not among them (core.meanwhile).
    """
    keys = {address.key(box.address) for _, post in mails for box in post.authors[:MAX_AUTHORS]}
    bans_of = _BANS.ask(conn, {"list_id": lst.id})
    found = _AUTHORS.ask(conn, {"list_id": lst.id, "keys": sorted(keys)}) if keys else list
    ids, hashes = ({message_id(post) for _, post in mails}, {post.content_hash for _, post in mails})
    seen = _SAME.ask(conn, {"list_id": lst.id, "message_ids": sorted(ids), "hashes": sorted(hashes)})
    patterns = [row[0] for row in bans_of()]
    rows = {key: row for key, *row in found()}
    authors = [
        tuple(_banned(_author(box.address, rows), patterns, site.secret) for box in post.authors[:MAX_AUTHORS])
        for _, post in mails
    ]
    same = set(map(tuple, seen()))
    hour, day_posts = _rates(conn, lst, {of[0].person_id for of in authors if of}, now)
    own = site.address(lst.name)
    return [
        Facts(
            list_name=lst.name,
            settings=lst.settings,
            envelope=envelope,
            authors=of,
            addresses=_own_addresses(own.casefold(), post),
            marks=frozenset({own.casefold(), own.casefold().replace("@", ".")}),
            duplicate=(message_id(post), post.content_hash) in same,
            hour_posts=hour.get(of[0].person_id, 0) if of else 0,
            day_posts=day_posts,
            misdirected=misdirected(post.subject, post.own) or "",
        )
        for (envelope, post), of in zip(mails, authors, strict=True)
    ]


def _own_addresses(own: str, post: Post) -> frozenset[str]:
    """The list's address, and those for answers to its items that the post is sent to."""
    name, _, domain = own.rpartition("@")
    given = (box.address.casefold() for box in post.recipients)
    starts = (f"{name}+re.", f"{name}-re.")
    return frozenset({own, *(one for one in given if one.startswith(starts) and one.endswith(f"@{domain}"))})


def author(conn: Connection, lst: List, given: str) -> Author:
    """What we know of one address on this list; bans are not looked at."""
    rows = _AUTHORS.all(conn, {"list_id": lst.id, "keys": [address.key(given)]})
    return _author(given, {key: row for key, *row in rows})


def _author(given: str, rows: Mapping[str, Sequence[Any]]) -> Author:
    key = address.key(given)
    if key not in rows:
        return Author(given, key)
    person_id, name, member_id, role, state, moderated, known, accepted, topics = rows[key]
    if member_id is None:
        return Author(given, key, person_id=person_id, name=name)
    return Author(given, key, person_id, member_id, name, role, state, moderated, known, accepted, topics)


def _banned(author: Author, patterns: Sequence[str], secret: bytes) -> Author:
    erased = any(pattern.startswith(BANNED) for pattern in patterns) and BANNED + mark(secret, author.key)
    ban = next((p for p in patterns if p == erased or matches(author.key, p)), "")
    return replace(author, ban=ban) if ban else author


def _rates(
    conn: Connection, lst: List, people: Collection[int | None], now: datetime
) -> tuple[dict[int | None, int], int]:
    """How many posts of these people the list got in the last hour, and of everybody in the last day.

    Of what the list does not limit nothing is counted.
    """
    hour: Callable[[], list[Any]] = list  # of no rows
    day: Callable[[], list[Any]] = list
    known = sorted(person for person in people if person is not None)
    if lst.settings.hourly_posts and known:
        hour = _OF_PEOPLE.ask(conn, {"list_id": lst.id, "people": known, "hour_ago": now - timedelta(hours=1)})
    if lst.settings.daily_posts:
        day = _OF_LIST.ask(conn, {"list_id": lst.id, "day_ago": now - timedelta(days=1)})
    return {person: count for person, count in hour()}, sum(row[0] for row in day())
