"""Verbs on copies on their way out, on both engines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from listserver.actions import delivery
from listserver.actions.delivery import Moved, Refusal, Tried, Wish
from listserver.core.actor import OPERATOR, Actor, Proof
from listserver.core.envelope import Reply
from listserver.core.fate import GIVE_UP, Fate
from listserver.errors import Refused, UsageError
from listserver.store import deliveries, tables
from listserver.store.deliveries import Range, Straggler
from listserver.store.engine import Store
from tests import community
from tests.community import NOW, Community
from tests.conftest import Statements

MINUTE = timedelta(minutes=1)
LATER = Reply(450, "4.2.1", "later")
NO = Reply(550, "5.1.1", "no such user")


def build(store: Store, count: int, name: str = "talk", **settings: str) -> Community:
    return store.write_now(lambda conn: community.build(conn, count, name, **settings))


def post(store: Store, where: Community, number: int = 1, **columns: Any) -> int:
    return store.write_now(lambda conn: community.post(conn, where, number, **columns))


def claim(
    store: Store, lease: str = "w", now: datetime = NOW, size: int = 1000, full: tuple[int, ...] = ()
) -> list[Range]:
    return store.write_now(lambda conn: deliveries.claim_ranges(conn, lease, now, delivery.LEASE, 4, size, full))


def late(store: Store, lease: str = "w", now: datetime = NOW) -> list[Straggler]:
    return list(store.write_now(lambda conn: delivery.claim(conn, lease, Wish(0, 50), now)).stragglers)


def settle(store: Store, *answers: Moved | Tried, lease: str = "w", now: datetime = NOW) -> set[int]:
    moved = [answer for answer in answers if isinstance(answer, Moved)]
    tried = [answer for answer in answers if isinstance(answer, Tried)]
    return store.write_now(lambda conn: delivery.settle(conn, community.SITE, lease, moved, tried, now)).lost


def rows(store: Store, table: Any, *names: str) -> list[Any]:
    columns = [table.c[name] for name in names] or [table]
    return [
        tuple(row) for row in store.read_now(lambda conn: conn.execute(select(*columns).order_by(table.c.id)).all())
    ]


def members_of(store: Store, work: Range) -> list[int]:
    return [member for member, _ in store.read_now(lambda conn: deliveries.recipients(conn, work))]


def refusal(member: int | None, fate: Fate, reply: Reply = LATER) -> Refusal:
    return Refusal(member, "m@x.example", fate, reply, 0.5)


# --- claim ------------------------------------------------------------------------------------------------------------
def test_a_large_delivery_is_cut_into_ranges_that_hold_each_member_once(store: Store) -> None:
    talk = build(store, 10)
    post(store, talk)
    got: list[int] = []
    sizes = []
    while ranges := claim(store, size=4):
        for work in ranges:
            sizes.append(len(members_of(store, work)))
            got += members_of(store, work)
            store.write_now(lambda conn, work=work: delivery.finish(conn, "w", work, NOW))
    assert sizes == [4, 4, 2]
    assert got == talk.members
    assert rows(store, tables.deliveries) == []
    assert rows(store, tables.events, "name") == [("delivery-finished",)]


def test_statements_do_not_grow_with_the_list(store: Store, statements: Statements) -> None:
    counts = []
    for size, name in ((2, "small"), (4500, "large")):
        where = build(store, size, name)
        post(store, where)
        statements.clear()
        (work,) = store.write_now(lambda conn: delivery.claim(conn, "w", Wish(4, 50), NOW)).ranges
        counts.append(len(statements))
        statements.clear()
        assert len(members_of(store, work)) == min(size, delivery.RANGE)
        assert len(statements) == 2
        statements.clear()
        settle(store, Moved(work, work.after + 1))
        assert len(statements) == 1
    assert counts == [3, 6]


def test_a_list_of_some_hundreds_goes_over_several_connections(store: Store) -> None:
    post(store, build(store, 1000))
    pieces = []
    while found := claim(store, size=delivery.RANGE):
        pieces += [len(members_of(store, work)) for work in found]
    assert pieces == [125, 109, *[100] * 7, 66]


def test_what_a_worker_has_another_cannot_get_until_the_lease_is_over(store: Store) -> None:
    post(store, build(store, 3))
    (work,) = claim(store, "a")
    assert claim(store, "b") == []
    store.write_now(community.lapse)
    assert claim(store, "a") == []  # what it has itself, though the clock was set forward
    store.write_now(lambda conn: delivery.renew(conn, "a"))
    assert claim(store, "b") == []
    store.write_now(community.lapse)
    assert [one.id for one in claim(store, "b")] == [work.id]
    assert settle(store, Moved(work, 1), lease="a") == {work.id}
    assert settle(store, Moved(work, 2), lease="b") == set()
    assert rows(store, tables.deliveries, "after", "lease") == [(2, "b")]
    store.write_now(lambda conn: deliveries.start_over(conn, "", ()))
    assert [one.after for one in claim(store, "c")] == [2]


@pytest.mark.parametrize("wrong", [timedelta(days=-900), timedelta(days=900)])
def test_a_host_whose_clock_is_wrong_takes_nothing_from_others(store: Store, wrong: timedelta) -> None:
    talk = build(store, 3)
    post(store, talk)
    store.write_now(notice)
    assert len(claim(store, "a", NOW + abs(wrong))) == len(late(store, "a", NOW + abs(wrong))) == 1
    assert claim(store, "b", NOW + wrong) == late(store, "b", NOW + wrong) == []
    store.write_now(lambda conn: delivery.renew(conn, "a"))
    ((until,),) = rows(store, tables.deliveries, "lease_until")
    assert timedelta(0) < until - datetime.now(UTC) <= delivery.LEASE
    store.write_now(community.lapse)
    assert len(claim(store, "b", NOW + abs(wrong))) == len(late(store, "b", NOW + abs(wrong))) == 1


def test_lists_take_turns_and_a_full_one_waits(store: Store) -> None:
    large, small = build(store, 9, "large"), build(store, 1, "small")
    post(store, large)
    assert [work.list_id for work in claim(store, size=2)] == [large.list_id]
    post(store, small)
    assert [work.list_id for work in claim(store, size=2, full=(large.list_id,))] == [small.list_id]
    assert [work.list_id for work in claim(store, size=2)] == [large.list_id]


def test_posts_go_before_digests_but_not_for_ever(store: Store) -> None:
    talk = build(store, 1)
    with_digest = {"list_id": talk.list_id, "number": 1, "priority": deliveries.PRIORITY_DIGEST, "created_at": NOW}

    def plan(conn: Connection) -> None:
        edition = {"list_id": talk.list_id, "mode": "daily", "after": 0, "upto": 1, "made_at": NOW}
        made = conn.execute(insert(tables.editions).values(edition).returning(tables.editions.c.id)).scalar_one()
        for due in (NOW, NOW - 30 * MINUTE):
            conn.execute(insert(tables.deliveries).values(due=due, edition_id=made, **with_digest))

    store.write_now(plan)
    post(store, talk)
    urgency = [work.edition_id is None for _ in range(3) for work in sorted(_one_at_a_time(store), key=lambda w: w.id)]
    assert urgency == [False, True, False]  # the old digest, the post, the new digest


def _one_at_a_time(store: Store) -> list[Range]:
    return store.write_now(lambda conn: deliveries.claim_ranges(conn, "w", NOW, delivery.LEASE, 1, 1000, ()))


# --- who is due -------------------------------------------------------------------------------------------------------
def test_due_are_those_who_wanted_each_post_when_it_came(store: Store) -> None:
    talk = build(store, 6)
    stays, joined, digest, became, left_mode, author = talk.members

    def choose(conn: Connection) -> None:
        change = update(tables.members)
        conn.execute(change.where(tables.members.c.id == joined).values(receives_since=5))
        conn.execute(change.where(tables.members.c.id == digest).values(receives="daily"))
        conn.execute(change.where(tables.members.c.id == became).values(receives_since=4))
        conn.execute(change.where(tables.members.c.id == left_mode).values(receives="nothing", receives_since=7))
        conn.execute(change.where(tables.members.c.id == author).values(own_copies=False))
        past = {"list_id": talk.list_id, "member_id": left_mode, "receives": "each", "since": 2, "until": 5}
        conn.execute(insert(tables.past_receives).values(past))

    store.write_now(choose)
    person = store.read_now(
        lambda conn: conn.execute(select(tables.members.c.person_id).where(tables.members.c.id == author)).scalar_one()
    )
    post(store, talk, 5, person_id=person)
    (work,) = claim(store)
    assert members_of(store, work) == [stays, became, left_mode]


# --- settle -----------------------------------------------------------------------------------------------------------
def test_who_was_not_taken_gets_a_row_or_a_bounce(store: Store) -> None:
    talk = build(store, 4)
    post_id = post(store, talk)
    (work,) = claim(store)
    a, b, c, gone = talk.members
    store.write_now(lambda conn: conn.execute(delete(tables.members).where(tables.members.c.id == gone)))
    refusals = [
        refusal(a, Fate.LATER), refusal(b, Fate.ANEW), refusal(c, Fate.FAILED, NO), refusal(gone, Fate.LATER),
        refusal(gone, Fate.FAILED, NO),
    ]  # fmt: skip
    assert settle(store, Moved(work, gone, refusals)) == set()
    assert rows(store, tables.stragglers, "member_id", "post_id", "due", "attempts", "reply") == [
        (a, post_id, NOW + MINUTE, 1, "450 4.2.1 later"),
        (b, post_id, NOW, 0, "450 4.2.1 later"),
    ]
    assert rows(store, tables.bounces, "member_id", "kind", "status", "source") == [(c, "dead", "5.1.1", "smtp")]
    assert [name for (name,) in rows(store, tables.events, "name")] == ["delivery-failed"] * 2


def test_of_a_range_that_is_lost_nothing_is_noted(store: Store) -> None:
    talk = build(store, 2)
    post(store, talk)
    (work,) = claim(store, "a")
    store.write_now(community.lapse)
    claim(store, "b")
    (member, _) = talk.members
    answer = Moved(work, member, [refusal(member, Fate.LATER), refusal(member, Fate.FAILED, NO)])
    assert settle(store, answer, lease="a") == {work.id}
    assert rows(store, tables.stragglers) == rows(store, tables.bounces) == []


def test_an_answer_settled_twice_after_a_commit_nobody_heard_of_counts_once(store: Store) -> None:
    talk = build(store, 3)
    post(store, talk)
    (work,) = claim(store)
    one, two, three = talk.members
    answer = Moved(work, two, [refusal(one, Fate.LATER), refusal(two, Fate.FAILED, NO)])
    for _ in range(2):
        assert settle(store, answer) == set()
    assert rows(store, tables.stragglers, "member_id") == [(one,)]
    assert rows(store, tables.bounces, "member_id") == [(two,)]
    assert settle(store, Moved(work, three, [refusal(three, Fate.FAILED, NO)])) == set()  # what comes next counts
    store.write_now(notice)
    (copy, letter) = sorted(late(store, now=NOW + MINUTE), key=lambda late: late.notice_id or 0)
    for _ in range(2):
        settle(store, Tried(copy, refusal(one, Fate.FAILED, NO)), Tried(letter, refusal(None, Fate.FAILED, NO)))
    assert rows(store, tables.bounces, "member_id") == [(two,), (three,), (one,)]
    assert [name for (name,) in rows(store, tables.events, "name")].count("delivery-failed") == 4


def test_O5_a_straggler_is_tried_until_five_days_are_over(store: Store) -> None:
    talk = build(store, 1)
    post(store, talk)
    (work,) = claim(store)
    (member,) = talk.members
    settle(store, Moved(work, member, [refusal(member, Fate.LATER)]))
    assert late(store, now=NOW + 30 * timedelta(seconds=1)) == []
    now, gaps = NOW + MINUTE, []
    for _ in range(4):
        (one,) = late(store, now=now)
        settle(store, Tried(one, refusal(member, Fate.LATER)), now=now)
        ((due, lease),) = rows(store, tables.stragglers, "due", "lease")
        assert lease is None
        gaps.append((due - now) // MINUTE)
        now = due
    assert gaps == [5, 15, 30, 60]
    now = NOW + GIVE_UP
    (one,) = late(store, now=now)
    settle(store, Tried(one, refusal(member, Fate.LATER)), now=now)
    assert rows(store, tables.stragglers) == []
    assert rows(store, tables.bounces, "kind") == [("temporary",)]


def test_a_straggler_that_is_taken_or_refused_leaves_the_queue(store: Store) -> None:
    talk = build(store, 2)
    post(store, talk)
    (work,) = claim(store)
    settle(store, Moved(work, talk.members[-1], [refusal(member, Fate.ANEW) for member in talk.members]))
    first, second = late(store)
    settle(store, Tried(first), Tried(second, refusal(second.member_id, Fate.FAILED, NO)))
    assert rows(store, tables.stragglers) == []
    assert rows(store, tables.bounces, "member_id") == [(second.member_id,)]


def notice(conn: Connection) -> None:
    made = {"name": "welcome", "address": "a@x.example", "bytes": b"Subject: hi\r\n\r\nhi\r\n", "created_at": NOW}
    number = conn.execute(insert(tables.notices).values(made).returning(tables.notices.c.id)).scalar_one()
    deliveries.add_notice(conn, number, None, "a@x.example", NOW)


def test_a_notice_that_is_refused_waits_for_the_operator(store: Store) -> None:
    store.write_now(notice)
    (one,) = late(store)
    assert one.notice_id is not None
    letters = store.read_now(lambda conn: deliveries.letters(conn, [one.notice_id or 0]))
    assert letters[one.notice_id].bytes.startswith(b"Subject: hi")
    settle(store, Tried(one, refusal(None, Fate.FAILED, NO)))
    assert rows(store, tables.stragglers, "state", "lease") == [("failed", None)]
    assert late(store, now=NOW + GIVE_UP) == []


def test_what_was_not_tried_is_let_go(store: Store) -> None:
    store.write_now(notice)
    (one,) = late(store, "a")
    store.write_now(lambda conn: deliveries.let_go(conn, "b", [one.id]))
    assert late(store, "b") == []
    store.write_now(lambda conn: deliveries.let_go(conn, "a", [one.id]))
    assert late(store, "b") == [one]


def test_a_range_is_put_back_put_off_and_in_the_end_stopped(store: Store) -> None:
    post(store, build(store, 3))
    (work,) = claim(store)
    store.write_now(lambda conn: delivery.put_back(conn, "w", work, NOW))
    (work,) = claim(store)
    store.write_now(lambda conn: delivery.put_off(conn, "w", work, "550 no", 0.5, NOW))
    assert claim(store) == []
    (work,) = claim(store, now=NOW + MINUTE)
    assert work.attempts == 1
    store.write_now(lambda conn: delivery.put_off(conn, "w", work, "550 no", 0.5, NOW + GIVE_UP))
    assert rows(store, tables.deliveries, "state", "lease") == [("stopped", None)]
    assert rows(store, tables.events, "name") == [("delivery-stopped",)]


def test_who_finishes_a_range_that_is_anothers_removes_nothing(store: Store) -> None:
    post(store, build(store, 3))
    (work,) = claim(store, "a")
    store.write_now(lambda conn: delivery.finish(conn, "b", work, NOW))
    assert len(rows(store, tables.deliveries)) == 1


def test_claims_without_a_wish_take_nothing(store: Store) -> None:
    post(store, build(store, 3))
    claimed = store.write_now(lambda conn: delivery.claim(conn, "w", Wish(0, 0), NOW))
    assert (claimed.ranges, claimed.stragglers) == ((), ())


# --- the operator -----------------------------------------------------------------------------------------------------
def test_the_operator_sees_the_queue(store: Store) -> None:
    def status(now: datetime) -> tuple[int, ...]:
        it = store.read_now(lambda conn: delivery.status(conn, OPERATOR, now))
        return it.pending, it.retrying, it.failed, it.oldest_seconds

    assert status(NOW) == (0, 0, 0, 0)
    talk = build(store, 5)
    post(store, talk)
    store.write_now(notice)
    assert status(NOW + MINUTE) == (6, 0, 0, 60)
    (work,) = claim(store)
    settle(store, Moved(work, talk.members[2], [refusal(talk.members[0], Fate.LATER)]))
    (one,) = late(store)
    settle(store, Tried(one, refusal(None, Fate.FAILED, NO)))
    assert status(NOW + MINUTE) == (2, 1, 1, 60)
    entries = store.read_now(lambda conn: delivery.entries(conn, OPERATOR, 10))
    assert [(e.id[0], e.list, e.what, e.number, e.recipient, e.state) for e in entries] == [
        ("d", "talk", "post", 1, "", "pending"),
        ("s", None, "welcome", None, "a@x.example", "failed"),
        ("s", "talk", "post", 1, "m@x.example", "pending"),
    ]
    assert store.read_now(lambda conn: delivery.show(conn, OPERATOR, entries[1].id)) == entries[1]


def test_retry_makes_everything_due_its_back_off_included(store: Store) -> None:
    talk = build(store, 2)
    post(store, talk)
    store.write_now(notice)
    (work,) = claim(store)
    settle(store, Moved(work, talk.members[0], [refusal(talk.members[0], Fate.LATER)]))
    store.write_now(lambda conn: delivery.stop(conn, "w", work, "550 no", NOW))
    (one,) = late(store)
    settle(store, Tried(one, refusal(None, Fate.FAILED, NO)))
    assert store.write_now(lambda conn: delivery.retry(conn, OPERATOR, f"s{one.id}", NOW)) == 1
    assert [again.id for again in late(store)] == [one.id]
    assert store.write_now(lambda conn: delivery.retry(conn, OPERATOR, None, NOW)) == 3
    assert len(claim(store)) == 1


def test_cancel_takes_an_entry_out(store: Store) -> None:
    post(store, build(store, 2))
    (entry,) = store.read_now(lambda conn: delivery.entries(conn, OPERATOR, 10))
    assert store.write_now(lambda conn: delivery.cancel(conn, OPERATOR, entry.id, NOW)) == entry
    assert rows(store, tables.deliveries) == []
    assert rows(store, tables.events, "name") == [("delivery-stopped",)]
    with pytest.raises(UsageError, match="queue status"):
        store.write_now(lambda conn: delivery.cancel(conn, OPERATOR, entry.id, NOW))


@pytest.mark.parametrize("entry_id", ["", "d", "x1", "d1x", "d99999999999999999999"])
def test_an_id_that_is_none_is_told_what_is_one(store: Store, entry_id: str) -> None:
    with pytest.raises(UsageError, match="like d12"):
        store.read_now(lambda conn: delivery.show(conn, OPERATOR, entry_id))


def test_nobody_else_may_look_or_act(store: Store) -> None:
    anna = Actor(Proof.SESSION, "anna@x.example", 1, "web")
    for act in (
        lambda conn: delivery.status(conn, anna, NOW),
        lambda conn: delivery.entries(conn, anna, 1),
        lambda conn: delivery.show(conn, anna, "d1"),
        lambda conn: delivery.retry(conn, anna, None, NOW),
        lambda conn: delivery.cancel(conn, anna, "d1", NOW),
    ):
        with pytest.raises(Refused, match="may not"):
            store.write_now(act)
