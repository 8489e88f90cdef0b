"""Digests on the wire: the worker hands each reader the issue that is theirs."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from listserver.actions import archive, digests
from listserver.core.actor import OPERATOR
from listserver.core.message import read
from listserver.core.site import Site
from listserver.delivery.copies import Mailing, Stamp
from listserver.delivery.renderings import LASTS, Renderings
from listserver.delivery.transport import Features
from listserver.errors import Unavailable
from listserver.store import lists, tables
from listserver.store.digests import Issue
from listserver.store.engine import Store
from tests import community
from tests.actions.filing import mail
from tests.community import NOW, Community
from tests.doors import test_worker
from tests.doors.test_worker import Clock, until, working
from tests.relay import Copy, Script

FORMS = ("html", "plain", "mime")


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """For what does not depend on the engine."""
    with Store.open(sqlite_url) as opened:
        yield opened


def file(store: Store, where: Community, *mails: bytes) -> None:
    def unit(conn: Any) -> None:
        lst = lists.get(conn, where.list_id)
        archive.file_all(conn, lst, [archive.prepare(read(one), lst.id, "en", NOW) for one in mails])

    store.write_now(unit)


def choose(store: Store, *chosen: tuple[int, dict[str, Any]]) -> None:
    def unit(conn: Any) -> None:
        for member, values in chosen:
            conn.execute(update(tables.members).where(tables.members.c.id == member).values(values))

    store.write_now(unit)


def send(store: Store, where: Community) -> None:
    store.write_now(lambda conn: digests.send(conn, OPERATOR, lists.get(conn, where.list_id), NOW, everything=True))


def left(store: Store) -> int:
    def unit(conn: Any) -> int:
        return sum(len(conn.execute(select(t.c.id)).all()) for t in (tables.deliveries, tables.stragglers))

    return store.read_now(unit)


def delivered(store: Store, script: Script) -> dict[str, bytes]:
    async def main() -> None:
        async with working(store, script, Clock()):
            await until(lambda: left(store) == 0)

    asyncio.run(main())
    assert len(script.taken) == len({copy.recipient for copy in script.taken})
    return {copy.recipient.partition("@")[0]: copy.mail for copy in script.taken}


def test_each_reader_gets_the_form_and_the_posts_that_are_theirs(store: Store) -> None:
    talk = store.write_now(lambda conn: community.build(conn, 5))
    forms = ("plain", "mime", "", "plain")
    choose(
        store,
        *((m, {"receives": "daily", "digest_form": form}) for m, form in zip(talk.members, forms, strict=False)),
    )
    file(store, talk, mail("a", "Ladder", body="Who has one?"), mail("b", "Re: Ladder", names="a", body="I do.\n"))
    choose(store, (talk.members[3], {"receives_since": 1}))
    send(store, talk)
    got = delivered(store, Script())
    assert set(got) == {"m0", "m1", "m2", "m3"}
    assert b"Who has one?" in got["m0"]
    assert b"multipart/digest" in got["m1"]
    assert b"Who has one?" not in got["m3"]
    assert b"I do." in got["m3"]
    assert all(b"List-Unsubscribe: <https://" in one for one in got.values())
    assert len({one.partition(b"unsubscribe/")[2][:40] for one in got.values()}) == 4  # each their own link


def test_a_reader_who_was_put_off_gets_the_same_issue_later(store: Store) -> None:
    talk = store.write_now(lambda conn: community.build(conn, 2))
    choose(store, *((m, {"receives": "daily"}) for m in talk.members))
    file(store, talk, mail("a", "Ladder"))
    send(store, talk)
    script = Script(
        lambda verb, line, nth: b"450 4.2.1 later" if verb == "RCPT" and "m0@" in line and nth < 2 else None
    )

    async def main() -> None:
        clock = Clock()
        async with working(store, script, clock):
            await until(lambda: len(script.taken) == 1)
            await until(lambda: left(store) == 1)
            clock.jump(store, minutes=2)
            await until(lambda: left(store) == 0)

    asyncio.run(main())
    first, second = script.taken
    assert [first.recipient[:2], second.recipient[:2]] == ["m1", "m0"]
    assert first.mail.partition(b"\r\n\r\n")[2] == second.mail.partition(b"\r\n\r\n")[2]


class Recipients(list[Copy]):
    """What the relay took: only who got it is kept."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()

    def __iadd__(self, copies: Sequence[Copy]) -> "Recipients":  # type: ignore[override,misc]
        self.count.update(copy.recipient for copy in copies)
        return self


