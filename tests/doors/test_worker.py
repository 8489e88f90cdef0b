"""The delivery worker against a relay that misbehaves: nobody is missed, nobody gets a second copy."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from listserver.core.address import Verb, route
from listserver.core.verp import Verp, read_member_token, read_verp_token
from listserver.delivery import copies
from listserver.delivery.smtp import RelayUrl, Smtp
from listserver.delivery.worker import STALE, Options, Worker
from listserver.store import deliveries, tables
from listserver.store.engine import Store
from tests import community
from tests.community import NOW, SITE, Community
from tests.relay import DROP, HANG, OFFERS, Script, relay

PATIENCE = 0.15


class Clock:
    """Moments that only tests move."""

    def __init__(self) -> None:
        self.now = NOW
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds

    def jump(self, store: Store, **by: float) -> None:
        """Both clocks, as time that passes in a process that runs."""
        self.now += timedelta(**by)
        store.wake()


@asynccontextmanager
async def working(store: Store, script: Script, clock: Clock, **options: Any) -> AsyncIterator[Worker]:
    """A worker that sends into a relay with this script."""
    if not script.port:
        async with relay(script), working(store, script, clock, **options) as worker:
            yield worker
        return
    way = Smtp(RelayUrl("127.0.0.1", script.port, "none"), "lists.example", patience=PATIENCE)
    settings = {"name": "w", "connections": 4, "monotonic": clock.monotonic, "chance": lambda: 0.5} | options
    worker = Worker(store, way, SITE, clock, Options(**settings))
    stopping = asyncio.Event()
    task = asyncio.create_task(worker.run(stopping))
    try:
        yield worker
    finally:
        stopping.set()
        await asyncio.wait_for(task, 10)


async def until(true: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 (it is the database that changes)
            await asyncio.sleep(0.005)


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """For what does not depend on the engine."""
    with Store.open(sqlite_url) as opened:
        yield opened


def rows(store: Store, table: Any, *names: str) -> list[Any]:
    columns = [table.c[name] for name in names]
    return [
        tuple(row) for row in store.read_now(lambda conn: conn.execute(select(*columns).order_by(table.c.id)).all())
    ]


def idle(store: Store) -> bool:
    """Nothing is due, and nothing under way."""
    ranges = rows(store, tables.deliveries, "lease", "due")
    return not any(lease for lease, _ in ranges + rows(store, tables.stragglers, "lease", "due"))


def empty(store: Store) -> bool:
    return not rows(store, tables.deliveries, "id") and not rows(store, tables.stragglers, "id")


async def drained(store: Store, clock: Clock, script: Script) -> None:
    """Jump from try to try until the queue is empty."""
    for _ in range(40):
        for _ in range(100):
            if empty(store):
                return
            await asyncio.sleep(0.01)
            if idle(store) and script.verbs:
                break
        clock.seconds += 3  # the relay is tried again too
        clock.jump(store, minutes=6)
    raise AssertionError(f"left: {rows(store, tables.stragglers, 'address', 'reply', 'due')}")


def run(story: Callable[[], Any]) -> None:
    asyncio.run(story())


def build(store: Store, count: int, name: str = "talk", **settings: str) -> Community:
    return store.write_now(lambda conn: community.build(conn, count, name, **settings))


def post(store: Store, where: Community, number: int = 1, **columns: Any) -> int:
    return store.write_now(lambda conn: community.post(conn, where, number, **columns))


def everybody(where: Community, name: str = "talk") -> list[str]:
    return [f"m{n}@{name}.example" for n in range(len(where.members))]


# --- all is well ------------------------------------------------------------------------------------------------------
def test_each_member_gets_one_copy_with_its_own_return_address_and_link(store: Store) -> None:
    talk = build(store, 25)
    post(store, talk)

    async def story() -> None:
        script = Script()
        async with working(store, script, Clock()):
            await until(lambda: empty(store))
        assert sorted(script.got()) == sorted(everybody(talk))
        for copy in script.taken:
            member = talk.members[int(copy.recipient[1:].partition("@")[0])]
            to = route(copy.sender, SITE.domain, "talk".__eq__)
            day = int(NOW.timestamp()) // 86_400
            assert to.verb is Verb.BOUNCE
            assert read_verp_token(SITE.secret, talk.list_id, to.argument) == Verp(member, day)
            (field,) = [line for line in copy.mail.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
            token = copy.mail.split(b"/talk/unsubscribe/")[1].split(b">")[0].decode()
            assert field
            assert read_member_token(SITE.secret, copies.LEAVE, token) == member
            assert copy.mail.endswith(b"\r\n\r\nHello.\r\n")

    run(story)


def test_O1_equal_copies_go_in_batches_of_a_hundred(store: Store) -> None:
    talk = build(store, 250, copies="batch")
    post(store, talk)

    async def story() -> None:
        script = Script()
        async with working(store, script, Clock()):
            await until(lambda: empty(store))
        assert sorted(script.got()) == sorted(everybody(talk))
        assert script.verbs["MAIL"] == 3
        (sender,) = {copy.sender for copy in script.taken}
        token = sender.removeprefix("talk-bounces+").removesuffix("@lists.example")
        found = read_verp_token(SITE.secret, talk.list_id, token)
        assert found is not None
        assert found.member_id == 0  # ours, of this list, of any member
        assert len({copy.mail for copy in script.taken}) == 1

    run(story)


def test_O1_xverp_is_used_only_where_it_is_offered_and_wished(store: Store) -> None:
    talk = build(store, 3, copies="batch")

    async def story() -> None:
        for number, (offers, wished, expected) in enumerate(
            [((*OFFERS, "XVERP"), True, True), ((*OFFERS, "XVERP"), False, False), (OFFERS, True, False)], 1
        ):
            post(store, talk, number)
            script = Script(offers=offers)
            async with working(store, script, Clock(), xverp=wished):
                await until(lambda: empty(store))
            (mail,) = [line for line in script.lines if line.startswith("MAIL")]
            assert mail.endswith(" XVERP=+=") is expected
            assert "talk-bounces+" in mail

    run(story)


def test_a_notice_leaves_as_it_was_written(store: Store) -> None:
    def plan(conn: Connection) -> None:
        mail = b"Subject: hi\r\n\r\n.dot\r\nno end"
        made = {"name": "welcome", "address": "a@x.example", "bytes": mail, "created_at": NOW}
        number = conn.execute(insert(tables.notices).values(made).returning(tables.notices.c.id)).scalar_one()
        deliveries.add_notice(conn, number, None, "a@x.example", NOW)

    store.write_now(plan)

    async def story() -> None:
        script = Script()
        async with working(store, script, Clock(), connections=1):
            await until(lambda: empty(store))
        (copy,) = script.taken
        assert (copy.recipient, copy.mail) == ("a@x.example", b"Subject: hi\r\n\r\n.dot\r\nno end\r\n")
        assert copy.sender.startswith("bounces+")  # B5: what comes back of it is known by this

    run(story)


def test_a_post_that_was_deleted_meanwhile_is_not_sent(store: Store) -> None:
    talk = build(store, 2)
    post_id = post(store, talk)
    store.write_now(lambda conn: conn.execute(tables.raw.delete().where(tables.raw.c.post_id == post_id)))

    async def story() -> None:
        script = Script()
        async with working(store, script, Clock()):
            await until(lambda: empty(store))
        assert script.taken == []

    run(story)


# --- the relay misbehaves ---------------------------------------------------------------------------------------------
HOWS = {
    "4xx": b"451 4.3.0 later", "hangs": HANG, "drops": DROP, "421": b"421 4.3.2 closing", "nonsense": b"hello?",
}  # fmt: skip


@pytest.mark.parametrize("mode", ["each", "batch"])
@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("how", HOWS)
def test_O5_O6_nobody_is_missed_and_nobody_gets_a_second_copy(
    sqlite_store: Store, how: str, verb: str, mode: str
) -> None:
    """The relay fails at that verb for its 1st, 3rd and 4th time."""
    store = sqlite_store
    talk = build(store, 12, copies=mode)
    post(store, talk)

    async def story() -> None:
        def answer(said: str, line: str, nth: int) -> bytes | None:
            return HOWS[how] if said == verb and nth in (0, 2, 3) else None

        script, clock = Script(answer), Clock()
        async with working(store, script, clock):
            await drained(store, clock, script)
        assert Counter(script.got()) == Counter(everybody(talk))
        assert rows(store, tables.bounces, "id") == []

    run(story)


@pytest.mark.parametrize("mode", ["each", "batch"])
def test_O5_a_recipient_refused_for_good_is_a_bounce_and_no_other_is_touched(store: Store, mode: str) -> None:
    talk = build(store, 10, copies=mode)
    post_id = post(store, talk)

    async def story() -> None:
        def answer(said: str, line: str, nth: int) -> bytes | None:
            return b"550 5.1.1 who?" if said == "RCPT" and "m4@" in line else None

        script = Script(answer)
        async with working(store, script, Clock()):
            await until(lambda: empty(store))
        assert sorted(script.got()) == [address for address in sorted(everybody(talk)) if address[1] != "4"]
        assert rows(store, tables.bounces, "member_id", "post_id", "address", "kind") == [
            (talk.members[4], post_id, "m4@talk.example", "dead")
        ]

    run(story)


def test_O5_a_batch_refused_after_data_is_sent_one_by_one(store: Store) -> None:
    talk = build(store, 10, copies="batch")
    post(store, talk)

    async def story() -> None:
        script = Script()
        bad = {"m3@talk.example"}

        def answer(said: str, line: str, nth: int) -> bytes | None:
            begun = max((n for n, line in enumerate(script.lines) if line.startswith("MAIL")), default=0)
            to = {line[9:-1] for line in script.lines[begun:] if line.startswith("RCPT")}
            return b"554 5.7.1 spam" if said == "DOT" and to & bad else None

        script.answer = answer
        async with working(store, script, Clock()):
            await until(lambda: empty(store))
        assert sorted(script.got()) == sorted(set(everybody(talk)) - bad)
        assert rows(store, tables.bounces, "address", "kind") == [("m3@talk.example", "policy")]

    run(story)


def test_O5_too_many_recipients_the_rest_goes_anew_and_the_next_batches_are_smaller(store: Store) -> None:
    talk = build(store, 95, copies="batch")
    post(store, talk)

    async def story() -> None:
        script = Script()
        count = 0

        def answer(said: str, line: str, nth: int) -> bytes | None:
            nonlocal count
            count = count + 1 if said == "RCPT" else 0
            return b"452 4.5.3 too many" if count > 10 else None

        script.answer = answer
        async with working(store, script, Clock(), connections=1) as worker:
            worker.office.batch = 30
            await until(lambda: empty(store))
            assert worker.office.batch == 10
        assert Counter(script.got()) == Counter(everybody(talk))

    run(story)


def test_5xx_at_mail_is_ours_the_delivery_waits_and_the_operator_is_told(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    talk = build(store, 100)
    post(store, talk)

    async def story() -> None:
        script = Script(lambda said, line, nth: b"550 5.7.1 not you" if said == "MAIL" and nth == 0 else None)
        clock = Clock()
        async with working(store, script, clock):
            await until(lambda: rows(store, tables.deliveries, "attempts", "lease") == [(1, None)])
            assert rows(store, tables.deliveries, "reply") == [("550 5.7.1 not you",)]
            assert rows(store, tables.stragglers, "id") == []
            assert script.taken == []
            clock.jump(store, minutes=2)
            await until(lambda: empty(store))
        assert Counter(script.got()) == Counter(everybody(talk))

    run(story)
    assert "relay-unreachable" in caplog.messages


def test_a_relay_that_puts_all_off_makes_few_stragglers(store: Store) -> None:
    talk = build(store, 500)
    post(store, talk)

    async def story() -> None:
        script = Script(lambda said, line, nth: b"451 4.7.1 greylisted" if said == "RCPT" and nth < 10 else None)
        clock = Clock()
        async with working(store, script, clock, connections=2):
            await until(lambda: rows(store, tables.deliveries, "attempts", "lease") == [(1, None)])
            assert rows(store, tables.deliveries, "reply") == [("451 4.7.1 greylisted",)]
            assert len(rows(store, tables.stragglers, "id")) == 10
            await drained(store, clock, script)
        assert Counter(script.got()) == Counter(everybody(talk))

    run(story)


def test_a_relay_that_is_gone_is_tried_again_and_no_row_is_made(store: Store) -> None:
    talk = build(store, 50)
    post(store, talk)

    async def story() -> None:
        gone = Script()
        async with relay(gone):
            pass
        clock = Clock()
        async with working(store, gone, clock) as worker:
            await until(lambda: not worker.office.relay.reachable and idle(store))
            assert [after for (after,) in rows(store, tables.deliveries, "after")] == [0]
        assert rows(store, tables.stragglers, "id") == []
        script = Script()
        async with working(store, script, clock):
            await until(lambda: empty(store))
        assert Counter(script.got()) == Counter(everybody(talk))

    run(story)


def test_O10_a_relay_that_wants_fewer_connections_gets_fewer(store: Store) -> None:
    talk = build(store, 2500)
    post(store, talk)

    async def story() -> None:
        def answer(said: str, line: str, nth: int) -> bytes | None:
            return b"421 4.7.0 too many connections" if said == "CONNECT" and nth >= 2 else None

        script, clock = Script(answer), Clock()
        async with working(store, script, clock, connections=8) as worker:
            await until(lambda: worker.office.relay.limit(8) == 2)
            assert worker.office.relay.reachable
            await until(lambda: empty(store), 60)
            assert script.verbs["CONNECT"] < 12
            clock.seconds += 61
            assert worker.office.relay.limit(8) == 8
        assert Counter(script.got()) == Counter(everybody(talk))

    run(story)


# --- turns, pauses, ends ----------------------------------------------------------------------------------------------
def test_a_small_list_does_not_wait_for_a_large_one(sqlite_store: Store) -> None:
    store = sqlite_store
    large, small = build(store, 3000, "large"), build(store, 10, "small")
    post(store, large)

    async def story() -> None:
        script = Script()
        async with working(store, script, Clock(), connections=4):
            await until(lambda: len(script.taken) > 50)
            post(store, small)
            await until(lambda: sum("@small" in one for one in script.got()) == 10)
            assert len(script.taken) < 2000
            await until(lambda: empty(store), 60)
        assert Counter(script.got()) == Counter(everybody(large, "large") + everybody(small, "small"))

    run(story)


def test_stopping_ends_the_transactions_and_another_goes_on(store: Store) -> None:
    talk = build(store, 600)
    post(store, talk)

    async def story() -> None:
        first, second = Script(), Script()
        async with working(store, first, Clock()):
            await until(lambda: len(first.taken) > 20)
        assert 20 < len(first.taken) < 600
        assert idle(store)
        async with working(store, second, Clock()):
            await until(lambda: empty(store))
        assert Counter(first.got() + second.got()) == Counter(everybody(talk))

    run(story)


def test_a_worker_that_was_paused_sends_nothing_more_under_its_old_lease(store: Store) -> None:
    talk = build(store, 300)
    post(store, talk)

    async def story() -> None:
        script, clock = Script(), Clock()
        async with working(store, script, clock, connections=2) as worker:
            await until(lambda: len(script.taken) > 5)
            clock.seconds += STALE  # it stood still; its lease is over as well, on the database's clock
            await store.write(community.lapse)
            await until(lambda: worker.office.ledger.lease == "w.1")
            await until(lambda: empty(store))
        assert Counter(script.got()) == Counter(everybody(talk))

    run(story)


def test_two_processes_share_a_delivery_and_one_takes_over_from_the_other(postgres_url: str) -> None:
    with Store.open(postgres_url) as one, Store.open(postgres_url) as other:
        talk = build(one, 2500)
        post(one, talk)

        async def story() -> None:
            script, clock = Script(), Clock()
            async with relay(script):
                way = Smtp(RelayUrl("127.0.0.1", script.port, "none"), "lists.example")
                killed = Worker(one, way, SITE, clock, Options("a", 2, monotonic=clock.monotonic))
                task = asyncio.create_task(killed.run(asyncio.Event()))
                await until(lambda: len(script.taken) > 100)
                task.cancel()  # as good as dead: it lets nothing go
                await asyncio.wait([task])
                taken = len(script.taken)
                async with working(other, script, clock, name="b"):
                    await until(lambda: len(script.taken) > taken)
                    await other.write(community.lapse)
                    await until(lambda: empty(other), 60)
            counts = Counter(script.got())
            assert set(counts) == set(everybody(talk))
            assert sum(counts.values()) - len(counts) <= 2  # one transaction of each connection

        run(story)


def test_pacing_spreads_the_copies(sqlite_store: Store) -> None:
    store = sqlite_store
    post(store, build(store, 30))

    async def story() -> None:
        script, loop = Script(), asyncio.get_running_loop()
        began = loop.time()
        async with working(store, script, Clock(), connections=2, pace=100, monotonic=loop.time):
            await until(lambda: empty(store))
        assert 0.25 < loop.time() - began < 3

    run(story)
