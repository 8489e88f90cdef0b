"""The IMAP door against a scripted server: what is fetched, marked, tried again, and known again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from listserver import imap
from listserver.errors import Unavailable, UsageError
from tests.imap_server import DROP, Mailbox, serving
from tests.names import lead_here

POST = b"From: a@example.net\r\nTo: talk@lists.example.org\r\n\r\nHello %d\r\n"


@dataclass
class Taken:
    """What came through the door. failing: how often a mail is put off before it is taken."""

    mails: list[bytes] = field(default_factory=list)
    failing: dict[bytes, list[Exception]] = field(default_factory=dict)
    ours: int = 1

    async def take(self, raw: bytes) -> int:
        if self.failing.get(raw):
            raise self.failing[raw].pop()
        self.mails.append(raw)
        return self.ours


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "RECONNECT", (0.01, 0.02))
    monkeypatch.setattr(imap, "RETRY", (0.01, 0.02))
    monkeypatch.setattr(imap, "POLL", 0.02)


def _run(box: Mailbox, taken: Taken, until: Callable[[], object], *, move_to: str = "", size: int = 10_000) -> None:
    """Serve the box, run the door until something is so, and stop it."""

    async def scene() -> None:
        async with serving(box):
            place = imap.account(f"imap://lists%40example.org:secret@127.0.0.1:{box.port}", "INBOX", move_to)
            stopping = asyncio.Event()
            door = asyncio.create_task(imap.Door(place, taken.take, size).run(stopping))
            await _until(until)
            stopping.set()
            await asyncio.wait_for(door, 5)

    asyncio.run(scene())


async def _until(happened: Callable[[], object]) -> None:
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")


def _filled(count: int) -> Mailbox:
    box = Mailbox()
    for number in range(count):
        box.put(POST % number)
    return box


def test_all_that_is_unread_is_taken_in_order_and_marked() -> None:
    box, taken = _filled(3), Taken()
    box.mails[2].flags.add("\\Seen")
    _run(box, taken, lambda: not box.unread())
    assert taken.mails == [POST % 0, POST % 2]


def test_a_mail_is_marked_only_after_it_was_taken() -> None:
    box, taken = _filled(2), Taken()
    steps: list[str] = []
    box.answer = lambda verb, line, nth: steps.append(f"{verb} {len(taken.mails)}")  # type: ignore[func-returns-value]
    _run(box, taken, lambda: not box.unread())
    assert [step for step in steps if step[:5] in ("FETCH", "STORE")] == ["FETCH 0", "STORE 1", "FETCH 1", "STORE 2"]


def test_a_new_mail_ends_the_waiting() -> None:
    box, taken = Mailbox(), Taken()

    def idle_then_mail() -> bool:
        if box.verbs["IDLE"] == 1 and not box.mails:
            box.put(POST % 1)
        return bool(box.mails) and not box.unread()

    _run(box, taken, idle_then_mail)
    assert taken.mails == [POST % 1]
    assert box.verbs["IDLE"] >= 1


def test_a_server_without_idle_is_asked_now_and_then() -> None:
    box, taken = Mailbox(offers="IMAP4rev1"), Taken()

    def looked_twice_then_mail() -> bool:
        if box.verbs["SEARCH"] >= 4 and not box.mails:
            box.put(POST % 1)
        return bool(box.mails) and not box.unread()

    _run(box, taken, looked_twice_then_mail)
    assert box.verbs["IDLE"] == 0


def test_a_large_folder_is_emptied_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "BATCH", 10)
    box, taken = _filled(35), Taken()
    _run(box, taken, lambda: not box.unread())
    assert len(taken.mails) == 35
    assert box.verbs["SEARCH"] >= 8  # two for each batch


@pytest.mark.parametrize("failure", [Unavailable("The database is busy."), RuntimeError("a bug")])
def test_S23_what_cannot_be_taken_now_stays_unread_and_holds_nobody_up(failure: Exception) -> None:
    box, taken = _filled(3), Taken(failing={POST % 0: [failure, failure]})
    _run(box, taken, lambda: not box.unread())
    assert taken.mails == [POST % 1, POST % 2, POST % 0]


@pytest.mark.parametrize("verb", ["LOGIN", "SELECT", "SEARCH", "FETCH", "STORE", "IDLE"])
@pytest.mark.parametrize("answer", [DROP, b"NO not now", b"BAD what"])
def test_it_comes_back_after_a_lost_connection_or_a_refusal(verb: str, answer: bytes) -> None:
    box, taken = _filled(2), Taken()
    box.answer = lambda said, line, nth: answer if said == verb and nth == 0 else None
    _run(box, taken, lambda: not box.unread() and box.verbs["IDLE"])
    assert set(taken.mails) == {POST % 0, POST % 1}


def test_what_was_put_off_is_forgotten_when_the_folder_is_numbered_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "RETRY", (1000.0, 1000.0))
    box, taken = _filled(1), Taken(failing={POST % 0: [Unavailable("later")]})

    def renumbered() -> bool:
        if box.verbs["IDLE"] == 1 and box.validity == 1:
            box.validity, box.mails = 2, {1: box.mails[1]}
            for writer in box._idling:
                writer.close()
        return not box.unread()

    _run(box, taken, renumbered)
    assert taken.mails == [POST % 0]


def test_taken_mail_is_moved_where_the_settings_say() -> None:
    box, taken = _filled(2), Taken()
    _run(box, taken, lambda: len(box.moved) == 2, move_to="Erledigt & mehr ü")
    assert box.moved == [(1, '"Erledigt &- mehr &APw-"'), (2, '"Erledigt &- mehr &APw-"')]


def test_a_mail_to_none_of_our_addresses_is_flagged_for_a_person_and_not_moved() -> None:
    box, taken = _filled(1), Taken(ours=0)
    _run(box, taken, lambda: not box.unread(), move_to="Done")
    assert box.mails[1].flags == {"\\Seen", "\\Flagged"}
    assert box.moved == []


def test_S6_a_mail_that_is_too_large_is_not_fetched() -> None:
    box, taken = _filled(1), Taken()
    large = box.put(POST % 1 + b"x" * 20_000)
    _run(box, taken, lambda: not box.unread())
    assert taken.mails == [POST % 0]
    assert box.mails[large].flags == {"\\Seen", "\\Flagged"}


@pytest.mark.parametrize(
    ("offers", "answer", "said"),
    [
        ("IMAP4rev1", b"OK go", "offers no encryption"),
        ("IMAP4rev1 STARTTLS", b"NO not now", "refuses STARTTLS"),
    ],
)
def test_no_password_is_said_in_clear_to_another_machine(
    offers: str, answer: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead_here(monkeypatch, "mail.example.test")
    box = Mailbox(offers=offers, answer=lambda verb, line, nth: answer if verb == "STARTTLS" else None)

    async def scene() -> str:
        async with serving(box):
            return await imap.problem(imap.account(f"imap://a:b@mail.example.test:{box.port}", "INBOX", ""))

    assert said in asyncio.run(scene())
    assert box.verbs["LOGIN"] == 0


@pytest.mark.parametrize("url", ["imaps://imap.example.org", "imaps://user@imap.example.org", "imaps://user:x@"])
def test_an_incomplete_url_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(UsageError, match=r"imaps://user:password@host"):
        imap.account(url, "INBOX", "")


def test_an_account_says_where_it_is_and_not_its_password() -> None:
    place = imap.account("imaps://lists%40example.org:s%3Aecret@imap.example.org", "INBOX", "")
    assert (place.port, place.user, place.password) == (993, "lists@example.org", "s:ecret")
    assert str(place) == "imap.example.org:993/INBOX"
