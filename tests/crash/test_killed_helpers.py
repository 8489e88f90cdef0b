"""kill -9 of the processes that read mails and sign copies beside serve, and of serve: nothing is lost or left."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from listserver import dkim_keys
from listserver.store import migrations
from listserver.store.engine import Store
from tests import community
from tests.crash.test_kill import archived, submit
from tests.helping import children
from tests.relay import Script, relay
from tests.running import PATIENCE, Serve

MEMBERS = 20
CLIENTS = 8
POSTS = 8  # of each client
OPEN = {"posting": "anyone", "moderation": "none", "non_members": "accept", "hourly_posts": 0, "copies": "each"}
KINDS = ("listserver.preparing_process", "listserver.delivery.signing_process")


def kind(pid: int) -> str:
    """What a process helps with; "" if it is gone."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[2].decode()
    return ""


async def until_there_are_both(pid: int) -> set[int]:
    """The processes that help, once there is one of each kind."""
    async with asyncio.timeout(PATIENCE):
        while {kind(child) for child in children(pid)} != set(KINDS):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return children(pid)


async def client(port: int, number: int) -> list[str]:
    """The Message-IDs of its posts, all of which got 250."""
    made = [f"{number}.{count}@client.example" for count in range(POSTS)]
    for one in made:
        assert await submit(port, "talk", one)
    return made


async def posts(port: int) -> list[str]:
    """What many clients posted at once."""
    made = await asyncio.gather(*(client(port, number) for number in range(CLIENTS)))
    return [one for some in made for one in some]


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Serve, Script]]:
    """A service that signs, with a list, and where its copies go."""
    url = f"sqlite:///{folder}/listserver.db"
    migrations.upgrade(url)
    with Store.open(url) as store:
        store.write_now(lambda conn: community.build(conn, MEMBERS, "talk", **OPEN))
    dkim_keys.create(folder / "dkim", "lists.example.org", community.NOW)
    script = Script()
    async with relay(script):
        settings = {"RELAY__URL": f"smtp://127.0.0.1:{script.port}", "WEB__LISTEN": ""}
        with Serve(folder, database=url, only="smtp,delivery", **settings) as serve:
            yield serve, script
            await asyncio.to_thread(serve.stop)  # here, where the relay can still say goodbye


pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="mails are read beside serve from two cores on"
)


def test_every_post_is_filed_and_every_copy_signed_though_the_helpers_are_killed(tmp_path: Path) -> None:
    async def story() -> None:
        async with serving(tmp_path) as (serve, script):
            work = asyncio.create_task(posts(serve.ports["smtp"]))
            seen: set[int] = set()
            for _ in range(3):
                for pid in await until_there_are_both(serve.pid):
                    seen.add(pid)
                    os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(0.3)
            made = await work
            due = {(mail, f"m{n}@talk.example") for mail in made for n in range(MEMBERS)}
            async with asyncio.timeout(PATIENCE):
                while len(script.taken) < len(due):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert not await until_there_are_both(serve.pid) & seen
        assert archived(f"sqlite:///{tmp_path}/listserver.db") == Counter(made)
        assert Counter(
            (copy.mail.partition(b"Message-ID: <")[2].partition(b">")[0].decode(), copy.recipient)
            for copy in script.taken
        ) == Counter(due)
        assert all(copy.mail.count(b"DKIM-Signature: ") == 2 for copy in script.taken)

    asyncio.run(story())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_however_serve_ends_its_helpers_end_with_it(tmp_path: Path, number: signal.Signals) -> None:
    async def story() -> None:
        async with serving(tmp_path) as (serve, _):
            work = asyncio.create_task(posts(serve.ports["smtp"]))
            helpers = await until_there_are_both(serve.pid)
            serve.send(number)
            await asyncio.wait([work])
            with suppress(AssertionError, OSError, EOFError, ValueError):  # it was cut short
                await work
            async with asyncio.timeout(PATIENCE):
                while any(kind(pid) in KINDS for pid in helpers):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)

    asyncio.run(story())
