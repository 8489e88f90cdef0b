"""Mails made ready by a process beside ours: it makes no difference but time."""

import asyncio
import io
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
from listserver.preparing_process import LENGTH, Asked, answer, opened, request, serve

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


def test_requests_are_answered_in_their_order_until_the_input_ends() -> None:
    asked = b"".join(request(Asked(7, "en", NOW), mail(number)) for number in range(3))
    written = io.BytesIO()
    serve(io.BytesIO(asked + b"\0"), written)
    rest = written.getvalue()
    assert LENGTH.unpack(rest[: LENGTH.size]) == (0,)  # it is ready
    rest = rest[LENGTH.size :]
    for number in range(3):
        (length,) = LENGTH.unpack(rest[: LENGTH.size])
        told = opened(rest[LENGTH.size :][:length], mail(number))
        assert told is not None and told.post.subject == f"Walk {number}"
        rest = rest[LENGTH.size + length :]
    assert rest == b""


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
        await made.started()
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


def test_a_process_that_was_stopped_is_waited_for_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(preparing, "PATIENCE", 0.3)
        made = Preparing(1)
        await several(made, 3)
        await made.started()
        process = made._processes[0]._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        arrived = await several(made, 6)
        assert same(arrived) and ready(arrived) == 0 and made._processes == []
        assert process.returncode == -signal.SIGKILL
        await made.close()

    asyncio.run(story())


def test_the_largest_mails_are_not_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(preparing, "LARGEST", 100)
        made = Preparing(1)
        assert same(await several(made, 6)) and made._starting is None
        await made.close()

    asyncio.run(story())


def test_a_process_that_was_ended_is_done_without() -> None:
    async def story() -> None:
        made = Preparing(1)
        await several(made, 3)
        await made.started()
        [beside] = made._processes
        assert beside._process is not None
        beside._process.kill()
        await beside._process.wait()
        arrived = await several(made, 6)
        assert same(arrived) and ready(arrived) == 0 and made._processes == []
        await made.close()

    asyncio.run(story())


def test_without_work_the_processes_end_and_with_work_they_start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(preparing, "IDLE", 0.2)
        made = Preparing(1)
        await several(made, 3)
        await made.started()
        [first] = made._processes
        async with asyncio.timeout(10):
            while made._starting is not None:  # noqa: ASYNC110 (nobody is told of it)
                await asyncio.sleep(0.02)
        assert first._process is not None and first._process.returncode is not None and made._processes == []
        await several(made, 3)
        await made.started()
        assert len(made._processes) == 1
        await made.close()

    asyncio.run(story())


def test_a_machine_with_one_core_helps_itself() -> None:
    async def story() -> None:
        made = Preparing(0)
        assert same(await several(made, 6)) and made._starting is None
        await made.close()

    asyncio.run(story())
