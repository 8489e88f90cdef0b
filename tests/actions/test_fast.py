"""Statements run past Core's machinery do what Core does, on both databases."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from listserver.errors import Unavailable
from listserver.store.engine import Store
from listserver.store.fast import Fast
from listserver.store.postgres import _cause
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


def _names(store: Store) -> list[str]:
    query = select(lists.c.name).order_by(lists.c.name)
    return list(store.read_now(lambda c: c.execute(query).scalars()))


def _named(name: str) -> dict[str, object]:
    return {"name": name, "settings": {}, "created_at": NOW}


def test_a_change_nobody_waits_for_spoils_its_own_unit_and_no_other_of_the_group(store: Store) -> None:
    together = threading.Event()
    tries: list[str] = []

    def putting(*names: str, then: Callable[[Connection], object] = lambda _: None) -> Callable[[Connection], str]:
        def unit(conn: Connection) -> str:
            tries.append(names[0])
            for name in names:
                NEW.put(conn, _named(name))
            then(conn)
            return names[0]

        return unit

    units = [
        putting("a"),
        putting("b", "a", "b2"),  # the failure is known before its commit, or in the unit behind
        putting("c", then=lambda c: FIND.all(c, {"name": "a"})),
        putting("d", "a", then=lambda c: FIND.all(c, {"name": "a"})),
        putting("e", "a", then=lambda c: c.execute(select(lists.c.name)).all()),
        putting("f", "a", then=lambda c: MORE.run(c, {"list_id": 1, "by": 1})),
        putting("g"),
    ]

    async def main() -> list[object]:
        first = store.write(lambda _: together.wait(5))
        waiting = asyncio.gather(first, *map(store.write, units), return_exceptions=True)
        await asyncio.sleep(0.05)
        together.set()
        return list(await waiting)

    told = asyncio.run(main())[1:]
    assert [one if isinstance(one, str) else type(one) for one in told] == [
        *("a", IntegrityError, "c", IntegrityError, IntegrityError, IntegrityError, "g")
    ]
    assert _names(store) == ["a", "c", "g"]
    assert tries.count("a") == 2 and tries[-7:] == list("abcdefg")  # together, then one by one


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
    assert _names(store) == ["fourth", "talk", "third"]


def test_answers_come_in_the_order_of_the_statements_whoever_runs_them(store: Store) -> None:
    def unit(conn: Connection) -> list[list[str]]:
        before = FIND.ask(conn, {"name": "talk"})
        NEW.put(conn, _named("talk"))
        after = FIND.ask(conn, {"name": "talk"})
        by_core = conn.execute(select(lists.c.name)).scalars().all()
        NEW.put(conn, _named("other"))
        found = after()
        assert MORE.run(conn, {"list_id": found[0].id, "by": 2}) == 1
        return [[row.name for row in before()], [row.name for row in found], list(by_core)]

    assert store.write_now(unit) == [[], ["talk"], ["talk"]]
    assert _names(store) == ["other", "talk"]


def test_a_failed_statement_that_a_unit_passes_over_commits_nothing(postgres_url: str) -> None:
    def unit(conn: Connection) -> None:
        NEW.put(conn, _named("talk"))
        NEW.put(conn, _named("talk"))
        with suppress(IntegrityError):
            FIND.all(conn, {"name": "talk"})

    with Store.open(postgres_url) as store:
        with pytest.raises(Unavailable):
            store.write_now(unit)
        assert _names(store) == []


def test_what_follows_from_a_failure_does_not_hide_it() -> None:
    followed = psycopg.errors.PipelineAborted("pipeline aborted")
    followed.__context__ = psycopg.errors.DeadlockDetected("deadlock detected")
    assert isinstance(_cause(followed), psycopg.errors.DeadlockDetected)
    alone = psycopg.errors.PipelineAborted("pipeline aborted")
    assert _cause(alone) is alone


def test_a_lock_that_a_change_nobody_waits_for_meets_is_waited_for(postgres_url: str) -> None:
    """In a group it gives up after 0.2 s, and its units take their turns alone."""
    tries = 0

    def more(conn: Connection) -> None:
        nonlocal tries
        tries += 1
        MORE.put(conn, {"list_id": talk, "by": 1})

    with Store.open(postgres_url) as store, Store.open(postgres_url) as other:
        talk = store.write_now(lambda c: ADD.all(c, _named("talk"))[0][0])
        held, free = threading.Event(), threading.Event()

        def hold(conn: Connection) -> None:
            MORE.run(conn, {"list_id": talk, "by": 10})
            held.set()
            free.wait(5)

        async def main() -> None:
            holding = asyncio.ensure_future(other.write(hold))
            await asyncio.to_thread(held.wait, 5)
            waiting = [store.write(lambda _: time.sleep(0.05)), store.write(more), store.write(more)]
            threading.Timer(0.5, free.set).start()
            await asyncio.gather(holding, *waiting)

        asyncio.run(main())
        assert store.read_now(lambda c: FIND.all(c, {"name": "talk"}))[0].posts == 12
    assert tries in (3, 4)
