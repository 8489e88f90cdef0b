"""The life of the processes that help ours, whatever they do."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from listserver import helpers
from listserver.helper_process import LENGTH, framed, serve
from listserver.helpers import Helpers
from tests.helping import all_ready, children

Story = Callable[[Helpers], Awaitable[None]]


def tell(story: Story, most: int = 2, **more: float) -> None:
    """Run a story with helpers that are ready, and see that none of them is left."""
    before = children()

    async def all_of_it() -> None:
        made = Helpers("tests.helping", most, b"hello", **more)
        try:
            assert await made.ask(b"?", 1) is None  # they are only being started
            await all_ready(made)
            await story(made)
        finally:
            await made.close()
            assert children() == before

    asyncio.run(all_of_it())


def test_they_are_greeted_and_answer() -> None:
    async def story(made: Helpers) -> None:
        assert await made.ask(b"?", 1) == b"hello"

    tell(story)


def test_the_least_busy_is_asked() -> None:
    async def story(made: Helpers) -> None:
        slow = [asyncio.create_task(made.ask(b"wait", cost)) for cost in (5, 1)]
        await asyncio.sleep(0)
        third = await made.ask(b"pid", 1)
        first, second = await asyncio.gather(*slow)
        assert first != second == third

    tell(story)


def test_more_than_there_is_room_for_is_done_elsewhere() -> None:
    async def story(made: Helpers) -> None:
        answers = await asyncio.gather(*(made.ask(b"pid", 4) for _ in range(3)), made.ask(b"pid", 40))
        assert [answer is not None for answer in answers] == [True, True, False, False]
        assert await made.ask(b"pid", 40) is not None  # however much it is, for one that has nothing else to do

    tell(story, most=2, room=8)


def test_what_a_process_that_dies_had_to_do_another_does() -> None:
    async def story(made: Helpers) -> None:
        answers = [asyncio.create_task(made.ask(b"wait", 1)) for _ in range(6)]
        await asyncio.sleep(0.05)
        victim = made._ready[0]._process
        assert victim is not None
        victim.kill()
        done = [int(await answer or 0) for answer in answers]
        assert victim.pid not in done and len(set(done)) == 1

    tell(story)


def test_a_process_that_dies_is_replaced_though_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helpers, "SETTLED", 0.0)

    async def story(made: Helpers) -> None:
        before, pids = set(made._ready), children()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        while before & set(made._ready):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        assert made._pause == 0
        await all_ready(made)
        assert len(children()) == 2 and not children() & pids
        assert await made.ask(b"?", 1) == b"hello"

    tell(story)


def test_there_are_never_more_than_there_may_be() -> None:
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, len(children()))
            await asyncio.sleep(0.002)

    async def story(made: Helpers) -> None:
        watching = asyncio.create_task(watch())
        for _ in range(3):
            await made.ask(b"die", 1)
            assert await made.ask(b"?", 1) in (b"hello", None)
            await all_ready(made)
        watching.cancel()

    tell(story)
    assert most == 2


def test_what_kills_them_is_given_back_after_two_tries_and_they_come_again_later_and_later() -> None:
    async def story(made: Helpers) -> None:
        assert await made.ask(b"die", 1) is None
        assert made._ready == [] and made._pause == 2 * helpers.FIRST
        await all_ready(made)
        assert await made.ask(b"?", 1) == b"hello"

    tell(story)


def test_one_that_was_stopped_is_waited_for_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helpers, "PATIENCE", 0.3)

    async def story(made: Helpers) -> None:
        monkeypatch.setattr(helpers, "PATIENCE", 0.3)
        stopped = made._ready[0]._process
        assert stopped is not None
        os.kill(stopped.pid, signal.SIGSTOP)
        answers = await asyncio.gather(*(made.ask(b"pid", 1) for _ in range(6)))
        assert len(set(answers)) == 1 and None not in answers
        assert await stopped.wait() == -signal.SIGKILL

    monkeypatch.setattr(helpers, "PATIENCE", 60.0)
    tell(story)


def test_who_is_cancelled_costs_the_others_nothing() -> None:
    async def story(made: Helpers) -> None:
        slow = asyncio.create_task(made.ask(b"wait", 1))
        await asyncio.sleep(0.05)
        slow.cancel()
        assert await made.ask(b"?", 1) == b"hello"
        assert [one.busy for one in made._ready] == [0]

    tell(story, most=1)


def test_without_work_they_end_and_with_work_they_start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Helpers) -> None:
        monkeypatch.setattr(helpers, "IDLE", 0.1)
        first = children()
        assert await made.ask(b"?", 1) == b"hello"
        made._fewer.set()  # so that it looks at the clock now
        async with asyncio.timeout(30):
            while children():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        monkeypatch.setattr(helpers, "IDLE", 60.0)
        assert await made.ask(b"?", 1) is None
        await all_ready(made)
        assert len(children()) == 2 and not children() & first

    tell(story)


@pytest.mark.parametrize("module, greeting", [("tests.helping", b"never"), ("tests.is_not_there", b"")])
def test_where_none_can_be_started_nothing_is_lost(module: str, greeting: bytes, tmp_path: Path) -> None:
    async def story() -> None:
        made = Helpers(module, 1, greeting)
        assert await made.ask(b"?", 1) is None
        while not made._pause:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await made.ask(b"?", 1) is None
        await made.close()
        assert children() == set()

    asyncio.run(story())


def test_a_machine_with_one_core_helps_itself() -> None:
    async def story() -> None:
        made = Helpers("tests.helping", 0)
        assert await made.ask(b"?", 1) is None
        await made.close()

    asyncio.run(story())


@pytest.mark.parametrize("cut", [0, 1])
def test_requests_are_answered_in_their_order_until_nobody_asks(cut: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        asked = b"".join(map(framed, (b"greeting", b"one", b"two", b"three")))
        ours.sendall(asked[: len(asked) - cut])
        ours.shutdown(socket.SHUT_WR)
        serve(theirs, lambda greeting: lambda request: greeting[:1] + request)
        theirs.shutdown(socket.SHUT_WR)
        got = ours.makefile("rb").read()
    assert got == b"".join(map(framed, (b"", b"gone", b"gtwo", b"gthree")[: 4 - cut]))
    assert LENGTH.unpack(got[: LENGTH.size]) == (0,)
