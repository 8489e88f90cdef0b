"""The delivery worker where cursors lie in a file beside the database: nobody is missed, nobody gets a second copy."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest

from listserver.delivery.ledger import FOLLOW
from listserver.delivery.smtp import RelayUrl, Smtp
from listserver.delivery.worker import Options, Worker
from listserver.store import tables
from listserver.store.cursors import Cursors, left
from listserver.store.engine import Store
from tests.community import SITE
from tests.doors.test_worker import Clock, build, empty, everybody, post, rows, run, sqlite_store, until, working
from tests.relay import Script, relay

__all__ = ["sqlite_store"]


def test_a_killed_worker_repeats_one_copy_of_each_connection(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        talk = build(store, 2500)
        post(store, talk)

        async def story() -> None:
            script, clock = Script(), Clock()
            async with relay(script):
                way = Smtp(RelayUrl("127.0.0.1", script.port, "none"), "lists.example")
                for number in range(3):
                    killed = Worker(store, way, SITE, clock, Options(f"k{number}", 4, monotonic=clock.monotonic))
                    killed.office.ledger._follow = lambda: None  # type: ignore[method-assign]  # the rows stay behind
                    task = asyncio.create_task(killed.run(asyncio.Event()))
                    taken = len(script.taken)
                    await until(lambda taken=taken: len(script.taken) > taken + 100)  # type: ignore[misc]
                    task.cancel()  # as good as dead: it lets nothing go
                    await asyncio.wait([task])
                    assert left(Path(f"{sqlite_url.removeprefix('sqlite:///')}-cursors"))[1]
                async with working(store, script, clock, name="b"):
                    await until(lambda: empty(store), 60)
            counts = Counter(script.got())
            assert set(counts) == set(everybody(talk))
            assert sum(counts.values()) - len(counts) <= 3 * 4  # one transaction of each connection

        run(story)
        assert not Path(f"{sqlite_url.removeprefix('sqlite:///')}-cursors").exists()


def test_where_the_file_cannot_be_written_cursors_are_saved_in_the_rows(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = build(sqlite_store, 30)
    post(sqlite_store, talk)
    monkeypatch.setattr(Cursors, "_made", lambda self: os.open("/dev/full", os.O_RDWR))

    async def story() -> None:
        script = Script()
        async with working(sqlite_store, script, Clock()):
            await until(lambda: empty(sqlite_store))
        assert sorted(script.got()) == sorted(everybody(talk))

    run(story)


def test_the_rows_follow_the_file_and_a_delivery_that_was_cancelled_ends_soon(sqlite_store: Store) -> None:
    talk = build(sqlite_store, 5000)
    post_id = post(sqlite_store, talk)

    async def story() -> None:
        script = Script()
        async with working(sqlite_store, script, Clock(), connections=1):
            await until(lambda: any(after for (after,) in rows(sqlite_store, tables.deliveries, "after")))
            table = tables.deliveries
            await sqlite_store.write(lambda conn: conn.execute(table.delete().where(table.c.post_id == post_id)))
            taken = len(script.taken)
            await asyncio.sleep(4 * FOLLOW)
            last = len(script.taken)
            await asyncio.sleep(2 * FOLLOW)
            assert taken < len(script.taken) == last < 5000

    run(story)
