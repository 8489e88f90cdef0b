"""Each slot of a job fires once: over restarts, two processes, clocks that jump, and failures."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, func, insert, select

from listserver import jobs
from listserver.core.site import Site
from listserver.errors import UsageError
from listserver.jobs import Job, Runner
from listserver.store import tables, ticks
from listserver.store.engine import Store
from tests.actions.conftest import Community

NOW = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
DAY = timedelta(days=1)
SITE = Site("lists.example.org", "Lists", "postmaster@lists.example.org", "en", "", b"s" * 32)
TABLE = jobs.table(SITE)


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def counting(log: list[datetime], name: str = "count", slot: Callable[[datetime], str] = jobs.hourly) -> Job:
    def work(conn: Connection, now: datetime) -> bool:
        log.append(now)
        return False

    return Job(name, "Counts.", slot, work)


def looks(store: Store, job: Job, clock: Clock, moments: list[datetime]) -> None:
    async def main() -> None:
        runner = Runner(store, (job,), clock)
        for moment in moments:
            clock.now = moment
            await runner.look()

    asyncio.run(main())


def test_a_slot_fires_once_over_looks_restarts_and_processes(store: Store, database_url: str) -> None:
    ran: list[datetime] = []
    job, clock = counting(ran), Clock(NOW)
    looks(store, job, clock, [NOW, NOW + timedelta(minutes=1)])
    looks(store, job, clock, [NOW + timedelta(minutes=2)])
    with Store.open(database_url) as other:
        looks(other, job, clock, [NOW + timedelta(minutes=3), NOW + timedelta(hours=1)])
    assert ran == [NOW, NOW + timedelta(hours=1)]


def test_a_clock_that_jumps_back_fires_nothing_again(store: Store) -> None:
    ran: list[datetime] = []
    looks(store, counting(ran), Clock(NOW), [NOW, NOW + timedelta(hours=1), NOW, NOW + timedelta(hours=1)])
    assert len(ran) == 2


def test_two_days_down_fire_one_slot_not_all_that_were_missed(store: Store) -> None:
    ran: list[datetime] = []
    looks(store, counting(ran, slot=jobs.ten_minutes), Clock(NOW), [NOW, NOW + 2 * DAY])
    assert ran == [NOW, NOW + 2 * DAY]


def test_a_failure_takes_no_slot_and_is_tried_again_later(store: Store) -> None:
    ran: list[datetime] = []

    def work(conn: Connection, now: datetime) -> bool:
        ran.append(now)
        if len(ran) == 1:
            raise ValueError("not today")
        return False

    job = Job("fails", "Fails once.", jobs.daily, work)
    looks(store, job, Clock(NOW), [NOW, NOW])  # the second look is too soon
    assert ran == [NOW]
    assert store.read_now(ticks.last) == {}
    looks(store, job, Clock(NOW), [NOW])
    assert store.read_now(ticks.last) == {"fails": NOW}


def test_work_goes_on_in_further_transactions_until_nothing_is_left(store: Store) -> None:
    left = [2, 1, 0]
    job = Job("long", "Takes three.", jobs.daily, lambda conn, now: left.pop(0) > 0)
    looks(store, job, Clock(NOW), [NOW])
    assert left == []


def test_the_runner_ends_when_asked(store: Store) -> None:
    fired = threading.Event()

    def work(conn: Connection, now: datetime) -> bool:
        fired.set()
        return False

    async def main() -> None:
        stopping = asyncio.Event()
        running = asyncio.create_task(Runner(store, (Job("once", "", jobs.daily, work),), Clock(NOW)).run(stopping))
        await asyncio.to_thread(fired.wait, 5)
        stopping.set()
        await asyncio.wait_for(running, 1)

    asyncio.run(main())
    assert fired.is_set()


def test_run_now_works_whether_or_not_the_slot_is_taken(store: Store) -> None:
    ran: list[datetime] = []
    job = counting(ran)
    assert [jobs.run_now(store, job, NOW), jobs.run_now(store, job, NOW)] == [1, 1]
    left = [2, 1, 0]
    assert jobs.run_now(store, Job("long", "", jobs.daily, lambda conn, now: left.pop(0) > 0), NOW) == 3


def test_find() -> None:
    assert jobs.find(TABLE, "tokens").name == "tokens"
    with pytest.raises(UsageError, match="The jobs are expiry, "):
        jobs.find(TABLE, "tea")


def fill(conn: Connection) -> None:
    """Rows of each kind: one to keep, one to forget."""
    conn.execute(insert(tables.lists), {"id": 1, "name": "talk", "settings": {}, "created_at": NOW})
    conn.execute(insert(tables.people), {"id": 1, "created_at": NOW})
    conn.execute(insert(tables.addresses), {"id": 1, "person_id": 1, "key": "a", "address": "a", "created_at": NOW})
    conn.execute(insert(tables.members), {"id": 1, "list_id": 1, "person_id": 1, "address_id": 1, "joined_at": NOW})
    for i, age in enumerate((timedelta(0), 400 * DAY)):
        then = NOW - age
        token = {"hash": b"%d" % i, "action": "join", "address": "a", "created_at": then, "expires_at": then}
        conn.execute(insert(tables.tokens), token)
        hold = {"list_id": 1, "kind": "post", "address": "a", "held_at": then, "expires_at": NOW + DAY, "reasons": []}
        conn.execute(insert(tables.holds), hold | {"decided_at": then, "envelope": {}})
        conn.execute(insert(tables.holds), hold | {"envelope": {}})  # waits, however old
        conn.execute(insert(tables.bounces), {"address": "a", "kind": "dead", "source": "dsn", "at": then})
        event = {"at": then, "name": "post-filed", "actor": "a", "door": "smtp", "data": {}}
        conn.execute(insert(tables.events), event)
        conn.execute(insert(tables.ticks), {"job": "x", "slot": str(i), "at": then})
        notice = {"name": "welcome", "address": "a", "bytes": b"", "created_at": then}
        conn.execute(insert(tables.notices), notice)
        waits = conn.execute(insert(tables.notices).returning(tables.notices.c.id), notice).scalar_one()
        straggler = {"address": "a", "priority": 0, "due": then, "created_at": then}
        conn.execute(insert(tables.stragglers), straggler | {"notice_id": waits})
        conn.execute(insert(tables.stragglers), straggler | {"state": "failed"})


def test_D4_each_job_forgets_what_is_old_and_nothing_else(store: Store) -> None:
    store.write_now(fill)
    for job in TABLE:
        jobs.run_now(store, job, NOW)

    def left(conn: Connection) -> dict[str, int]:
        kept = ("tokens", "holds", "bounces", "events", "notices", "stragglers", "ticks")
        return {
            name: conn.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one()
            for name in kept
        }

    assert store.read_now(left) == {
        "tokens": 1,
        "holds": 3,
        "bounces": 1,
        "events": 1,
        "notices": 3,
        "stragglers": 3,
        "ticks": 1 + len(TABLE),
    }


def test_D4_old_editions_go_but_for_the_last_of_each_stream_and_those_on_their_way(store: Store) -> None:
    old, new = NOW - timedelta(days=91), NOW - timedelta(days=89)
    made = [
        ("daily", 1, old),
        ("daily", 2, old),
        ("daily", 3, new),
        ("weekly", 2, old),
        ("index", 1, old),
        ("index", 2, old),
    ]

    def unit(conn: Connection) -> None:
        fill(conn)
        for mode, upto, at in made:
            row = {"list_id": 1, "mode": mode, "after": 0, "upto": upto, "made_at": at}
            conn.execute(insert(tables.editions), row)
        first = select(tables.editions.c.id).where(tables.editions.c.mode == "index").order_by(tables.editions.c.id)
        waits = {"list_id": 1, "edition_id": conn.execute(first).scalars().first(), "number": 1, "priority": 1}
        conn.execute(insert(tables.deliveries), waits | {"due": NOW, "created_at": NOW})

    store.write_now(unit)
    jobs.run_now(store, jobs.find(TABLE, "editions"), NOW)
    left = select(tables.editions.c.mode, tables.editions.c.upto).order_by(tables.editions.c.id)
    kept = [tuple(row) for row in store.read_now(lambda conn: conn.execute(left).all())]
    assert kept == [("daily", 3), ("weekly", 2), ("index", 1), ("index", 2)]


@pytest.mark.parametrize(
    ("receives", "delivery", "edition", "kept"),
    [
        ("each", None, None, False),
        ("each", 6, None, True),  # a post on its way that they were due
        ("each", 5, None, False),  # one that was before their choice
        ("nothing", None, None, False),
        ("daily", None, None, True),  # the edition with those posts is to come
        ("daily", None, 9, True),
        ("daily", None, 10, False),
        ("daily", 10, 10, True),  # it is on its way
    ],
)
def test_earlier_choices_are_kept_while_something_goes_by_them(
    store: Store, receives: str, delivery: int | None, edition: int | None, kept: bool
) -> None:
    def unit(conn: Connection) -> None:
        fill(conn)
        past = {"list_id": 1, "member_id": 1, "receives": receives, "since": 5, "until": 10}
        conn.execute(insert(tables.past_receives), past)
        if delivery:
            row = {"list_id": 1, "number": delivery, "priority": 1, "due": NOW, "created_at": NOW}
            conn.execute(insert(tables.deliveries), row)
        if edition:
            made = {"list_id": 1, "mode": "daily", "after": 0, "upto": edition, "made_at": NOW}
            conn.execute(insert(tables.editions), made)

    store.write_now(unit)
    jobs.run_now(store, jobs.find(TABLE, "choices"), NOW)
    count = select(func.count()).select_from(tables.past_receives)
    assert store.read_now(lambda conn: conn.execute(count).scalar_one()) == kept


def test_what_waited_too_long_ends_in_portions(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "DECISIONS", 2)
    community.create(hold_days="1")
    for _ in range(5):
        community.post("eve@example.net")
    community.later(days=2)
    assert jobs.run_now(community.store, jobs.find(jobs.table(community.site), "expiry"), community.now) == 3
    assert [row["decision"] for row in community.rows("holds")] == ["discarded"] * 5
