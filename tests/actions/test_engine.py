"""The store's promises: one transaction for all that wait, results after the commit, failures with a class."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text

from listserver.errors import Unavailable, UsageError
from listserver.store import engine
from listserver.store.engine import Store
from listserver.store.tables import site
from tests.conftest import Statements

PUT = insert(site)
COUNT = select(func.count()).select_from(site)


def put(name: str) -> Callable[[Connection], str]:
    def unit(conn: Connection) -> str:
        conn.execute(PUT, {"name": name, "value": ""})
        return name

    return unit


def count(conn: Connection) -> int:
    return conn.execute(COUNT).scalar_one()


def test_a_unit_returns_its_result_after_the_commit(store: Store) -> None:
    assert store.write_now(put("a")) == "a"
    assert store.read_now(count) == 1


def test_a_unit_that_raises_changes_nothing_and_raises(store: Store) -> None:
    def unit(conn: Connection) -> None:
        put("a")(conn)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.write_now(unit)
    assert store.read_now(count) == 0


def test_units_that_wait_share_a_transaction_and_a_bad_one_spoils_no_other(store: Store) -> None:
    first = threading.Event()

    def slow(conn: Connection) -> None:
        first.wait(5)

    def bad(conn: Connection) -> None:
        put("b")(conn)
        put("b")(conn)  # twice the same key

    async def main() -> list[object]:
        units = [store.write(slow), *(store.write(put(f"a{i}")) for i in range(10)), store.write(bad)]
        waiting = asyncio.gather(*units, return_exceptions=True)
        await asyncio.sleep(0.05)
        first.set()
        return list(await waiting)

    results = asyncio.run(main())
    assert results[1:11] == [f"a{i}" for i in range(10)]
    assert "UNIQUE" in str(results[11]).upper()
    assert store.read_now(count) == 10


def test_reads_change_nothing(store: Store) -> None:
    with pytest.raises(Unavailable):
        store.read_now(put("a"))
    assert store.read_now(count) == 0


def test_a_read_sees_one_state(store: Store) -> None:
    def reading(conn: Connection) -> tuple[int, int]:
        before = count(conn)
        store.write_now(put("meanwhile"))
        return before, count(conn)

    assert store.read_now(reading) == (0, 0)
    assert store.read_now(count) == 1


def test_reads_and_pages_from_the_loop(store: Store) -> None:
    async def main() -> tuple[int, int]:
        await store.write(put("a"), durable=False)
        return await store.read(count), await store.read(count, page=True)

    assert asyncio.run(main()) == (1, 1)


def test_statements_are_counted_without_those_of_the_transaction(store: Store, statements: Statements) -> None:
    store.write_now(put("a"))
    store.read_now(count)
    assert len(statements) == 2


def wakes(watching: Store, act: Callable[[], object]) -> bool:
    async def main() -> bool:
        woken = asyncio.Event()
        await watching.write(put("first"))  # its connection is open, what was is seen
        forget = watching.on_wake(woken.set)
        await asyncio.sleep(0.4)
        woken.clear()
        await asyncio.to_thread(act)
        try:
            await asyncio.wait_for(woken.wait(), 1)
        except TimeoutError:
            return False
        finally:
            forget()
        return True

    return asyncio.run(main())


def put_and_notify(conn: Connection) -> None:
    put("work")(conn)
    engine.notify(conn)


def test_a_commit_that_notifies_wakes(store: Store) -> None:
    assert wakes(store, lambda: store.write_now(put_and_notify))


def test_another_process_wakes(store: Store, database_url: str) -> None:
    with Store.open(database_url) as other:
        assert wakes(store, lambda: other.write_now(put_and_notify))


def test_a_unit_that_fails_wakes_nobody(sqlite_url: str) -> None:
    def unit(conn: Connection) -> None:
        put_and_notify(conn)
        raise ValueError

    def act() -> None:
        with pytest.raises(ValueError):
            store.write_now(unit)

    with Store.open(sqlite_url) as store:
        assert not wakes(store, act)


def test_locked_is_unavailable(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listserver.store.sqlite.BUSY", 50)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    with Store.open(sqlite_url) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            store.write_now(put("a"))
        other.execute("ROLLBACK")
        assert store.write_now(put("a")) == "a"
    other.close()


def test_full_is_unavailable_and_nothing_after_it_counts_as_written(sqlite_url: str) -> None:
    def fill(conn: Connection) -> None:
        conn.execute(PUT, {"name": "big", "value": "x" * 10_000_000})

    def swallow(conn: Connection) -> None:
        try:
            fill(conn)
        except Exception:
            put("after")(conn)

    with Store.open(sqlite_url) as store:
        store.write_now(lambda conn: conn.execute(text("PRAGMA max_page_count=500")).all())
        with pytest.raises(Unavailable):
            store.write_now(fill)
        with pytest.raises(Unavailable):
            store.write_now(swallow)
        assert store.read_now(count) == 0
        assert store.write_now(put("small")) == "small"


def test_a_mistake_of_ours_is_not_called_temporary(store: Store) -> None:
    with pytest.raises(Exception, match="nowhere") as raised:
        store.write_now(lambda conn: conn.execute(text("SELECT * FROM nowhere")).all())
    assert not isinstance(raised.value, Unavailable)


def test_a_failed_statement_that_a_unit_swallows_commits_nothing(postgres_url: str) -> None:
    def unit(conn: Connection) -> None:
        put("a")(conn)
        try:
            put("a")(conn)
        except Exception:
            return

    with Store.open(postgres_url) as store:
        with pytest.raises(Unavailable):
            store.write_now(unit)
        assert store.read_now(count) == 0


def test_lost_connections_are_made_again(postgres_url: str) -> None:
    with Store.open(postgres_url) as store, Store.open(postgres_url) as other:
        store.write_now(put("a"))
        store.write_now(put("b"), durable=False)
        cut = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        other.write_now(lambda conn: conn.execute(cut).all())
        assert store.write_now(put("c")) == "c"
        assert store.write_now(put("d"), durable=False) == "d"


def test_deadlocks_are_run_again(postgres_url: str) -> None:
    lock = text("UPDATE site SET value = value || :by WHERE name = :name")
    barrier = threading.Barrier(2)
    tries = {"ab": 0, "ba": 0}

    def unit(order: str) -> Callable[[Connection], None]:
        def run(conn: Connection) -> None:
            tries[order] += 1
            conn.execute(lock, {"by": order, "name": order[0]})
            if tries[order] == 1:
                barrier.wait(5)
            conn.execute(lock, {"by": order, "name": order[1]})

        return run

    with Store.open(postgres_url) as one, Store.open(postgres_url) as two:
        one.write_now(put("a"))
        one.write_now(put("b"))
        thread = threading.Thread(target=lambda: one.write_now(unit("ab")))
        thread.start()
        two.write_now(unit("ba"))
        thread.join()
        values = one.read_now(lambda conn: sorted(conn.execute(select(site.c.value)).scalars()))
    assert sorted(values[0][i : i + 2] for i in (0, 2)) == ["ab", "ba"]
    assert sum(tries.values()) >= 3  # two units and one that ran again; on a busy machine they may meet twice


@pytest.mark.parametrize("url", ["sqlite://", "mysql://x/y", "nonsense", "sqlite:////nowhere/at/all.db"])
def test_a_wrong_url_is_said_with_what_would_be_right(url: str) -> None:
    with pytest.raises(UsageError, match=r"sqlite:///path|listserver init"):
        Store.open(url)


def test_an_absent_server_is_unavailable(tmp_path: Path) -> None:
    with Store.open(f"postgresql://postgres@/x?host={tmp_path}") as store:
        with pytest.raises(Unavailable):
            store.read_now(count)
        with pytest.raises(Unavailable):
            store.write_now(count)


def test_pages_give_way_to_posts_one_at_a_time_with_a_rest(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY", 60.0)  # however slow this machine is
    spans: list[tuple[float, float]] = []

    def page(_conn: Connection) -> None:
        began = time.monotonic()
        while time.monotonic() < began + 0.005:
            pass
        spans.append((began, time.monotonic()))

    async def several(store: Store) -> None:
        await asyncio.gather(*(store.read(page, page=True) for _ in range(4)))

    with Store.open(sqlite_url) as store:
        store.write_now(lambda _conn: None)
        asyncio.run(several(store))
    spans.sort()
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    assert min(gaps) > 0.005
