"""kill -9 at random moments while clients post and a fan-out runs: then every post that got 250 is counted.

Each must be in the archive once and with each member at least once; a second copy may only be that of the one SMTP
transaction whose answer was under way on each connection (docs: what must always hold, 1).
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from listserver.actions import lists, membership
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.store import tables
from listserver.store.engine import Store
from tests.relay import Copy, Script, relay
from tests.running import Serve

CONNECTIONS = 10  # to the relay, of each process
MEMBERS = 10  # of the list that the clients post to
PAUSE = 1.5  # mean seconds between two posts of a client
LEASE = 15.0  # seconds after which the work of a process that is gone is another's


class Taken(list[Copy]):
    """What the relay took, counted and not kept."""

    def __init__(self) -> None:
        self.count: Counter[tuple[str, str]] = Counter()

    def __iadd__(self, copies: Sequence[Copy]) -> "Taken":  # type: ignore[override,misc]
        for copy in copies:
            begin = copy.mail.index(b"Message-ID: <") + 13
            self.count[copy.mail[begin : copy.mail.index(b">", begin)].decode(), copy.recipient] += 1
        return self


@dataclass(frozen=True)
class Size:
    """kills: in all. clients: that post meanwhile. many: members of the list whose fan-out runs."""

    kills: int
    clients: int
    many: int


SHORT = Size(kills=3, clients=12, many=200)
LONG = Size(kills=200, clients=50, many=800)


@dataclass
class Campaign:
    """One run: the processes, the relay, what was answered 250."""

    serves: list[Serve]
    size: Size
    chance: random.Random
    taken: Taken = field(default_factory=Taken)
    accepted: dict[str, str] = field(default_factory=dict)  # Message-ID -> list
    kills: int = 0
    over: bool = False

    async def run(self) -> None:
        clients = [asyncio.create_task(self.client(number)) for number in range(self.size.clients)]
        await self.post("big", "fan-out@client.example")
        while self.kills < self.size.kills:
            await asyncio.sleep(self.chance.uniform(0.05, 1.2))
            victim = self.chance.choice(self.serves)
            victim.kill()
            self.kills += 1
            if self.kills < self.size.kills or len(self.serves) == 1:
                await asyncio.to_thread(victim.start)
            else:  # the last one stays dead: the others must finish its work
                self.serves.remove(victim)
        self.over = True
        await asyncio.wait_for(asyncio.gather(*clients), 30)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nobody misses a copy, or none has come for longer than a lease lasts."""
        copies, end = 0, 0.0
        while self.missing():
            if (now := sum(self.taken.count.values())) > copies:
                copies, end = now, time.monotonic() + LEASE + 20
            elif time.monotonic() > end:
                return
            await asyncio.sleep(1)  # looking for who is missing takes time, which the relay needs as well

    async def client(self, number: int) -> None:
        await asyncio.sleep(self.chance.uniform(0, PAUSE))
        count = 0
        while not self.over:
            count += 1
            await self.post("talk", f"{number}.{count}@client.example")
            await asyncio.sleep(self.chance.expovariate(1 / PAUSE))

    async def post(self, to: str, message_id: str) -> None:
        """Hand a post in as an MTA does: again and again, until it is taken."""
        while message_id not in self.accepted:
            port = self.chance.choice(self.serves).ports["smtp"]
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                async with asyncio.timeout(10):
                    if await submit(port, to, message_id):
                        self.accepted[message_id] = to
                        return
            await asyncio.sleep(self.chance.uniform(0.2, 0.6))

    def missing(self) -> list[tuple[str, str]]:
        due = {"talk": MEMBERS, "big": self.size.many}
        return [
            (message_id, recipient)
            for message_id, name in self.accepted.items()
            for recipient in (f"{name}{i}@example.org" for i in range(due[name]))
            if (message_id, recipient) not in self.taken.count
        ]


async def submit(port: int, to: str, message_id: str) -> bool:
    """Whether the post got 250."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def say(line: str) -> bytes:
        if line:
            writer.write(line.encode() + b"\r\n")
        while (answer := await reader.readline())[3:4] == b"-":
            pass
        if not answer:
            raise EOFError
        return answer[:3]

    sender = f"{to}0@example.org"
    mail = f"From: <{sender}>\r\nTo: {to}@lists.example.org\r\nSubject: {message_id}\r\nMessage-ID: <{message_id}>\r\n"
    try:
        for line in ("", "EHLO client.example", f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}@lists.example.org>", "DATA"):
            if await say(line) >= b"400":
                return False
        return await say(f"{mail}Date: Sun, 1 Mar 2026 12:00:00 +0000\r\n\r\nHello {message_id}.\r\n.") == b"250"
    finally:
        writer.close()


def people(database_url: str, many: int) -> None:
    """A small list and a large one."""
    now = datetime(2026, 3, 1, tzinfo=UTC)

    def unit(conn: Connection) -> None:
        for name, count in (("talk", MEMBERS), ("big", many)):
            made = lists.create(conn, OPERATOR, name, {"moderation": "none", "hourly_posts": "0"}, now).list
            membership.add(conn, OPERATOR, made, [Entry(f"{name}{i}@example.org") for i in range(count)], now)

    with Store.open(database_url) as store:
        store.write_now(unit)


async def campaign(folder: Path, database_url: str, processes: int, size: Size, seed: int) -> Campaign:
    script = Script()
    async with relay(script):
        settings = {"RELAY__URL": f"smtp://127.0.0.1:{script.port}", "RELAY__CONNECTIONS": str(CONNECTIONS)}
        serves = [Serve(folder / f"serve{i}", database=database_url, **settings) for i in range(processes)]
        with contextlib.ExitStack() as stack:
            for serve in serves:
                stack.enter_context(serve)
            run = Campaign(list(serves), size, random.Random(seed))
            script.taken = run.taken
            await run.run()
            for serve in run.serves:
                await asyncio.to_thread(serve.stop)  # here, where the relay can still say goodbye
    return run


def archived(database_url: str) -> Counter[str]:
    with Store.open(database_url) as store:
        return Counter(store.read_now(lambda conn: list(conn.execute(select(tables.posts.c.message_id)).scalars())))


@pytest.mark.parametrize("size", [SHORT, pytest.param(LONG, marks=pytest.mark.soak)], ids=lambda size: str(size.kills))
def test_nothing_accepted_is_lost_whenever_a_process_is_killed(database_url: str, tmp_path: Path, size: Size) -> None:
    people(database_url, size.many)
    seed = random.randrange(2**32)
    processes = 1 if database_url.startswith("sqlite") else 2
    run = asyncio.run(campaign(tmp_path, database_url, processes, size, seed))
    doubles = sum(count - 1 for count in run.taken.count.values())
    print(
        f"\nseed {seed}: {run.kills} kills of {processes} processes, {len(run.accepted)} posts got 250, "
        f"{sum(run.taken.count.values())} copies, {doubles} of them second ones"
    )
    there = archived(database_url)
    assert [message_id for message_id in run.accepted if there[message_id] != 1] == []
    assert run.missing() == []
    assert doubles <= run.kills * CONNECTIONS
