"""Mails made ready by a process beside ours: it makes no difference but time."""

import asyncio
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from listserver import inbound, preparing
from listserver.actions.posting import Arrived
from listserver.core.envelope import Envelope
from listserver.core.filing import prepare
from listserver.core.message import read
from listserver.inbound import Shelf
from listserver.preparing import Preparing
from listserver.preparing_process import Asked, answer, begin, opened, request
from tests.helping import all_ready, children

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TO = Envelope("anna@example.org", "talk@lists.example.org", "smtp")
SHELF = Shelf(7, "en")
MAILS = sorted((Path(__file__).parent.parent / "data").rglob("*.eml"))


def mail(number: int, lines: int = 3) -> bytes:
    text = "We went walking, and the dogs were running.\r\n" * lines
    return f"From: anna@example.org\r\nMessage-ID: <{number}@x>\r\nSubject: Walk {number}\r\n\r\n{text}".encode()


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_a_mail_comes_back_as_it_would_be_read_here(path: Path) -> None:
    raw = path.read_bytes()
    told = opened(answer(Asked(7, "en", NOW), raw), raw)
    here = read(raw)
    assert told is not None and told.post == here
    for name in ("text", "own", "lines", "content_hash", "automatic", "by_name"):
        assert getattr(told.post, name) == getattr(here, name)
    assert told.prepared == prepare(here, 7, "en", NOW)
    assert told.packed == (told.prepared.enc, told.prepared.octets)


def test_for_no_list_nothing_is_made_ready_and_a_fault_is_no_answer() -> None:
    told = opened(answer(Asked(None, "", NOW), mail(1)), mail(1))
    assert told is not None and told.prepared is None and told.post.subject == "Walk 1"
    assert opened(answer(Asked(7, None, NOW), mail(1)), mail(1)) is None  # type: ignore[arg-type]


def test_what_is_asked_is_what_is_answered() -> None:
    told = opened(begin(b"")(request(Asked(7, "en", NOW), mail(1))), mail(1))
    assert told == opened(answer(Asked(7, "en", NOW), mail(1)), mail(1)) is not None


async def several(made: Preparing, count: int, lines: int = 3, shelf: Shelf | None = SHELF) -> list[Arrived]:
    async def one(number: int) -> Arrived:
        with made.under_way():
            await asyncio.sleep(0)  # all are under way
            return await made.prepare(TO, mail(number, lines), shelf, NOW)

    return await asyncio.gather(*map(one, range(count)))


def ready(arrived: list[Arrived]) -> int:
    return sum(one.ready is not None for one in arrived)


def same(arrived: list[Arrived], lines: int = 3) -> bool:
    return [one.post for one in arrived] == [inbound.prepare(TO, mail(n, lines)).post for n in range(len(arrived))]


def test_many_at_once_are_shared_with_another_process_and_few_are_not() -> None:
    async def story() -> None:
        made = Preparing(1)
        first = await several(made, 6)
        assert ready(first) == 0 and same(first)  # it is only being started
        await all_ready(made._helpers)
        second = await several(made, 6)
        assert ready(second) == 6 and same(second)
        assert second[3].ready is not None
        assert second[3].ready.prepared == prepare(read(mail(3)), 7, "en", NOW)
        assert (second[3].ready.list_id, second[3].ready.language) == (7, "en")
        assert ready(await several(made, preparing.BUSY - 1)) == 0
        assert ready(await several(made, 6, shelf=None)) == 0
        large = await several(made, 6, lines=2_000)  # 90 kB each: it has one of them at a time, the rest is read here
        assert 1 <= ready(large) < 6 and same(large, 2_000)
        await made.close()

    asyncio.run(story())


def test_the_largest_mails_are_not_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(preparing, "LARGEST", 100)
        made = Preparing(1)
        assert same(await several(made, 6)) and children() == set()
        await made.close()

    asyncio.run(story())


def test_every_mail_is_read_though_the_processes_are_killed_at_their_work() -> None:
    async def story() -> None:
        made = Preparing(2)
        await several(made, 3)
        killed = 0
        while killed < 3:
            await all_ready(made._helpers)
            mails = asyncio.create_task(several(made, 40, lines=50))
            while not mails.done() and not any(one.busy for one in made._helpers._ready):  # noqa: ASYNC110
                await asyncio.sleep(0)
            if not mails.done():  # else those of before had not been missed yet, and all was done here
                for pid in children():
                    os.kill(pid, signal.SIGKILL)
                killed += 1
            assert same(await mails, 50)
        async with asyncio.timeout(60):
            while ready(await several(made, 6)) < 6:  # noqa: ASYNC110 (until those are missed, and replaced)
                await asyncio.sleep(0.01)
        await made.close()
        assert children() == set()

    asyncio.run(story())


def test_what_a_process_has_at_once_and_what_it_keeps_of_it_is_bounded() -> None:
    async def story() -> None:
        made = Preparing(1)
        await several(made, 3)
        await all_ready(made._helpers)
        sizes: list[int] = []
        for _ in range(6):
            work = asyncio.create_task(several(made, 100, lines=400))  # 18 kB each
            while not work.done():
                assert sum(one.busy for one in made._helpers._ready) < preparing.WAITING
                await asyncio.sleep(0.001)
            [pid] = children()
            sizes.append(int((Path("/proc") / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        assert sizes[-1] < 100_000_000 and sizes[-1] < sizes[1] * 1.2
        await made.close()

    asyncio.run(story())
