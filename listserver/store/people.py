"""Rows of people and their addresses."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from listserver.core import address as addresses_
from listserver.store.tables import addresses, members, people, posts, tokens


@dataclass(frozen=True, slots=True)
class Person:
    """Who is behind an address. address: as typed, the one that was looked up."""

    id: int
    name: str
    language: str
    zone: str
    address_id: int
    address: str


_BY_KEY = (
    select(people.c.id, people.c.name, people.c.language, people.c.zone, addresses.c.id, addresses.c.address)
    .join(addresses, addresses.c.person_id == people.c.id)
    .where(addresses.c.key == bindparam("key"))
)
_ADDRESSES = select(addresses.c.address).where(addresses.c.person_id == bindparam("person_id")).order_by(addresses.c.id)


def find(conn: Connection, address: str) -> Person | None:
    """The person with that address, or None."""
    row = conn.execute(_BY_KEY, {"key": addresses_.key(address)}).first()
    return None if row is None else Person(*row)


def find_or_add(conn: Connection, address: str, name: str, now: datetime) -> Person:
    """The person with that address; a new one if there is none. A name is only filled in where none is known."""
    person = find(conn, address)
    if person is None:
        person_id = conn.execute(insert(people).values(name=name, created_at=now).returning(people.c.id)).scalar_one()
        values = {"person_id": person_id, "key": addresses_.key(address), "address": address, "created_at": now}
        address_id = conn.execute(insert(addresses).values(values).returning(addresses.c.id)).scalar_one()
        return Person(person_id, name, "", "", address_id, address)
    if name and not person.name:
        set_values(conn, person.id, name=name)
        return Person(person.id, name, person.language, person.zone, person.address_id, person.address)
    return person


def set_values(conn: Connection, person_id: int, **values: str) -> None:
    """Change name, language or zone."""
    conn.execute(update(people).where(people.c.id == person_id).values(**values))


def add_address(conn: Connection, person_id: int, address: str, now: datetime) -> int:
    """One more address of a person, which nobody has yet; gives its id."""
    values = {"person_id": person_id, "key": addresses_.key(address), "address": address, "created_at": now}
    return int(conn.execute(insert(addresses).values(verified_at=now, **values).returning(addresses.c.id)).scalar_one())


def take_over(conn: Connection, person_id: int, other_id: int) -> None:
    """Make two people one: what is of the other becomes this person's. On a list of both, this one stays."""
    own = select(members.c.list_id).where(members.c.person_id == person_id).scalar_subquery()
    conn.execute(delete(members).where(members.c.person_id == other_id, members.c.list_id.in_(own)))
    for table in (addresses, members, posts, tokens):
        conn.execute(update(table).where(table.c.person_id == other_id).values(person_id=person_id))
    conn.execute(delete(people).where(people.c.id == other_id))


def addresses_of(conn: Connection, person_id: int) -> list[str]:
    """All addresses of a person, the oldest first."""
    return list(conn.execute(_ADDRESSES, {"person_id": person_id}).scalars())


def find_or_add_many(conn: Connection, wanted: dict[str, tuple[str, str]], now: datetime) -> dict[str, Person]:
    """The same for many (key -> address, name), with a few statements for each 500."""
    found: dict[str, Person] = {}
    keys = list(wanted)
    for start in range(0, len(keys), _CHUNK):
        found.update(_find_or_add_chunk(conn, {k: wanted[k] for k in keys[start : start + _CHUNK]}, now))
    return found


def _find_or_add_chunk(conn: Connection, wanted: dict[str, tuple[str, str]], now: datetime) -> dict[str, Person]:
    found = {row[0]: Person(*row[1:]) for row in conn.execute(_BY_KEYS, {"keys": list(wanted)})}
    new = [key for key in wanted if key not in found]
    if not new:
        return found
    # Rows come back in no order that both engines promise; people of the same name are alike, so any of theirs will do.
    made: dict[str, list[int]] = {}
    for person_id, name in conn.execute(_ADD_PEOPLE, [{"name": wanted[key][1], "created_at": now} for key in new]):
        made.setdefault(name, []).append(person_id)
    rows = [
        {"person_id": made[wanted[key][1]].pop(), "key": key, "address": wanted[key][0], "created_at": now}
        for key in new
    ]
    for address_id, key, person_id in conn.execute(_ADD_ADDRESSES, rows):
        found[key] = Person(person_id, wanted[key][1], "", "", address_id, wanted[key][0])
    return found


_CHUNK = 500
_BY_KEYS = (
    select(
        addresses.c.key,
        people.c.id,
        people.c.name,
        people.c.language,
        people.c.zone,
        addresses.c.id,
        addresses.c.address,
    )
    .join(addresses, addresses.c.person_id == people.c.id)
    .where(addresses.c.key.in_(bindparam("keys", expanding=True)))
)
_ADD_PEOPLE = insert(people).returning(people.c.id, people.c.name)
_ADD_ADDRESSES = insert(addresses).returning(addresses.c.id, addresses.c.key, addresses.c.person_id)
