"""A year of bounces: who is dead is found soon, who lives is never without mail for longer than a probe takes.

`pytest -m soak tests/stories/test_year_of_bounces.py -s` runs it for 10,000 members; the short form has 150.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from listserver import inbound
from listserver.actions import bounces, delivery, membership
from listserver.actions.delivery import Moved, Refusal, Wish
from listserver.core.actor import OPERATOR
from listserver.core.envelope import Envelope, Reply
from listserver.core.fate import Fate
from listserver.core.verp import verp_token
from listserver.store import tables
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.store.migrations import upgrade
from tests import bouncing
from tests.actions.conftest import SITE, Community

DAYS = 365
NO = Reply(550, "5.1.1", "User unknown")
SPAM = Reply(550, "5.7.1", "rejected as spam")


@dataclass
class Box:
    """A mailbox. dead_from, trouble: in days of the year; trouble: (first, last, status) in which it takes nothing."""

    member_id: int
    address: str
    at_handover: bool  # its host refuses in the dialogue, else by DSN
    dead_from: int = 999
    trouble: tuple[int, int, str] = (999, 0, "")
    away: tuple[int, int] = (999, 0)
    greylists: bool = False
    missed: int = 0  # posts that came back since it died, until it was suspended
    suspended_on: int = -1
    longest: int = 0  # days suspended at a time

    def status(self, day: int) -> str:
        """What its host says to a mail on that day, "" = taken."""
        if day >= self.dead_from:
            return "5.1.1"
        return self.trouble[2] if self.trouble[0] <= day <= self.trouble[1] else ""


@dataclass
class Year:
    """The list, its members and the dice."""

    community: Community
    lst: List
    boxes: dict[int, Box]
    dice: random.Random
    due: list[tuple[int, bytes, str]] = field(default_factory=list)  # day, DSN, its recipient
    probes_seen: int = 0
    counted: dict[str, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    def count(self, what: str) -> None:
        self.counted[what] = self.counted.get(what, 0) + 1


def _boxes(community: Community, dice: random.Random, size: int) -> Iterator[Box]:
    where = {row["id"]: row["address"] for row in community.rows("addresses")}
    for row in community.rows("members"):
        if row["role"] == "owner":
            continue
        box = Box(row["id"], where[row["address_id"]], dice.random() < 0.5)
        fate = dice.random()
        if fate < 0.06:
            box.dead_from = dice.randrange(5, DAYS - 60)
        elif fate < 0.10:
            first = dice.randrange(DAYS - 40)
            box.trouble = (first, first + dice.randrange(3, 21), "5.2.2")  # full, until somebody tidies up
        elif fate < 0.13:
            first = dice.randrange(DAYS - 40)
            box.trouble = (first, first + dice.randrange(1, 9), "4.4.1")  # its host is down
        elif fate < 0.25:
            first = dice.randrange(DAYS - 40)
            box.away = (first, first + dice.randrange(7, 22))
        box.greylists = dice.random() < 0.2
        yield box


def _token(year: Year, box: Box, now: datetime) -> str:
    return bouncing.address(SITE.secret, year.lst.id, box.member_id, now)


def _day(year: Year, day: int) -> None:
    """Some posts, and what comes back of them and of our probes; then the job."""
    community, dice = year.community, year.dice
    community.now = datetime(2026, 1, 1, 9, tzinfo=community.now.tzinfo) + timedelta(days=day)
    due = {row.id for row in _members(community) if row.receives == "each"}
    arriving: list[tuple[bytes, str]] = []
    refused: list[Refusal] = []
    for number in range(dice.choice((1, 1, 2, 3, 5))):
        for box in (year.boxes[i] for i in due if i in year.boxes):
            status = box.status(day)
            to = _token(year, box, community.now)
            if day >= box.dead_from and box.suspended_on < 0:
                box.missed += 1
            if status == "4.4.1" or (not status and box.greylists and dice.random() < 0.02):
                arriving.append((bouncing.dsn(to, box.address, "4.4.1", "delayed"), to))
                year.count("delayed")
                if status and day + 5 <= box.trouble[1]:  # given up after five days
                    year.due.append((day + 5, bouncing.dsn(to, box.address, status), to))
                    year.count("given up")
            elif status and box.at_handover:
                refused.append(Refusal(box.member_id, box.address, Fate.FAILED, _said(status), 0.5))
                year.count("refused at hand-over")
            elif status:
                arriving.append((bouncing.dsn(to, box.address, status), to))
                year.count("DSN")
            elif box.away[0] <= day <= box.away[1] and number == 0:
                arriving.append((_away(to, box.address), to))
                year.count("holiday answer")
    arriving += [(raw, to) for when, raw, to in year.due if when == day]
    arriving += list(_forged(year))
    dice.shuffle(arriving)
    community.write(lambda conn: _take(conn, year, arriving, refused))
    community.later(hours=8)
    _probes(year, day)
    community.write(lambda conn: bounces.tend(conn, SITE, community.now))
    _probes(year, day)
    _look(year, day)


def _said(status: str) -> Reply:
    return Reply(int(status[0]) * 100 + 50, status, bouncing.SAID[status].format(address="x")[10:])


def _take(conn: Connection, year: Year, arriving: list[tuple[bytes, str]], refused: list[Refusal]) -> None:
    now = year.community.now
    for raw, to in arriving:
        mail = inbound.prepare(Envelope("", to, "smtp"), raw)
        assert inbound.receive(conn, year.community.receiver, mail, now).code == 250
    charges = [
        bounces.Charge(one.member_id or 0, year.lst.id, None, delivery.failure_of(one), "smtp", bounces.day_of(now))
        for one in refused
    ]
    bounces.charge(conn, SITE, charges, now)


def _forged(year: Year) -> Iterator[tuple[bytes, str]]:
    """Bounces of living members by somebody who wishes them ill: no token, a wrong one, one of another day."""
    dice = year.dice
    living = [box for box in year.boxes.values() if box.dead_from == 999]
    for box in dice.sample(living, 5):
        wrong = f"{dice.getrandbits(80):020x}{bounces.day_of(year.community.now):04x}{box.member_id:x}"
        old = _token(year, box, year.community.now - timedelta(days=12))
        for to in ("talk-bounces@lists.example.org", f"talk-bounces+{wrong}@lists.example.org", old):
            year.count("forged")
            yield bouncing.dsn(to, box.address), to
    victim = living[0]  # one return address was stolen, and is used every day for a week
    day = int((year.community.now - datetime(2026, 1, 1, tzinfo=year.community.now.tzinfo)).days)
    stolen = _token(year, victim, year.community.now - timedelta(days=day % 7))
    year.count("forged")
    yield bouncing.dsn(stolen, victim.address), stolen


def _away(to: str, address: str) -> bytes:
    return (
        f"From: {address}\r\nTo: {to}\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nBack soon.\r\n"
    ).encode()


def _probes(year: Year, day: int) -> None:
    """Our probes leave the queue; those to boxes that take nothing come back."""
    community = year.community
    new = [row for row in _notices(community) if row.id > year.probes_seen]
    by_address = {box.address: box for box in year.boxes.values()}
    back = []
    for row in new:
        year.probes_seen = row.id
        box = by_address.get(row.address)
        if row.name == "mail-came-back" and box is not None and (status := box.status(day)):
            to = f"bounces+{verp_token(SITE.secret, 0, row.id, bounces.day_of(community.now))}@lists.example.org"
            back.append((bouncing.dsn(to, box.address, status), to))
        year.count("probe" if row.name == "mail-came-back" else row.name)
    community.write(lambda conn: conn.execute(tables.stragglers.delete()))
    community.write(lambda conn: _take(conn, year, back, []))


def _members(community: Community) -> list:
    columns = tables.members.c
    query = select(columns.id, columns.state, columns.receives)
    return community.store.read_now(lambda conn: list(conn.execute(query)))


def _notices(community: Community) -> list:
    columns = tables.notices.c
    query = select(columns.id, columns.name, columns.address).order_by(columns.id)
    return community.store.read_now(lambda conn: list(conn.execute(query)))


def _look(year: Year, day: int) -> None:
    states = {row.id: row.state for row in _members(year.community)}
    for box in year.boxes.values():
        if box.member_id not in states:
            if box.member_id not in year.gone:
                year.gone.add(box.member_id)
                assert day >= box.dead_from, f"{box.address} lives and was removed"
        elif states[box.member_id] == "suspended":
            box.suspended_on = day if box.suspended_on < 0 else box.suspended_on
        elif box.suspended_on >= 0:
            box.longest = max(box.longest, day - max(box.suspended_on, box.trouble[1]))
            box.suspended_on = -1


def _one_post_refused(year: Year) -> int:
    """A provider with a third of the members does not want one post; how many got it before it stopped."""
    community = year.community
    community.write(lambda conn: conn.execute(tables.deliveries.delete()))
    community.post("owner@example.org")
    done = 0
    while claim := community.write(lambda conn: delivery.claim(conn, "w", Wish(1, 0), community.now)).ranges:
        (work,) = claim
        for row in sorted(_members(community)):
            if row.receives != "each" or not work.after < row.id <= (work.upto or 2**62):
                continue
            no = [Refusal(row.id, "x@big.example", Fate.FAILED, SPAM, 0.5)] if row.id % 3 == 0 else []
            moved = [Moved(work, row.id, no)]
            done += 1
            settled = community.write(lambda conn, m=moved: delivery.settle(conn, SITE, "w", m, [], community.now))
            if settled.stopped:
                community.write(lambda conn, w=work: delivery.put_back(conn, "w", w, community.now))
                break
        else:
            community.write(lambda conn, w=work: delivery.finish(conn, "w", w, community.now))
    return done


@pytest.mark.parametrize("size", [150, pytest.param(10_000, marks=pytest.mark.soak)])
def test_B3_B4_a_year_of_bounces(tmp_path: Path, size: int) -> None:
    url = f"sqlite:///{tmp_path}/year.db"
    upgrade(url)
    with Store.open(url) as store:
        community = Community(store)
        lst = community.create("talk", moderation="none", hourly_posts="0")
        community.join(lst, "owner@example.org", role="owner")
        entries = [membership.Entry(f"m{n}@{'big' if n % 3 else 'small'}.example") for n in range(size)]
        community.write(lambda conn: membership.add(conn, OPERATOR, lst, entries, community.now))
        dice = random.Random(size)
        year = Year(community, lst, {box.member_id: box for box in _boxes(community, dice, size)}, dice)
        reached = 0
        for day in range(DAYS):
            _day(year, day)
            if day == 100:
                reached = _one_post_refused(year)
    _report(year, size, reached)


def _report(year: Year, size: int, reached: int) -> None:
    dead = [box for box in year.boxes.values() if box.dead_from < 999]
    living = [box for box in year.boxes.values() if box.dead_from == 999]
    found = [box for box in dead if box.member_id in year.gone]
    missed = sorted(box.missed for box in dead)
    longest = max(box.longest for box in living)
    print(f"\n{size} members, {DAYS} days; {year.counted}")
    print(f"dead: {len(dead)}, out: {len(found)}; copies to each before it was found: median ", end="")
    print(f"{missed[len(missed) // 2]}, most {missed[-1]} (in 5 to 6 days)")
    print(f"living: {len(living)}; removed: 0; longest suspension once its mailbox took mail again: {longest} days")
    print(f"one post that a third refuses: stopped after {reached} copies of {size}")
    assert found == dead
    assert missed[-1] <= 30  # five days of at most five posts, and the day that is under way
    assert longest <= 2 * bounces.PROBE_WAIT.days + 1
    assert 6 <= reached <= 60
