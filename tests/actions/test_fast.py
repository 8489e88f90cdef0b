"""Statements run past Core's machinery do what Core does, on both databases."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from listserver.store.engine import Store
from listserver.store.fast import Fast
from listserver.store.tables import events, lists, members

NOW = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
ADD = Fast(insert(lists).returning(lists.c.id), "name", "settings", "created_at")
NEW = Fast(insert(lists), "name", "settings", "created_at")
FIND = Fast(select(lists).where(lists.c.name == bindparam("name")), "name")
MORE = Fast(
    update(lists).where(lists.c.id == bindparam("list_id")).values(posts=lists.c.posts + bindparam("by")),
    "list_id",
    "by",
)
NOTE = Fast(insert(events), "at", "name", "actor", "door")


def test_values_and_rows_are_converted_as_core_does(store: Store) -> None:
    row = {"name": "talk", "settings": {"title": "Über"}, "created_at": NOW}
    added = store.write_now(lambda c: ADD.first(c, row))
    assert added is not None
    core = store.read_now(lambda c: tuple(c.execute(select(lists)).one()))
    assert store.read_now(lambda c: FIND.first(c, {"name": "talk"})) == core
    assert NOW in core and {"title": "Über"} in core
    assert store.read_now(lambda c: FIND.first(c, {"name": "gone"})) is None


def test_changes_are_counted_and_defaults_filled_in(store: Store) -> None:
    store.write_now(lambda c: ADD.first(c, {"name": "talk", "settings": {}, "created_at": NOW}))
    list_id = store.read_now(lambda c: c.execute(select(lists.c.id)).scalar_one())
    assert store.write_now(lambda c: MORE.run(c, {"list_id": list_id, "by": 3})) == 1
    assert store.write_now(lambda c: MORE.run(c, {"list_id": list_id + 1, "by": 3})) == 0
    assert store.read_now(lambda c: c.execute(select(lists.c.posts)).scalar_one()) == 3
    rows = [{"at": NOW, "name": f"n{i}", "actor": "a", "door": "d"} for i in range(3)]
    store.write_now(lambda c: NOTE.many(c, rows))
    store.write_now(lambda c: NOTE.many(c, []))
    assert store.read_now(lambda c: c.execute(select(events.c.data)).scalars().all()) == [{}, {}, {}]


def test_failures_are_those_of_core(store: Store) -> None:
    row = {"name": "talk", "settings": {}, "created_at": NOW}

    def twice(conn: object) -> None:
        ADD.first(conn, row)  # type: ignore[arg-type]
        ADD.first(conn, row)  # type: ignore[arg-type]

    with pytest.raises(Exception) as caught:
        store.write_now(twice)
    assert isinstance(caught.value, IntegrityError) or isinstance(caught.value.__cause__, IntegrityError)


def test_booleans_come_back_as_such(store: Store) -> None:
    query = Fast(select(members.c.own_copies, members.c.moderated).where(members.c.id == bindparam("id")), "id")
    assert store.read_now(lambda c: query.all(c, {"id": 1})) == []


def test_lists_of_any_length_and_rows_with_names(store: Store) -> None:
    for name in ("a", "b", "c"):
        store.write_now(lambda c, n=name: ADD.first(c, {"name": n, "settings": {}, "created_at": NOW}))
    query = Fast(
        select(lists.c.name, lists.c.created_at)
        .where(lists.c.name.in_(bindparam("names", expanding=True)), lists.c.posts == bindparam("posts"))
        .order_by(lists.c.name),
        "names",
        "posts",
    )

    def found(*names: str) -> list[str]:
        return [row.name for row in store.read_now(lambda c: query.all(c, {"names": names, "posts": 0}))]

    assert found("b") == ["b"] and found("c", "x", "a") == ["a", "c"] and found(*"abcdefg") == ["a", "b", "c"]
    assert len(query._compiled) == 3  # for one, four and eight names


def test_a_change_nobody_waits_for_undoes_its_unit_when_it_fails(store: Store) -> None:
    talk = {"name": "talk", "settings": {}, "created_at": NOW}
    store.write_now(lambda c: NEW.put(c, talk))

    def twice(conn: Connection) -> None:
        NEW.put(conn, {**talk, "name": "other"})
        NEW.put(conn, talk)

    with pytest.raises(IntegrityError):
        store.write_now(twice)
    with pytest.raises(IntegrityError):
        store.write_now(lambda c: (twice(c), ADD.all(c, {**talk, "name": "third"})))
    store.write_now(lambda c: NEW.put(c, {**talk, "name": "third"}, {**talk, "name": "fourth"}))
    names = store.read_now(lambda c: c.execute(select(lists.c.name).order_by(lists.c.name)).scalars().all())
    assert names == ["fourth", "talk", "third"]