@pytest.mark.parametrize("count", [3_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_a_digest_is_composed_once_for_each_form_however_many_read_it(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Issue 4, must show 6; `make bench` has its speed."""
    monkeypatch.setattr(test_worker, "PATIENCE", 60.0)  # it is not about a relay that is slow
    store, made = sqlite_store, Counter[str]()
    real = digests.compose

    def counting(conn: Connection, site: Site, issue: Issue) -> Any:
        made[issue.form] += 1
        return real(conn, site, issue)

    monkeypatch.setattr(digests, "compose", counting)
    talk = store.write_now(lambda conn: community.build(conn, count))
    choose(store, *((m, {"receives": "daily", "digest_form": FORMS[m % 3]}) for m in talk.members))
    file(store, talk, *(mail(f"p{n}", f"Ladder {n}") for n in range(10)))
    send(store, talk)
    script = Script(taken=Recipients())

    async def main() -> None:
        async with working(store, script, Clock(), connections=8):
            await until(lambda: left(store) == 0, 600)

    asyncio.run(main())
    assert isinstance(script.taken, Recipients)
    assert script.taken.count == Counter(f"m{n}@talk.example" for n in range(count))
    assert made == dict.fromkeys(FORMS, 1)


def test_what_is_kept_of_digests_is_bounded_and_made_anew_after_a_while(sqlite_store: Store) -> None:
    store, clock = sqlite_store, Clock()
    talk = store.write_now(lambda conn: community.build(conn, 1))
    choose(store, *((m, {"receives": "daily"}) for m in talk.members))
    file(store, talk, mail("a", "Ladder", body="Who has one?"), mail("b", "Rope", body="Who needs one?"))
    send(store, talk)
    issues = [Issue(1, form, ((0, 2),)) for form in ("html", "plain")]

    async def rendered(room: int) -> Renderings:
        made = Renderings(store, community.SITE, lambda: Stamp(0), clock.monotonic, room)
        for issue in issues * 3:
            await made.get(issue, Features())
        return made

    async def main() -> None:
        small, large = await rendered(1), await rendered(10_000_000)
        assert list(small._kept) == [(issues[1], False, False)] and len(large._kept) == 2
        old = large.get(issues[0], Features())
        assert large.get(issues[0], Features()) is old
        store.write_now(lambda conn: archive.delete(conn, OPERATOR, lists.get(conn, talk.list_id), 1, NOW))
        clock.seconds += LASTS + 1
        new = await large.get(issues[0], Features())
        was = await old
        assert isinstance(was, Mailing) and b"Who has one?" in was.body
        assert isinstance(new, Mailing) and b"Who has one?" not in new.body and b"Who needs one?" in new.body
        large.forget()
        assert not large._kept

    asyncio.run(main())


def test_what_could_not_be_rendered_is_not_kept(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise Unavailable("The database is gone.")

    monkeypatch.setattr(digests, "compose", failing)

    async def main() -> None:
        made = Renderings(sqlite_store, community.SITE, lambda: Stamp(0), Clock().monotonic)
        with pytest.raises(Unavailable):
            await made.get(Issue(1, "html", ((0, 2),)), Features())
        await asyncio.sleep(0)
        assert not made._kept

    asyncio.run(main())
