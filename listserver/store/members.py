"""Rows of members, and what each is due of which post."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from listserver.store import lists as lists_
from listserver.store.fast import Fast
from listserver.store.tables import addresses, lists, members, past_receives, people


@dataclass(frozen=True, slots=True)
class Member:
    """One person's place on one list, with their address and name."""

    id: int
    list_id: int
    person_id: int
    address_id: int
    address: str
    name: str
    language: str
    zone: str
    role: str
    mode: str
    state: str
    receives: str
    receives_since: int
    pause_until: datetime | None
    own_copies: bool
    concealed: bool
    moderated: bool | None
    known: bool
    accepted_posts: int
    digest_form: str
    topics: str
    joined_at: datetime

    @property
    def paused_through(self) -> str:
        """The last day of a pause, as 2027-01-31; "" if there is none."""
        if self.state != "paused" or self.pause_until is None:
            return ""
        return f"{self.pause_until - timedelta(seconds=1):%Y-%m-%d}"


_ELSEWHERE = {
    "address": addresses.c.address,
    "name": people.c.name,
    "language": people.c.language,
    "zone": people.c.zone,
}
_COLUMNS = [_ELSEWHERE[f.name] if f.name in _ELSEWHERE else members.c[f.name] for f in fields(Member)]
_MEMBERS = (
    select(*_COLUMNS)
    .join(addresses, addresses.c.id == members.c.address_id)
    .join(people, people.c.id == members.c.person_id)
)
_OF_LIST = _MEMBERS.where(members.c.list_id == bindparam("list_id")).order_by(addresses.c.key)
_FOLLOWING = (
    _MEMBERS.where(members.c.list_id == bindparam("list_id"), addresses.c.key > bindparam("after"))
    .order_by(addresses.c.key)
    .limit(bindparam("limit"))
)
_OF_PERSON = _MEMBERS.where(members.c.person_id == bindparam("person_id")).order_by(members.c.list_id)
_ONE = _MEMBERS.where(members.c.list_id == bindparam("list_id"), members.c.person_id == bindparam("person_id"))
_BY_ID = _MEMBERS.where(members.c.id == bindparam("id"))
_ROLES = _MEMBERS.where(
    members.c.list_id == bindparam("list_id"),
    members.c.role.in_(bindparam("roles", expanding=True)),
    members.c.state != "unconfirmed",
).order_by(members.c.id)
_PAUSES_OVER = (
    _MEMBERS.where(members.c.state == "paused", members.c.pause_until <= bindparam("now"))
    .order_by(members.c.id)
    .limit(bindparam("limit"))
)
_COUNT = (
    update(lists)
    .where(lists.c.id == bindparam("of_list"))
    .values(members=lists.c.members + bindparam("by"), changed=lists.c.changed + 1)
)


def _member(row: Row[*tuple[Any, ...]]) -> Member:
    return Member(*tuple(row))


def find(conn: Connection, list_id: int, person_id: int) -> Member | None:
    """That person's membership, or None."""
    row = conn.execute(_ONE, {"list_id": list_id, "person_id": person_id}).first()
    return None if row is None else _member(row)


def by_id(conn: Connection, member_id: int) -> Member | None:
    """The membership with that id, or None."""
    row = conn.execute(_BY_ID, {"id": member_id}).first()
    return None if row is None else _member(row)


def of_list(conn: Connection, list_id: int) -> list[Member]:
    """Everybody on a list, by address."""
    return [_member(row) for row in conn.execute(_OF_LIST, {"list_id": list_id})]


def following(conn: Connection, list_id: int, after: str, limit: int) -> list[Member]:
    """The first members of a list, by address, whose address key is behind `after`."""
    return [_member(row) for row in conn.execute(_FOLLOWING, {"list_id": list_id, "after": after, "limit": limit})]


def of_person(conn: Connection, person_id: int) -> list[Member]:
    """All memberships of a person."""
    return [_member(row) for row in conn.execute(_OF_PERSON, {"person_id": person_id})]


