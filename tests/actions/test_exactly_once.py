"""Whatever members choose and whatever crashes, each post reaches each of them once, as they chose when it came."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from listserver.actions import archive, delivery, digests, lists, membership
from listserver.core.actor import OPERATOR
from listserver.core.message import read
from listserver.store import deliveries, members, retention
from listserver.store import digests as rows
from listserver.store import lists as rows_of_lists
from listserver.store.engine import Store
from listserver.store.lists import List
from tests.actions.filing import mail

START = datetime(2026, 11, 25, 5, tzinfo=UTC)
CHOICES = (
    *({"mode": mode} for mode in membership.MODES),
    {"pause_until": "2027-01-31"},
    {"zone": "Asia/Tokyo"},
    {"zone": ""},
)
PEOPLE = 4
STEPS = 30


@dataclass
class History:
    """A random life of one list. due: (member, number) -> posts that have to come; got: how often each did."""

    store: Store
    seed: int
    now: datetime = START
    posts: int = 0
    due: set[tuple[str, int]] = field(default_factory=set)
    got: dict[tuple[str, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.people = [f"m{n}.{self.seed}@example.org" for n in range(PEOPLE)]
        self.lst = self.store.write_now(self._begin)

    def _begin(self, conn: Connection) -> List:
        made = lists.create(conn, OPERATOR, f"talk{self.seed}", {"digest_size": "3"}, self.now).list
        membership.add(conn, OPERATOR, made, [membership.Entry(one) for one in self.people], self.now)
        return made

    def run(self) -> None:
        steps = (self.post, self.post, self.choose, self.choose, self.wait, self.send, self.deliver, self.deliver)
        for _ in range(STEPS):
            step = self.chance.choice((*steps, self.crash, self.tidy))
            self.store.write_now(step)
        self.now += timedelta(days=1)  # past all that the clock said before it jumped back
        self.store.write_now(lambda conn: digests.send(conn, OPERATOR, self.lst, self.now, everything=True))
        while self.store.write_now(self.deliver):
            pass
        assert self.got == dict.fromkeys(self.due, 1), f"history {self.seed}"

    def post(self, conn: Connection) -> None:
        self.posts += 1
        ready = archive.prepare(read(mail(f"{self.seed}.{self.posts}")), self.lst.id, "en", self.now)
        filed = archive.file(conn, self.lst, ready)
        assert isinstance(filed, archive.Filed)
        deliveries.plan_post(conn, self.lst.id, filed.post_id, filed.number, self.now)
        for one in self.people:
            if membership.find(conn, self.lst, one).receives != "nothing":
                self.due.add((one, filed.number))

    def choose(self, conn: Connection) -> None:
        one = membership.find(conn, self.lst, self.chance.choice(self.people))
        membership.change(conn, OPERATOR, self.lst, one, self.chance.choice(CHOICES), self.now)

    def wait(self, conn: Connection) -> None:
        """Time goes on, or two days are lost, or the clock jumps back."""
        self.now += timedelta(hours=self.chance.choice((1, 6, 24, 48, 24 * 30, -3)))
        digests.send_due(conn, self.now)

    def send(self, conn: Connection) -> None:
        digests.send_due(conn, self.now)

    def crash(self, conn: Connection) -> None:
        deliveries.void_leases(conn)

    def tidy(self, conn: Connection) -> None:
        retention.past_receives_settled(conn, 100)

    def deliver(self, conn: Connection) -> bool:
        """Hand over some copies of all ranges, and save how far that went, as a worker does."""
        deliveries.void_leases(conn)
        full = [other for other in range(1, self.lst.id)]
        ranges = deliveries.claim_ranges(conn, "w", self.now, delivery.LEASE, 4, 2, full)
        for work in ranges:
            copies = _copies(conn, work)
            stop = self.chance.randint(0, len(copies))
            for member, address, numbers in copies[:stop]:
                for number in numbers:
                    self.got[address, number] = self.got.get((address, number), 0) + 1
                deliveries.move(conn, "w", [(work.id, member)])
            if stop == len(copies):
                delivery.finish(conn, "w", work, self.now)
        return bool(ranges)


def _copies(conn: Connection, work: Any) -> list[tuple[int, str, list[int]]]:
    """(member id, address, numbers of the posts in their copy)."""
    if work.edition_id is None:
        return [(member, address, [work.number]) for member, address in deliveries.recipients(conn, work)]
    edition = rows.find(conn, work.edition_id)
    assert edition is not None
    there = [row.number for row in rows.items(conn, edition, raws=False)]
    return [
        (one.member_id, one.address, [number for number in there if one.issue.holds(number)])
        for one in rows.readers_of_range(conn, work)
    ]


def test_each_post_comes_once_in_whichever_mode(store: Store) -> None:
    for seed in range(120):
        History(store, seed).run()


@pytest.mark.soak
def test_each_post_comes_once_over_ten_thousand_histories(store: Store) -> None:
    for seed in range(10_000):
        History(store, seed).run()


def test_the_test_would_see_a_post_that_is_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(conn: Connection, member: members.Member, receives: str) -> None:
        members.set_values(conn, member, receives=receives, receives_since=rows_of_lists.lock(conn, member.list_id))

    monkeypatch.setattr(members, "set_receives", forgetful)
    with pytest.raises(AssertionError, match="history"):
        for seed in range(20):
            History(store, seed).run()
