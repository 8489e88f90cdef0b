"""A list with members and posts, written straight into the database, for tests and benchmarks of delivery."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, update

from listserver.core.site import Site
from listserver.store import deliveries, tables

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SITE = Site("lists.example", "Lists", "admin@lists.example", "en", "https://lists.example", b"s" * 32)
MAIL = (
    b"From: Anna <anna@x.example>\r\nTo: talk@lists.example\r\nSubject: Hello\r\nMessage-ID: <1@x.example>\r\n"
    b"Date: Sun, 1 Mar 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Community:
    """A list. members: their ids, in the order of their addresses m0@x.example, m1@x.example …"""

    list_id: int
    members: list[int]


def build(conn: Connection, count: int, name: str = "talk", **settings: str) -> Community:
    """A list with `count` members who get each post."""
    list_id = _new(conn, tables.lists, name=name, settings=settings, created_at=NOW)
    people = _rows(conn, tables.people, [{"created_at": NOW}] * count)
    addresses = [
        {"person_id": person, "key": f"m{n}@{name}.example", "address": f"m{n}@{name}.example", "created_at": NOW}
        for n, person in enumerate(people)
    ]
    boxes = _rows(conn, tables.addresses, addresses)
    members = [
        {"list_id": list_id, "person_id": person, "address_id": box, "joined_at": NOW}
        for person, box in zip(people, boxes, strict=True)
    ]
    return Community(list_id, _rows(conn, tables.members, members))


def post(conn: Connection, community: Community, number: int = 1, body: bytes = b"Hello.\r\n", **columns: Any) -> int:
    """File a post of the list and plan its delivery; gives its id."""
    list_id = community.list_id
    thread = _new(
        conn,
        tables.threads,
        id=1000 * list_id + number,
        list_id=list_id,
        identifier=f"t{number}",
        subject="Hello",
        first_at=NOW,
        last_at=NOW,
    )
    mail = MAIL.replace(b"<1@", b"<%d@" % number) + body
    post_id = _new(
        conn, tables.posts, list_id=list_id, number=number, identifier=f"p{number}", message_id=f"{number}@x.example",
        content_hash=b"", thread_id=thread, author_name="Anna", author_address="anna@x.example", subject="Hello",
        subject_key="hello", sent_at=NOW, received_at=NOW, size=len(mail), **columns,
    )  # fmt: skip
    conn.execute(insert(tables.raw).values(post_id=post_id, enc="", bytes=mail))
    conn.execute(update(tables.lists).where(tables.lists.c.id == list_id).values(last_number=number))
    deliveries.plan_posts(conn, list_id, [(post_id, number)], columns.get("received_at", NOW))
    return post_id


def lapse(conn: Connection) -> None:
    """As if every lease had run out, by the database's clock."""
    for table in (tables.deliveries, tables.stragglers):
        conn.execute(update(table).where(table.c.lease.is_not(None)).values(lease_until=NOW - timedelta(days=365)))


def _new(conn: Connection, table: Any, **values: Any) -> int:
    return int(conn.execute(insert(table).values(**values).returning(table.c.id)).scalar_one())


def _rows(conn: Connection, table: Any, rows: list[dict[str, Any]]) -> list[int]:
    found = conn.execute(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows)
    return [int(row) for row in found.scalars()]