def pauses_over(conn: Connection, now: datetime, limit: int) -> list[Member]:
    """Members whose pause has ended, at most `limit`."""
    return [_member(row) for row in conn.execute(_PAUSES_OVER, {"now": now, "limit": limit})]


def with_role(conn: Connection, list_id: int, *roles: str) -> list[Member]:
    """The members of a list that have one of these roles."""
    return [_member(row) for row in conn.execute(_ROLES, {"list_id": list_id, "roles": list(roles)})]


def add_many(conn: Connection, list_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Insert members (dicts of columns but list_id) who are due every later post; the list must not have them yet."""
    since = lists_.lock(conn, list_id)
    if rows:
        conn.execute(insert(members), [{"list_id": list_id, "receives_since": since, **row} for row in rows])
        conn.execute(_COUNT, {"of_list": list_id, "by": len(rows)})


def remove(conn: Connection, member: Member) -> None:
    """Delete a membership: nothing more is due to it, what waits for it included."""
    conn.execute(delete(members).where(members.c.id == member.id))
    conn.execute(_COUNT, {"of_list": member.list_id, "by": -1})


def set_values(conn: Connection, member: Member, **values: Any) -> None:
    """Change columns of a membership; mode and state go through `set_receives` as well."""
    conn.execute(update(members).where(members.c.id == member.id).values(**values))


def set_receives(conn: Connection, member: Member, receives: str) -> None:
    """From now on `receives` is due; posts still on their way, or in an open digest, stay due as before."""
    if receives == member.receives:
        return
    number = lists_.lock(conn, member.list_id)
    if number > member.receives_since and member.receives != "nothing":
        conn.execute(
            insert(past_receives).values(
                list_id=member.list_id,
                member_id=member.id,
                receives=member.receives,
                since=member.receives_since,
                until=number,
            )
        )
    set_values(conn, member, receives=receives, receives_since=number)


def person_ids(conn: Connection, list_id: int, among: Sequence[int]) -> set[int]:
    """Which of these people are on the list."""
    found: set[int] = set()
    for start in range(0, len(among), _CHUNK):
        chunk = list(among[start : start + _CHUNK])
        found.update(conn.execute(_THERE, {"list_id": list_id, "people": chunk}).scalars())
    return found


def raise_role(conn: Connection, list_id: int, people_: Sequence[int], role: str) -> None:
    """Give these members the role where theirs is lower."""
    lower = {"moderator": ["member"], "owner": ["member", "moderator"]}[role]
    for start in range(0, len(people_), _CHUNK):
        chunk = list(people_[start : start + _CHUNK])
        conn.execute(_RAISE, {"of_list": list_id, "people": chunk, "lower": lower, "to": role})


def trust(conn: Connection, list_id: int, person_id: int) -> None:
    """What this person writes to this list is not held any more for being new, or moderated."""
    conn.execute(_TRUST, {"of_list": list_id, "of_person": person_id})


_TRUST = (
    update(members)
    .where(members.c.list_id == bindparam("of_list"), members.c.person_id == bindparam("of_person"))
    .values(known=True, moderated=False)
)
_CHUNK = 500
_THERE = select(members.c.person_id).where(
    members.c.list_id == bindparam("list_id"), members.c.person_id.in_(bindparam("people", expanding=True))
)
_RAISE = (
    update(members)
    .where(
        members.c.list_id == bindparam("of_list"),
        members.c.person_id.in_(bindparam("people", expanding=True)),
        members.c.role.in_(bindparam("lower", expanding=True)),
    )
    .values(role=bindparam("to"))
)


def count_posts(conn: Connection, more: Mapping[int, int]) -> None:
    """More accepted posts of members: id -> how many."""
    _COUNT_POSTS.put(conn, *({"member_id": member_id, "more": count} for member_id, count in sorted(more.items())))


_COUNT_POSTS = Fast(
    update(members)
    .where(members.c.id == bindparam("member_id"))
    .values(accepted_posts=members.c.accepted_posts + bindparam("more")),
    *("member_id", "more"),
)
